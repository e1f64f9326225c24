// SPDX-License-Identifier: Apache-2.0
// The program from the outside: flag table, enrolment, and the real binary from its ready line to SIGTERM.
#include "daemons/gateway/program.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/json/parse.hpp>

#include "cli/help.hpp"
#include "daemons/gateway/settings_table.hpp"
#include "daemons/gateway/state.hpp"
#include "played_broker.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::gateway {
namespace {
namespace json = boost::json;
using rescue::test::TempDir;
using test::Client;
using test::kPatience;
using test::PlayedBroker;
using test::SiteKeys;
using test::TestSession;
using testing::HasSubstr;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};
Outcome run(std::vector<std::string> args, std::string_view token = "secret-token") {
  std::ostringstream out, err;
  cli::Env env;
  env.out = &out;
  env.err = &err;
  env.out_fd = -1;
  if (!token.empty()) env.environment.emplace("RESCUE_GATEWAY_TOKEN", token);
  env.cwd = "/";
  const int code = x_main(args, env);
  return {code, out.str(), err.str()};
}
std::vector<std::string> enroll_args(const PlayedBroker& broker, const std::filesystem::path& state) {
  return {"enroll",      "--broker", broker.url(), "--ca-pin",       base::to_hex(SiteKeys::get().pin.pin),
          "--name",      "berlin",   "--address",  "127.0.0.1:8444", "--state",
          state.string()};
}

TEST(GatewayProgram, HasASoundFlagTable) { EXPECT_THAT(cli::table_defects(kProgram), testing::IsEmpty()); }

std::filesystem::path page_path() { return rescue::test::source_dir() / "man/rescue-gateway.8.scd"; }
std::string page() {
  std::ifstream in(page_path());
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(GatewayProgram, AgreesWithItsManualPage) {
  ASSERT_THAT(page(), HasSubstr("begin generated run"));
  // RESCUE_REFRESH_MANUAL=1 writes the parts that come from the flag table anew.
  if (std::getenv("RESCUE_REFRESH_MANUAL") != nullptr) {
    const auto fresh = cli::refresh_manual(kProgram, page());
    std::ofstream(page_path()) << fresh;
  }
  EXPECT_THAT(cli::manual_differences(kProgram, page()), testing::IsEmpty());
}

TEST(GatewayProgram, DocumentsEveryConfigurationKey) {
  const auto text = page();
  for (const auto& key : key_table().keys()) {
    EXPECT_THAT(text, HasSubstr(fmt::format("*{}* (", key.name)));
    EXPECT_THAT(text, HasSubstr(std::string(key.description))) << key.name;
  }
}

TEST(Enroll, KeepsWhatTheSiteGaveAndKeysThatOnlyItsOwnerReads) {
  PlayedBroker broker;
  const TempDir dir;
  const auto state = dir / "gw";
  std::filesystem::create_directory(state);
  std::filesystem::permissions(state, std::filesystem::perms(0755));
  const auto done = run(enroll_args(broker, state));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(std::filesystem::status(state).permissions(), std::filesystem::perms::owner_all);
  const StateFolder folder(state);
  const auto loaded = folder.load().value();
  EXPECT_EQ(loaded.name, "berlin");
  EXPECT_EQ(loaded.broker_url, broker.url());
  EXPECT_EQ(std::get<crypto::TrustPin>(loaded.trust), SiteKeys::get().pin);
  EXPECT_EQ(folder.token_keys()->size(), 1U);
  const auto identity = folder.server_identity().value();
  EXPECT_EQ(identity.chain.back().fingerprint(), SiteKeys::get().pin.pin);
  const auto sent = json::parse(broker.last_enrolment()).as_object();
  EXPECT_EQ(sent.at("token").as_string(), "secret-token");
  const auto spki = base::from_base64url(std::string_view(sent.at("public_key").as_string())).value();
  EXPECT_EQ(crypto::sha256(spki), folder.identity_key()->fingerprint());
  EXPECT_NE(identity.key.fingerprint(), folder.identity_key()->fingerprint());
  for (const char* file : {"identity.key", "server.key"}) {
    struct stat status {};
    ASSERT_EQ(::stat((state / file).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file;
  }
  EXPECT_EQ(run(enroll_args(broker, state)).code, cli::exit_code(base::Exit::conflict));
}

TEST(Enroll, SaysWhatIsWrongAndLeavesNoHalfEnrolment) {
  PlayedBroker broker;
  const TempDir dir;
  broker.set_enroll_status(401);
  const auto spent = run(enroll_args(broker, dir / "gw"));
  EXPECT_EQ(spent.code, cli::exit_code(base::Exit::sign_in_needed));
  EXPECT_THAT(spent.err, HasSubstr("the token is spent"));
  EXPECT_FALSE(StateFolder(dir / "gw").is_enrolled());

  auto wrong_pin = enroll_args(broker, dir / "gw");
  wrong_pin[4] = std::string(64, 'a');
  EXPECT_EQ(run(wrong_pin).code, cli::exit_code(base::Exit::verification_failed));
  wrong_pin[4] = "abc";
  EXPECT_EQ(run(wrong_pin).code, cli::exit_code(base::Exit::usage));

  broker.set_enroll_status(201);
  EXPECT_EQ(run(enroll_args(broker, dir / "gw")).code, 0);  // the same folder, with the keys it has
  broker.stop();
  EXPECT_EQ(run(enroll_args(broker, dir / "other")).code, cli::exit_code(base::Exit::unreachable));
}

TEST(Enroll, RefusesACertificateForAnotherKey) {
  PlayedBroker broker;
  const TempDir dir;
  broker.certify_another_key(true);
  EXPECT_EQ(run(enroll_args(broker, dir / "gw")).code, cli::exit_code(base::Exit::verification_failed));
  EXPECT_FALSE(StateFolder(dir / "gw").is_enrolled());
  broker.certify_another_key(false);
  EXPECT_EQ(run(enroll_args(broker, dir / "gw")).code, 0);
}

TEST(GatewayProgram, RunWithoutEnrolmentSaysSo) {
  const TempDir dir;
  const auto done = run({"run", "--state", (dir / "none").string()});
  EXPECT_EQ(done.code, cli::exit_code(base::Exit::not_found));
  EXPECT_THAT(done.err, HasSubstr("rescue-gateway enroll"));
}

TEST(GatewayProgram, ChecksAndDumpsItsConfiguration) {
  const TempDir dir;
  std::ofstream(dir / "gateway.toml") << "listen = \"0.0.0.0:443\"\n[limit]\nwaiting_per_end = 4\n";
  const auto dumped = run({"run", "--state", dir.path().string(), "--dump-config", "--threads", "3"});
  ASSERT_EQ(dumped.code, 0) << dumped.err;
  EXPECT_THAT(dumped.out, HasSubstr("listen = \"0.0.0.0:443\""));
  EXPECT_THAT(dumped.out, HasSubstr("threads = 3"));
  std::ofstream(dir / "gateway.toml") << "lisen = \"0.0.0.0:443\"\n";
  const auto bad = run({"run", "--state", dir.path().string(), "--check-config"});
  EXPECT_NE(bad.code, 0);
  EXPECT_THAT(bad.err, HasSubstr("did you mean 'listen'"));
  EXPECT_NE(run({"run", "--state", dir.path().string(), "--check-config", "--listen", "example.org:443"}).code, 0);
}

// The binary itself.
class Process {
 public:
  explicit Process(const std::filesystem::path& state) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) std::abort();
    const auto binary = (rescue::test::binary_dir() / "bin" / "rescue-gateway").string();
    const auto folder = state.string();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], 1);
      ::execl(binary.c_str(), binary.c_str(), "run", "--state", folder.c_str(), "--listen", "127.0.0.1:0",
              "--drain-grace", "100ms", nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    out_ = Fd(out[0]);
  }
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] json::object ready() const {
    std::string line;
    pollfd readable{out_.get(), POLLIN, 0};
    for (char c = 0; c != '\n';) {
      EXPECT_EQ(::poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())), 1);
      if (::read(out_.get(), &c, 1) != 1) break;
      line += c;
    }
    return json::parse(line).as_object();
  }
  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  Fd out_;
};
std::string get(const net::Endpoint& at, std::string_view path) {
  const Client client(at);
  client.send(base::as_bytes(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)));
  return std::string(base::as_text(client.receive(64 << 10)));
}

