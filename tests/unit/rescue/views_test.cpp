// SPDX-License-Identifier: Apache-2.0
// Script and chat against a background process that a thread plays on the real socket.
#include <fstream>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/agent_socket.hpp"
#include "client/script_command.hpp"
#include "program_env.hpp"

namespace rescue::program {
namespace {

using client::ScriptCommand;
using client::ScriptVerb;
using test::Person;
namespace json = boost::json;

/// Answers every command of one view by `answer`; lines it gives are sent as they are. An empty vector closes.
class FakeAgent {
 public:
  using Answer = std::function<std::vector<std::string>(const std::expected<ScriptCommand, client::BadCommand>&)>;
  FakeAgent(const Person& p, Answer answer) : answer_(std::move(answer)) {
    const auto dir = client::agent_dir(p.home.path().string()).value();
    listener_.emplace(client::AgentListener::open(client::agent_socket_path(dir, test::kId).value()).value());
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeAgent() {
    stop_ = true;
    thread_.join();
  }
  std::vector<std::string> seen;

 private:
  void serve() {
    int fd = -1;
    while (!stop_ && fd < 0) {
      pollfd p{listener_->fd(), POLLIN, 0};
      if (::poll(&p, 1, 20) > 0) fd = ::accept(listener_->fd(), nullptr, nullptr);
    }
    client::LineBuffer lines(client::kScriptLineMax);
    while (!stop_ && fd >= 0) {
      pollfd p{fd, POLLIN, 0};
      if (::poll(&p, 1, 20) <= 0) continue;
      char buffer[4096];
      const auto n = ::read(fd, buffer, sizeof(buffer));
      if (n <= 0) break;
      lines.add({buffer, static_cast<std::size_t>(n)});
      while (auto line = lines.next().value_or(std::nullopt)) {
        seen.push_back(*line);
        const auto replies = answer_(client::parse_command(*line));
        for (const auto& r : replies) {
          const auto text = r + "\n";
          EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
        }
        if (replies.empty()) {
          ::close(fd);
          return;
        }
      }
    }
    if (fd >= 0) ::close(fd);
  }
  Answer answer_;
  std::optional<client::AgentListener> listener_;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
};

/// hello gives a state; everything else a plain result.
std::vector<std::string> polite(const std::expected<ScriptCommand, client::BadCommand>& c) {
  if (!c) return {client::error_line(c.error().id, c.error().error)};
  if (c->verb == ScriptVerb::hello)
    return {client::result_line(c->id, {{"session", test::kId}, {"linked", true}, {"views", 1}})};
  return {client::result_line(c->id, {})};
}

TEST(ScriptView, GivesOneReplyToEachLine) {
  Person p;
  FakeAgent agent(p, polite);
  const auto r = p.run("session attach " + test::kId + " --script -",
                       "{\"id\":1,\"cmd\":\"chat\",\"text\":\"hi\"}\n\nnot json\n{\"id\":2,\"cmd\":\"state\"}");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out,
            "{\"id\":1,\"event\":\"result\"}\n"
            "{\"event\":\"error\",\"error\":\"BAD_FORMAT\",\"code\":1,\"message\":\"a line must be one JSON object: "
            "malformed input\",\"retryable\":false}\n"
            "{\"id\":2,\"event\":\"result\"}\n");
}

TEST(ScriptView, RunsAFileInOrderAndGivesTheFirstFailure) {
  Person p;
  std::size_t open = 0;
  bool overlapped = false;
  FakeAgent agent(p, [&](const auto& c) -> std::vector<std::string> {
    if (!c || c->verb == ScriptVerb::hello) return polite(c);
    overlapped |= ++open > 1;
    --open;
    if (c->verb == ScriptVerb::ask) return {client::error_line(c->id, base::Error(base::Errc::denied, "ask"))};
    return polite(c);
  });
  std::ofstream(p.home / "s.jsonl") << "{\"cmd\":\"ask\",\"permission\":\"desktop_view\"}\n{\"cmd\":\"state\"}\n";
  const auto r = p.run("session attach " + test::kId + " --script s.jsonl");
  EXPECT_EQ(r.code, 5);
  EXPECT_EQ(agent.seen.size(), 3U);
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(p.run("session attach " + test::kId + " --script nowhere.jsonl").code, 6);
}

TEST(ScriptView, TellsWhenTheProcessDies) {
  Person p;
  FakeAgent agent(p, [](const auto& c) -> std::vector<std::string> {
    if (c && c->verb == ScriptVerb::hello) return polite(c);
    return {};
  });
  EXPECT_EQ(p.run("session attach " + test::kId + " --script -", "{\"cmd\":\"state\"}\n").code, 9);
}

TEST(ScriptView, EndsWithTheSession) {
  Person p;
  int commands = 0;
  FakeAgent agent(p, [&](const auto& c) -> std::vector<std::string> {
    if (c && c->verb == ScriptVerb::hello) return polite(c);
    if (++commands == 1)
      return {client::result_line(c->id, {}), client::event_line("ended", {{"by", "console"}, {"reason", "done"}})};
    return {};
  });
  const auto r = p.run("session attach " + test::kId + " --script -",
                       "{\"id\":1,\"cmd\":\"close\"}\n{\"id\":2,\"cmd\":\"state\"}\n");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("\"ended\""), std::string::npos);
}

TEST(Attach, NeedsASessionOnThisMachine) {
  Person p;
  const auto r = p.run("session attach " + test::kId + " -o json");
  EXPECT_EQ(r.code, 6);
  EXPECT_EQ(r.error().at("error").as_string(), "NOT_FOUND");
}

TEST(Pickup, JoinsTheProcessThatRuns) {
  Person p;
  FakeAgent agent(p, polite);
  const auto r = p.run("session pickup " + test::kId + " -o json");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.json().at("linked").as_bool());
}

