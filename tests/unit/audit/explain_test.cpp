// SPDX-License-Identifier: Apache-2.0
#include "audit/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rescue::audit {
namespace {
using store::EventSource;
using store::EventType;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace std::chrono_literals;

/// A log that is written down event by event, a second apart.
class Story {
 public:
  Story& add(EventType type, std::string actor, std::string data = "{}", EventSource source = EventSource::broker) {
    store::LogEvent e;
    e.id = static_cast<std::int64_t>(events_.size()) + 1;
    e.source = source;
    e.type = type;
    e.actor = std::move(actor);
    e.data = std::move(data);
    e.time = at(events_.size());
    events_.push_back(std::move(e));
    return *this;
  }
  static base::WallTime at(std::size_t second) {
    return base::WallTime(1000s) + std::chrono::seconds(static_cast<std::int64_t>(second));
  }
  [[nodiscard]] Explanation told(std::string state, std::optional<base::WallTime> ended = {}) const {
    store::Session now;
    now.state = std::move(state);
    now.state_since = at(events_.size());
    now.ended_at = ended;
    return explain(events_, now);
  }

 private:
  std::vector<store::LogEvent> events_;
};

std::vector<std::string> states_of(const Explanation& told) {
  std::vector<std::string> out;
  for (const auto& span : told.states) out.push_back(span.state);
  return out;
}

Story a_desk_session() {
  Story story;
  story.add(EventType::session_created, "a visitor", R"({"kind":"channel","channel":"billing"})")
      .add(EventType::session_applet_registered, "applet", R"({"host":"pc-1"})")
      .add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::session_transferred, "ada@x", R"({"from":"ada@x","to":"bob@x","comment":"speaks French"})")
      .add(EventType::session_transfer_returned, "bob@x", R"({"from":"ada@x","to":"bob@x","reason":"lunch"})")
      .add(EventType::session_resumed, "ada@x")
      .add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::session_closed, "ada@x", R"({"by":"technician","state":"closed","reason":"done"})");
  return story;
}

TEST(Explain, TellsEachStateWithItsCause) {
  const auto told = a_desk_session().told("closed", Story::at(7));
  EXPECT_THAT(states_of(told),
              ElementsAre("created", "waiting", "active", "transferring", "on_hold", "active", "closed"));
  EXPECT_EQ(told.states[0], (StateSpan{"created", Story::at(0), Story::at(1), "a visitor", "for channel billing"}));
  EXPECT_EQ(told.states[3].why, "to bob@x: speaks French");
  EXPECT_EQ(told.states[4],
            (StateSpan{"on_hold", Story::at(4), Story::at(5), "bob@x", "the transfer came back: lunch"}));
  EXPECT_EQ(told.states[6], (StateSpan{"closed", Story::at(7), std::nullopt, "ada@x", "by the technician: done"}));
}

TEST(Explain, TellsEachTechniciansPart) {
  const auto told = a_desk_session().told("closed", Story::at(7));
  EXPECT_THAT(told.technicians,
              ElementsAre(Part{"ada@x", false, Story::at(2), Story::at(3), "transferred to bob@x: speaks French"},
                          Part{"ada@x", false, Story::at(6), Story::at(7), "the session ended"}));
  Story two;
  two.add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::session_picked_up, "bob@x", R"({"join":true})")
      .add(EventType::session_picked_up, "bob@x", R"({"join":true})")
      .add(EventType::session_technician_left, "bob@x", R"({"technician":"bob@x","reason":"solved"})");
  EXPECT_THAT(two.told("active").technicians,
              ElementsAre(Part{"ada@x", false, Story::at(0), std::nullopt, ""},
                          Part{"bob@x", true, Story::at(1), Story::at(3), "left: solved"}));
}

TEST(Explain, FollowsThePathOfEachEnd) {
  Story story;
  story.add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::link_up, "ada@x", R"({"path":"relay"})", EventSource::console)
      .add(EventType::transport_changed, "ada@x", R"({"from":"relay","to":"direct"})", EventSource::console)
      .add(EventType::link_down, "ada@x", R"({"reason":"cable"})", EventSource::console)
      .add(EventType::link_up, "user", R"({"path":"relay"})", EventSource::applet);
  const auto told = story.told("active");
  EXPECT_THAT(
      told.paths,
      ElementsAre(PathSpan{EventSource::console, "ada@x", "relay", Story::at(1), Story::at(2), ""},
                  PathSpan{EventSource::console, "ada@x", "direct", Story::at(2), Story::at(3), "moved from relay"},
                  PathSpan{EventSource::console, "ada@x", "none", Story::at(3), std::nullopt, "cable"},
                  PathSpan{EventSource::applet, "", "relay", Story::at(4), std::nullopt, ""}));
  EXPECT_THAT(states_of(told), ElementsAre("active", "reconnecting", "active"));
}

TEST(Explain, APathFromNowhereWasNotMoved) {
  Story story;
  story.add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::transport_changed, "applet", R"({"to":"relay","gateway":"gw1"})", EventSource::applet);
  EXPECT_THAT(story.told("active").paths,
              ElementsAre(PathSpan{EventSource::applet, "", "relay", Story::at(1), std::nullopt, ""}));
}

TEST(Explain, WhoTakesPartBesideMovesNoStateByAnEndOfTheOwnLink) {
  Story story;
  story.add(EventType::session_picked_up, "ada@x", R"({"join":false})")
      .add(EventType::session_picked_up, "bob@x", R"({"join":true})")
      .add(EventType::link_up, "applet", R"({"technician":"bob@x"})", EventSource::applet)
      .add(EventType::link_down, "bob@x", "{}", EventSource::console)
      .add(EventType::session_technician_left, "bob@x", R"({"technician":"bob@x","reason":"bye"})")
      .add(EventType::link_down, "applet", R"({"technician":"bob@x"})", EventSource::applet);
  EXPECT_THAT(states_of(story.told("active")), ElementsAre("active"));
  story.add(EventType::link_down, "applet", R"({"technician":"ada@x"})", EventSource::applet);
  EXPECT_THAT(states_of(story.told("reconnecting")), ElementsAre("active", "reconnecting"));
}

TEST(Explain, EndsWithWhatTheSiteKnowsNow) {
  Story story;
  story.add(EventType::session_picked_up, "ada@x", R"({"join":false})");
  const auto told = story.told("reconnecting");
  EXPECT_THAT(states_of(told), ElementsAre("active", "reconnecting"));
  EXPECT_EQ(told.states.back().by, "broker");
  EXPECT_EQ(told.states.front().until, Story::at(1));
}

TEST(Explain, NoClockOfAnEndTurnsTimeBack) {
  Story story;
  story.add(EventType::session_picked_up, "ada@x", R"({"join":false})");
  store::LogEvent early;
  early.type = EventType::link_down;
  early.source = EventSource::applet;
  early.time = Story::at(0) - 1h;
  store::Session now;
  now.state = "reconnecting";
  std::vector<store::LogEvent> events{early};
  early.type = EventType::session_picked_up;
  early.time = Story::at(0);
  events.insert(events.begin(), early);
  const auto told = explain(events, now);
  ASSERT_THAT(told.states, SizeIs(2));
  EXPECT_EQ(told.states[0].until, told.states[0].since);
}

TEST(Explain, TakesDamagedDataForNone) {
  Story story;
  story.add(EventType::session_created, "ada@x", "{broken").add(EventType::session_back, "applet", "[]");
  const auto told = story.told("created");
  EXPECT_THAT(states_of(told), ElementsAre("created"));
  EXPECT_EQ(told.states[0].why, "with a PIN");
}

}  // namespace
}  // namespace rescue::audit
