// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "program_env.hpp"

namespace rescue::program {
namespace {

using test::FakeBroker;
using test::FakeReply;
using test::FakeRequest;
using test::Person;

/// A signed-in person at a broker that answers by `answer`.
struct Desk {
  explicit Desk(FakeBroker::Answer answer) : broker(std::move(answer)) {
    person.variables["RESCUE_SERVER"] = broker.url();
    person.variables["RESCUE_CA_PIN"] = broker.pin();
    person.variables["RESCUE_TOKEN"] = "tok";
  }
  test::RunResult run(std::string_view line, std::string_view input = "") { return person.run(line, input); }
  FakeBroker broker;
  Person person;
};

std::string users_json() { return std::string(R"({"users":[)") + test::kUserJson + R"(],"next_cursor":"more"})"; }

TEST(UserCommands, SpeakTheApi) {
  Desk d([](const FakeRequest& r) -> FakeReply {
    if (r.method == "GET" && r.path.starts_with("/users?")) return {200, users_json()};
    if (r.path == "/users") return {201, std::string(R"({"initial_password":"once","user":)") + test::kUserJson + "}"};
    if (r.method == "DELETE") return {200, R"({"ok":true})"};
    return {200, std::string(R"({"user":)") + test::kUserJson + R"(,"initial_password":"again"})"};
  });
  auto r = d.person.run({"admin", "user", "add", "ada@example.org", "--name", "Ada L", "-o", "json"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("initial_password").as_string(), "once");
  EXPECT_EQ(d.broker.requests().back().body, R"({"email":"ada@example.org","name":"Ada L","role":"technician"})");
  EXPECT_EQ(d.run("admin user add x@y --name X --password-stdin", "pw\n").code, 0);
  EXPECT_NE(d.broker.requests().back().body.find(R"("password":"pw")"), std::string::npos);
  for (const char* verb : {"disable", "enable", "unlock", "reset-password"}) {
    EXPECT_EQ(d.run(std::string("admin user ") + verb + " ada@example.org").code, 0) << verb;
    EXPECT_EQ(d.broker.requests().back().path, std::string("/users/ada%40example.org/") + verb);
    EXPECT_EQ(d.broker.requests().back().method, "POST");
  }
  EXPECT_EQ(d.run("admin user set ada@example.org --role auditor").code, 0);
  EXPECT_EQ(d.broker.requests().back().method, "PATCH");
  EXPECT_EQ(d.broker.requests().back().body, R"({"role":"auditor"})");
  EXPECT_EQ(d.run("admin user set ada@example.org").code, 2) << "nothing to change";
  const auto before = d.broker.requests().size();
  EXPECT_EQ(d.run("admin user remove ada@example.org").code, 2) << "nobody can be asked";
  EXPECT_EQ(d.broker.requests().size(), before);
  EXPECT_EQ(d.run("admin user remove ada@example.org --yes").code, 0);
  EXPECT_EQ(d.broker.requests().back().method, "DELETE");
}

TEST(Lists, NeverEndSilently) {
  Desk d([](const FakeRequest&) -> FakeReply { return {200, users_json()}; });
  const auto r = d.run("admin user list --limit 1");
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.out, "11111111-1111-4111-8111-111111111111\tada@example.org\tAda\ttechnician\tsupport\tfalse\tfalse\t\t\n");
  EXPECT_NE(r.err.find("--all"), std::string::npos);
  EXPECT_EQ(d.run("admin user list --limit 1 -o json").error().at("warning").as_string(), "TRUNCATED");
}

TEST(GatewayCommands, TakeANameOrAnId) {
  const std::string gateway =
      R"({"id":"g-1","name":"gw1","addresses":[],"fingerprint":"","host":"h","port":443,"draining":false,"connected":true,"enrolled_at":"","last_seen_at":null,"pairs":1,"waiting":0})";
  Desk d([&](const FakeRequest& r) -> FakeReply {
    if (r.path == "/gateways/tokens") return {201, R"({"token":"T0KEN","expires_at":"2026-01-01T00:00:00.000000Z"})"};
    if (r.path == "/gateways") return {200, R"({"gateways":[)" + gateway + "]}"};
    return {200, R"({"gateway":)" + gateway + "}"};
  });
  EXPECT_EQ(d.run("admin gateway enroll gw1 -o name").out, "T0KEN\n");
  EXPECT_EQ(d.run("admin gateway enroll gw1 -o json").json().at("token").as_string(), "T0KEN");
  EXPECT_TRUE(d.run("admin gateway list -o json").json().as_array().at(0).at("connected").as_bool());
  EXPECT_EQ(d.run("admin gateway drain gw1").code, 0);
  EXPECT_EQ(d.broker.requests().back().path, "/gateways/g-1/drain");
  EXPECT_EQ(d.run("admin gateway resume g-1").code, 0);
  EXPECT_EQ(d.run("admin gateway remove nope --yes").code, 6);
}

TEST(SessionCommands, CreateShowsPinAndLink) {
  Desk d([](const FakeRequest& r) -> FakeReply {
    if (r.path == "/sessions" && r.method == "POST")
      return {201, R"({"session":)" + test::session_json("created") + R"(,"pin":"123456","link":"https://x/p"})"};
    if (r.path.ends_with("/note") || r.path.ends_with("/close") || r.method == "GET")
      return {200, R"({"session":)" + test::session_json("waiting") + "}"};
    return test::refusal(404, "SESSION_NOT_FOUND", "no such session");
  });
  const auto r = d.person.run({"session", "create", "--note", "room 4", "--customer", "name=Bob B", "-o", "json"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("pin").as_string(), "123456");
  EXPECT_EQ(r.json().at("id").as_string(), test::kId);
  EXPECT_EQ(d.broker.requests().back().body, R"({"kind":"private","note":"room 4","customer":{"name":"Bob B"}})");
  EXPECT_EQ(d.run("session create -o name").out, test::kId + "\n");
  EXPECT_EQ(d.run("session create --customer nothing").code, 2);
  EXPECT_EQ(d.run("session show " + test::kId + " -o json").json().at("state").as_string(), "waiting");
  EXPECT_EQ(d.run("session show not-an-id").code, 2);
  EXPECT_EQ(d.run("session note " + test::kId + " -", "from stdin").code, 0);
  EXPECT_EQ(d.broker.requests().back().body, R"({"note":"from stdin"})");
  EXPECT_EQ(d.run("session close " + test::kId + " --reason done").code, 0);
  EXPECT_EQ(d.broker.requests().back().body, R"({"reason":"done"})");
}

TEST(SessionCommands, ShowMapsTheBrokersRefusal) {
  Desk d([](const FakeRequest&) { return test::refusal(404, "SESSION_NOT_FOUND", "no such session"); });
  const auto r = d.run("session show " + test::kId + " -o json");
  EXPECT_EQ(r.code, 6);
  EXPECT_EQ(r.error().at("error").as_string(), "SESSION_NOT_FOUND");
  EXPECT_EQ(r.error().at("code").as_int64(), 6);
  EXPECT_EQ(r.out, "");
}

TEST(SessionWait, SeesTheStateThatIsAndTheOneThatComes) {
  std::atomic<int> asked = 0;
  Desk d([&](const FakeRequest&) -> FakeReply {
    ++asked;
    return {200, R"({"session":)" + test::session_json("created") + "}"};
  });
  EXPECT_EQ(d.run("session wait " + test::kId + " --state created").code, 0);
  std::thread later([&] {
    d.broker.wait_streams(2);
    while (asked < 2) std::this_thread::yield();
    d.broker.push_event(R"({"type":"session","session":)" +
                        test::session_json("waiting", "99999999-9999-4999-8999-999999999999") + "}");
    d.broker.push_event(R"({"type":"session","session":)" + test::session_json("waiting") + "}");
  });
  const auto r = d.run("session wait " + test::kId + " --timeout 30s -o json");
  later.join();
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("state").as_string(), "waiting");
}

TEST(SessionWait, TellsTimeOutAndOtherEndApart) {
  Desk pending([](const FakeRequest&) -> FakeReply {
    return {200, R"({"session":)" + test::session_json("created") + "}"};
  });
  EXPECT_EQ(pending.run("session wait " + test::kId + " --timeout 200ms").code, 8);
  Desk over([](const FakeRequest&) -> FakeReply {
    return {200, R"({"session":)" + test::session_json("timed_out") + "}"};
  });
  EXPECT_EQ(over.run("session wait " + test::kId + " --timeout 30s").code, 7);
}

TEST(SessionWatch, PrintsALineForEachChangeUntilTheSessionEnds) {
  std::atomic<bool> asked = false;
  Desk d([&](const FakeRequest&) -> FakeReply {
    asked = true;
    return {200, R"({"session":)" + test::session_json("created") + "}"};
  });
  std::thread later([&] {
    d.broker.wait_streams(1);
    while (!asked) std::this_thread::yield();
    for (const char* state : {"waiting", "active", "closed"})
      d.broker.push_event(R"({"type":"session","session":)" + test::session_json(state) + "}");
  });
  const auto r = d.run("session watch " + test::kId + " -o jsonl");
  later.join();
  EXPECT_EQ(r.code, 0) << r.err;
  std::string states;
  std::istringstream lines(r.out);
  for (std::string line; std::getline(lines, line);)
    states += std::string(boost::json::parse(line).at("state").as_string()) + " ";
  EXPECT_EQ(states, "created waiting active closed ");
}

std::string event_json(int id, const std::string& type) {
  return R"({"id":)" + std::to_string(id) +
         R"(,"session":null,"seq":1,"source":"broker","time":"2026-01-01T00:00:00.500000Z","server_time":"2026-01-01T00:00:00.500000Z","type":")" +
         type + R"(","actor":"ada@example.org","data":{"text":"a\u001b[2Jb"}})";
}