TEST(Pickup, NeedsASignInAndStartsNothing) {
  Person p;
  p.self = "/bin/false";  // a background process that says nothing
  const auto r = p.run("session pickup " + test::kId + " --detach -o json");
  EXPECT_NE(r.code, 0);
  EXPECT_EQ(p.run("session pickup " + test::kId + " --in-order").code, 2);
}

TEST(Chat, SendsLinesAndRunsCommands) {
  Person p;
  std::ofstream(p.home / "f.txt") << "x";
  FakeAgent agent(p, [](const auto& c) -> std::vector<std::string> {
    if (!c) return polite(c);
    if (c->verb == ScriptVerb::view)
      return {client::event_line("chat", {{"from", "applet"}, {"text", "look\x1b[2J here"}, {"time", ""}}),
              client::result_line(c->id, {{"display", 1}, {"width", 1280}, {"height", 800}})};
    if (c->verb == ScriptVerb::send) return {client::error_line(c->id, base::Error(base::Errc::denied, "send"))};
    return polite(c);
  });
  const auto r = p.run("session attach " + test::kId, "hello there\n/view\n/send f.txt\n/nonsense\n/key Return\n");
  EXPECT_EQ(r.code, 5) << r.err;
  EXPECT_NE(r.out.find("viewing display 1, 1280x800"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("user: look\uFFFD[2J here"), std::string::npos) << r.out;
  EXPECT_NE(r.err.find("no command '/nonsense'"), std::string::npos);
  std::vector<std::string> verbs;
  for (const auto& line : agent.seen) verbs.emplace_back(json::parse(line).at("cmd").as_string());
  EXPECT_EQ(verbs.front(), "hello");
  EXPECT_TRUE(std::ranges::find(verbs, "ask") != verbs.end()) << "the permission is asked for first";
  EXPECT_TRUE(std::ranges::find(verbs, "key") != verbs.end());
}

}  // namespace
}  // namespace rescue::program
