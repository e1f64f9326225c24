// SPDX-License-Identifier: Apache-2.0
// What the window and the sign say to the person at the machine.
#include "applet/ui_fltk/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rescue::applet::fltk {
namespace {
using session::Activity;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::SessionState;

PersonView person(std::string name, std::initializer_list<Activity> on) {
  PersonView p;
  p.name = std::move(name);
  for (const auto a : on) p.status.on.add(a);
  return p;
}
std::string text(std::vector<PersonView> people) {
  std::vector<const PersonView*> out;
  for (const auto& p : people) out.push_back(&p);
  return activity_text(out);
}
Standing standing(SessionState state, std::string technician, std::string to = "",
                  std::vector<Participant> people = {}) {
  return {state, std::move(technician), std::move(to), std::move(people)};
}

TEST(ActivityText, NamesEverythingThatIsOn) {
  EXPECT_EQ(text({person("Ada", {})}), "");
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({person("Ada", {Activity::view})}), "Ada sees your screen");
  EXPECT_EQ(text({person("Ada", {Activity::view, Activity::control})}), "Ada sees and controls this computer");
  EXPECT_EQ(text({person("Ada", {Activity::control, Activity::script, Activity::recording})}),
            "Ada controls this computer, records and runs a script");
  for (const auto a : session::all_activities())
    EXPECT_NE(text({person("Ada", {a})}), "") << session::name(a) << " goes on without a sign";
}

TEST(ActivityText, NamesEverybodyAsSoonAsAnythingIsOn) {
  EXPECT_EQ(text({person("Ada", {Activity::view}), person("Bob", {})}), "Ada sees your screen · Bob takes part");
  EXPECT_EQ(text({person("Ada", {}), person("Bob", {})}), "");
}

TEST(RecordedText, SaysWhoWantsIt) {
  EXPECT_EQ(recorded_text("Example Support"), "It will be recorded: Example Support wants that.");
  EXPECT_EQ(recorded_text(""), "It will be recorded: the organisation wants that.");
}

TEST(StandingText, TellsOfHoldAndTransfer) {
  EXPECT_EQ(standing_text(standing(SessionState::on_hold, "Ada")), "Ada has put the session on hold and will be back.");
  EXPECT_EQ(standing_text(standing(SessionState::transferring, "Ada", "Bob")), "Ada hands the session over to Bob.");
  EXPECT_EQ(standing_text(standing(SessionState::transferring, "Ada")), "Ada hands the session over.");
  EXPECT_EQ(standing_text(standing(SessionState::active, "Ada")), "");
}

TEST(StandingNews, SayWhoComesAndGoes) {
  const Participant ada{"Ada", "ada@x"}, bob{"Bob", "bob@x"};
  const auto one = standing(SessionState::active, "Ada", "", {ada});
  const auto two = standing(SessionState::active, "Ada", "", {ada, bob});
  EXPECT_THAT(standing_news(one, two), ElementsAre("Bob <bob@x> is taking part."));
  EXPECT_THAT(standing_news(two, one), ElementsAre("Bob no longer takes part."));
  EXPECT_THAT(standing_news(two, two), IsEmpty());
  EXPECT_THAT(standing_news(standing(SessionState::waiting, ""), one), IsEmpty()) << "the link tells of the first one";
}

TEST(StandingNews, SayWhereTheSessionGoesAndWhenItGoesOn) {
  const auto active = standing(SessionState::active, "Ada");
  const auto held = standing(SessionState::on_hold, "Ada");
  const auto going = standing(SessionState::transferring, "Ada", "Bob");
  const auto bobs = standing(SessionState::active, "Bob");
  EXPECT_THAT(standing_news(active, held), ElementsAre("Ada has put the session on hold and will be back."));
  EXPECT_THAT(standing_news(held, active), ElementsAre("Ada goes on with the session."));
  EXPECT_THAT(standing_news(active, going), ElementsAre("Ada hands the session over to Bob."));
  EXPECT_THAT(standing_news(going, bobs), ElementsAre("Bob has the session now."));
}

}  // namespace
}  // namespace rescue::applet::fltk
