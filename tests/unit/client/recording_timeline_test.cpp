// SPDX-License-Identifier: Apache-2.0
// What a recording tells of its session beside the pictures.
#include "agent_pair.hpp"
#include "client/parties.hpp"
#include "rcrec/inspect.hpp"
#include "rcrec/reader.hpp"

namespace rescue::client {
namespace {

using namespace testing;

/// Types of the events of a recording, each with what it says, and its HEAD.
struct Told {
  boost::json::object head;
  std::vector<rcrec::EventItem> events;
  std::vector<rcrec::ChatItem> chat;
};
Told told_by(const std::string& path, const rcrec::KeyRing& keys = {}) {
  Told out{rcrec::info(path, keys).value().head, {}, {}};
  auto timeline = rcrec::Timeline::open(path, keys).value();
  while (auto item = timeline.next().value()) {
    if (auto* e = std::get_if<rcrec::EventItem>(&item->item)) out.events.push_back(*e);
    if (auto* c = std::get_if<rcrec::ChatItem>(&item->item)) out.chat.push_back(*c);
  }
  return out;
}

TEST(Recording, TellsTheWholeSessionOnOneTimeLine) {
  AgentPair p(base::system_clock());
  allow(p, "record_session");
  allow(p, "desktop_view");
  p.agent.on_path("relay", "");
  p.say(R"({"id":1,"cmd":"record"})");
  p.say(R"({"id":2,"cmd":"view"})");
  ASSERT_TRUE(tick_until(p, [&] { return p.view().find("result", 2) != nullptr; })) << p.view().text();
  allow(p, "remote_control");
  p.agent.on_path("direct", "");
  p.agent.alert("the host answers slowly");
  p.say(R"({"cmd":"chat","text":"watch this"})");
  p.say(R"({"id":3,"cmd":"unrecord"})");
  const auto told = told_by(std::string(p.view().find("result", 3)->at("path").as_string()));
  EXPECT_TRUE(told.head.at("technician").is_object());
  EXPECT_EQ(told.chat.size(), 1U);
  const auto find = [&](std::string_view type) -> const rcrec::EventItem* {
    const auto it = std::ranges::find(told.events, type, &rcrec::EventItem::type);
    return it == told.events.end() ? nullptr : &*it;
  };
  ASSERT_NE(find("recording.started"), nullptr);
  EXPECT_EQ(told.events.front().type, "recording.started") << "what was in force when it began comes first";
  EXPECT_EQ(told.events.front().all.at("granted").as_array().size(), 2U);
  EXPECT_EQ(told.events.front().all.at("transport").as_string(), "relay");
  for (const char* type : {"view.started", "display", "consent.asked", "consent.granted", "transport.changed", "alert"})
    EXPECT_NE(find(type), nullptr) << type;
  EXPECT_EQ(find("transport.changed")->all.at("to").as_string(), "direct");
}

TEST(Parties, AreNamedAsTheSiteNamesThem) {
  const auto session = boost::json::parse(R"({"id":"x","technician":{"id":"1","email":"a@example.org","name":"Ada"},
    "customer":{"name":"Ben"},"applet":{"registered_at":"","online":true,"host":{"name":"pc","os":"Debian 12","user":"ben"},
    "address":"192.0.2.1","fingerprint":"ab"}})");
  const auto parties = parties_of(session.as_object());
  EXPECT_EQ(boost::json::serialize(parties),
            R"({"technician":{"name":"Ada","email":"a@example.org"},"customer":{"name":"Ben"},)"
            R"("host":{"name":"pc","os":"Debian 12","user":"ben","fingerprint":"ab"}})");
  EXPECT_TRUE(parties_of({}).empty());
  EXPECT_TRUE(parties_of({{"technician", nullptr}, {"applet", 7}, {"customer", boost::json::object()}}).empty());
}

}  // namespace
}  // namespace rescue::client