TEST(GatewayProgram, ServesFromItsReadyLineToSigterm) {
  PlayedBroker broker;
  const TempDir dir;
  const auto enrolled = run(enroll_args(broker, dir / "gw"));
  ASSERT_EQ(enrolled.code, 0) << enrolled.err;
  Process process(dir / "gw");
  const auto ready = process.ready();
  ASSERT_TRUE(ready.at("ready").as_bool());
  const auto at = net::Endpoint::parse(std::string_view(ready.at("listen").as_string())).value();
  const auto metrics = net::Endpoint::parse(std::string_view(ready.at("metrics").as_string())).value();
  ASSERT_TRUE(test::eventually([&] { return broker.count(wire::gateway::Message::Register) == 1; }));

  const TestSession session;
  Client applet(at), console(at);
  ASSERT_EQ(applet.enter(session.applet).kind, wire::handoff::Message::Waiting);
  ASSERT_EQ(console.enter(session.console).kind, wire::handoff::Message::Waiting);
  ASSERT_EQ(applet.read().kind, wire::handoff::Message::Joined);
  ASSERT_EQ(console.read().kind, wire::handoff::Message::Joined);
  ASSERT_TRUE(applet.leave());
  ASSERT_TRUE(console.leave());
  applet.send(base::as_bytes("hello"));
  EXPECT_EQ(base::as_text(console.receive(5)), "hello");
  EXPECT_THAT(get(metrics, "/metrics"), HasSubstr("rescue_gateway_pairs 1\n"));
  EXPECT_THAT(get(metrics, "/healthz"), HasSubstr("200 OK"));
  EXPECT_THAT(get(metrics, "/readyz"), HasSubstr("200 OK"));

  process.signal(SIGHUP);
  process.signal(SIGTERM);
  EXPECT_EQ(console.next(), -1);  // cut after the drain grace
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(test::eventually([&] { return broker.count(wire::gateway::Message::PairEnded) == 1; }));
}

}  // namespace
}  // namespace rescue::gateway