TEST(LogCommands, SendFiltersAndShowEvents) {
  Desk d([](const FakeRequest&) -> FakeReply {
    return {200, R"({"events":[)" + event_json(7, "chat.message") + R"(],"next_cursor":null})"};
  });
  auto r = d.person.run({"log", "query", "--type", "chat.message", "--type", "file.*", "--technician", "a@b", "--text",
                         "hello world", "--since", "2026-01-01T00:00:00Z", "--source", "console", "-o", "jsonl"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(boost::json::parse(r.out).at("id").as_int64(), 7);
  EXPECT_EQ(d.broker.requests().back().path,
            "/log?technician=a%40b&source=console&type=chat.message%2Cfile.%2A&since=2026-01-01T00%3A00%3A00.000000Z&"
            "text=hello%20world&order=asc&limit=100");
  EXPECT_EQ(d.run("log show 7 -o name").out, "7\n");
  EXPECT_EQ(d.run("log show 8").code, 6);
  EXPECT_EQ(d.run("log show zero").code, 2);
  EXPECT_EQ(d.run("log query --since someday").code, 2);
  EXPECT_EQ(d.run("log query").out,
            "7\t2026-01-01T00:00:00Z\t\tbroker\tchat.message\tada@example.org\ttext=a\\u001b[2Jb\n")
      << "nor does a pipe get what a terminal obeys";
}

TEST(Unreachable, IsExitCode9) {
  std::string url, pin;
  {
    FakeBroker gone([](const FakeRequest&) { return FakeReply{}; });
    url = gone.url();
    pin = gone.pin();
  }
  Person p;
  p.variables["RESCUE_TOKEN"] = "t";
  const auto r = p.run({"session", "list", "--server", url, "--ca-pin", pin, "-o", "json"});
  EXPECT_EQ(r.code, 9);
  EXPECT_TRUE(r.error().at("retryable").as_bool());
}

}  // namespace
}  // namespace rescue::program
