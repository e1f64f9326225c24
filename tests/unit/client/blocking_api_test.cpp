// SPDX-License-Identifier: Apache-2.0
#include "client/blocking_api.hpp"

#include <gtest/gtest.h>

#include "fake_broker.hpp"

namespace rescue::client {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using namespace std::chrono_literals;

TEST(BlockingApi, SendsTokenAndBodyAndReadsTheAnswer) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{201, R"({"session":{"id":"x"}})"}; });
  auto api = BlockingApi::create(broker.site(), "tok").value();
  const auto answer = api->post("/sessions", {{"kind", "private"}}).value();
  EXPECT_EQ(answer.at("session").at("id").as_string(), "x");
  const auto seen = broker.requests();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].path, "/sessions");
  EXPECT_EQ(seen[0].token, "tok");
  EXPECT_EQ(seen[0].body, R"({"kind":"private"})");
}

TEST(BlockingApi, TellsRefusalsApartByNameThenByStatus) {
  FakeBroker broker([](const FakeRequest& r) {
    if (r.path == "/a") return test::refusal(404, "SESSION_NOT_FOUND", "no session a");
    if (r.path == "/b") return test::refusal(409, "ALREADY_PICKED_UP", "ada has it");
    if (r.path == "/c") return FakeReply{503, "<html>proxy</html>"};
    if (r.path == "/d") return test::refusal(403, "SOMETHING_NEW", "no");
    return FakeReply{200, "not json"};
  });
  auto api = BlockingApi::create(broker.site(), "tok").value();
  const auto a = api->get("/a").error();
  EXPECT_EQ(a.code, Errc::session_not_found);
  EXPECT_EQ(message_of(a), "no session a");
  EXPECT_EQ(a.exit(), base::Exit::not_found);
  EXPECT_EQ(api->last_request_id(), "abc123");
  EXPECT_EQ(api->get("/b").error().code, Errc::already_picked_up);
  EXPECT_EQ(api->get("/c").error().exit(), base::Exit::unreachable);
  EXPECT_EQ(api->get("/d").error().exit(), base::Exit::denied);
  EXPECT_EQ(api->get("/e").error().code, Errc::bad_answer);
}

TEST(BlockingApi, TrustsThePinAlone) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
  FakeBroker other([](const FakeRequest&) { return FakeReply{}; });
  auto site = broker.site();
  site.trust = other.site().trust;
  auto api = BlockingApi::create(site, "tok").value();
  EXPECT_EQ(api->get("/x").error().exit(), base::Exit::verification_failed);
  EXPECT_TRUE(broker.requests().empty());
}

TEST(BlockingApi, ReportsABrokerThatIsAway) {
  auto site = [] {
    FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
    return broker.site();
  }();
  auto api = BlockingApi::create(site, "tok").value();
  EXPECT_EQ(api->get("/x").error().exit(), base::Exit::unreachable);
}

TEST(BlockingApi, ReadsAllPagesAndSaysWhenThereIsMore) {
  FakeBroker broker([](const FakeRequest& r) {
    if (r.path.find("cursor=p2") != std::string::npos)
      return FakeReply{200, R"({"users":[{"id":"3"}],"next_cursor":null})"};
    return FakeReply{200, R"({"users":[{"id":"1"},{"id":"2"}],"next_cursor":"p2"})"};
  });
  auto api = BlockingApi::create(broker.site(), "tok").value();
  std::string ids;
  const auto collect = [&](const boost::json::object& o) {
    ids += std::string(o.at("id").as_string());
    return true;
  };
  EXPECT_FALSE(api->for_each("/users", "users", 0, collect).value());
  EXPECT_EQ(ids, "123");
  ids.clear();
  EXPECT_TRUE(api->for_each("/users", "users", 2, collect).value());
  EXPECT_EQ(ids, "12");
}

TEST(BlockingApi, RefusesPagesThatDoNotEnd) {
  FakeBroker broker([](const FakeRequest&) {
    return FakeReply{200, R"({"users":[{"id":"1"}],"next_cursor":"same"})"};
  });
  auto api = BlockingApi::create(broker.site(), "tok").value();
  EXPECT_EQ(api->for_each("/users", "users", 0, [](const boost::json::object&) { return true; }).error().code,
            Errc::bad_answer);
}

TEST(EventFollower, GivesMessagesAndReconnectsBehindTheLastLogEvent) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
  auto api = BlockingApi::create(broker.site(), "tok").value();
  const auto follower = api->follow("log", 7);
  EXPECT_EQ(follower->next(10s).value()->at("type").as_string(), "connected");
  broker.wait_streams(1);  // "ready" is sent a moment before the stream is counted
  broker.push_event(R"({"type":"log","event":{"id":8}})");
  broker.push_event(R"({"type":"ping"})");
  broker.push_event("broken {");
  broker.push_event(R"({"type":"log","event":{"id":9}})");
  EXPECT_EQ(follower->next(10s).value()->at("event").at("id").as_int64(), 8);
  EXPECT_EQ(follower->next(10s).value()->at("event").at("id").as_int64(), 9);
  broker.drop_streams();
  EXPECT_EQ(follower->next(10s).value()->at("type").as_string(), "disconnected");
  EXPECT_EQ(follower->next(10s).value()->at("type").as_string(), "connected");
  EXPECT_FALSE(follower->next(1ms).value().has_value());
}

TEST(EventFollower, IsConnectedWhenTheBrokerBeginsToTell) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
  broker.hold_ready();
  auto api = BlockingApi::create(broker.site(), "tok").value();
  const auto follower = api->follow("sessions", 0);
  broker.wait_streams(1);
  // Whoever asked for the state now could miss the change right behind the answer.
  EXPECT_FALSE(follower->next(200ms).value().has_value());
  broker.push_event(R"({"type":"ready","through":3})");
  EXPECT_EQ(follower->next(10s).value()->at("type").as_string(), "connected");
}

TEST(EventFollower, ReadsTheLogWhereTheStreamIsTooFarBehind) {
  FakeBroker broker([](const FakeRequest& r) {
    if (r.path == "/log?order=asc&limit=100&after=7")
      return FakeReply{200, R"({"events":[{"id":8},{"id":20}],"next_cursor":"x"})"};
    if (r.path == "/log?order=asc&limit=100&after=20")
      return FakeReply{200, R"({"events":[{"id":30},{"id":41}],"next_cursor":null})"};
    return test::refusal(404, "NOT_FOUND", r.path);
  });
  broker.hold_ready();
  auto api = BlockingApi::create(broker.site(), "tok").value();
  const auto follower = api->follow("log", 7);
  broker.wait_streams(1);
  broker.push_event(R"({"type":"behind","after":7,"through":40})");
  broker.push_event(R"({"type":"ready","through":40})");
  broker.push_event(R"({"type":"log","event":{"id":41}})");
  for (const auto id : {8, 20, 30}) EXPECT_EQ(follower->next(10s).value()->at("event").at("id").as_int64(), id);
  EXPECT_EQ(follower->next(10s).value()->at("type").as_string(), "connected");
  EXPECT_EQ(follower->next(10s).value()->at("event").at("id").as_int64(), 41);
  EXPECT_FALSE(follower->next(1ms).value().has_value());
}

TEST(EventFollower, EndsWhenSignInIsNeeded) {
  FakeBroker broker([](const FakeRequest&) { return FakeReply{}; });
  auto api = BlockingApi::create(broker.site(), "").value();
  const auto follower = api->follow("log", 0);
  EXPECT_EQ(follower->next(10s).error().exit(), base::Exit::sign_in_needed);
}

}  // namespace
}  // namespace rescue::client
