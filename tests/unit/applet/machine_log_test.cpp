// SPDX-License-Identifier: Apache-2.0
// The machine's own log: what an entry says, and that it gets somewhere without holding anybody up.
#include "applet/core/machine_log.hpp"

#include <fstream>
#include <map>
#include <sstream>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kLong = 30s;

session::AuditEvent event(std::string_view type, std::string actor,
                          std::vector<std::pair<std::string_view, session::AuditValue>> data = {}) {
  return {1, base::WallTime(std::chrono::seconds(1'700'000'000)), type, std::move(actor), std::move(data)};
}
MachineLogEntry entry(std::string_view type, std::string actor,
                      std::vector<std::pair<std::string_view, session::AuditValue>> data = {}) {
  return machine_log_entry("s-1", "ada@example.org", event(type, std::move(actor), std::move(data)));
}
std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}
std::vector<std::string> lines(const std::filesystem::path& file) {
  std::vector<std::string> out;
  std::stringstream in(read(file));
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(MachineLogEntry, SaysWhoAndWhyInOneLine) {
  const auto line =
      machine_log_line(entry("control.ended", "applet", {{"reason", "revoked"}, {"events", std::int64_t{4}}}), 42);
  EXPECT_EQ(line,
            "2023-11-14T22:13:20.000000Z rescue-applet[42]: control.ended session=s-1 technician=\"ada@example.org\" "
            "by=\"applet\" reason=\"revoked\" data={\"reason\":\"revoked\",\"events\":4}");
}

TEST(MachineLogEntry, NamesTheReceiptUnderWhichSomethingBegan) {
  EXPECT_EQ(
      entry("view.started", "ada@example.org", {{"display", std::int64_t{1}}, {"receipt", std::int64_t{3}}}).reason,
      "allowed by the user, receipt 3");
  EXPECT_EQ(entry("consent.granted", "user", {{"permission", "reboot"}, {"receipt", std::int64_t{3}}}).reason,
            "the user said yes");
  EXPECT_EQ(entry("consent.granted", "user", {{"permission", "reboot"}, {"signed", "QUJD"}}).data,
            R"({"permission":"reboot"})");
}

TEST(MachineLogEntry, KeepsNoChat) {
  const auto e = entry("chat.message", "user", {{"text", "my password is 1234"}});
  EXPECT_THAT(machine_log_line(e, 1), Not(HasSubstr("1234")));
  EXPECT_EQ(e.data, "{}");
}

TEST(MachineLogEntry, DigitsThatWereNotTheTechniciansAreARefusedSignIn) {
  const auto e = entry("sas.missed", "user", {{"attempts_left", std::int64_t{1}}});
  EXPECT_EQ(e.event, "sign_in.refused");
  EXPECT_THAT(e.reason, HasSubstr("digits"));
  EXPECT_TRUE(e.warning);
  EXPECT_FALSE(entry("sas.confirmed", "user").warning);
}

TEST(MachineLogEntry, NothingInItMakesASecondLine) {
  MachineLogEntry e;
  e.event = "file.offered";
  e.technician = "eve\"\n2026-01-01T00:00:00Z rescue-applet[1]: sign_in.accepted";
  e.reason = "a\r\nb\x1b[31m";
  e.data = std::string(20'000, 'x');
  const auto line = machine_log_line(e, 1);
  EXPECT_EQ(line.find_first_of("\r\n\x1b"), std::string::npos) << line.substr(0, 300);
  EXPECT_LT(line.size(), kMachineLogDataMax + 500);
}

TEST(MachineLogFile, IsThePersonsAloneAndInTheOrderWritten) {
  test::TempDir dir;
  const auto file = dir / "state/rescue/applet.log";
  {
    std::vector<std::unique_ptr<MachineLogSink>> sinks;
    sinks.push_back(make_file_sink(file));
    MachineLog log(std::move(sinks));
    for (int i = 0; i < 50; ++i) log.write(entry("view.started", "n" + std::to_string(i)));
  }
  const auto all = lines(file);
  ASSERT_EQ(all.size(), 50u) << "the end of the program waits for them";
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_THAT(all[i], HasSubstr("by=\"n" + std::to_string(i) + "\""));
  struct stat is {};
  ASSERT_EQ(stat(file.c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(file.parent_path().c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777, 0700u);
}

TEST(MachineLogFile, IsPutAsideBeforeItGrowsForEver) {
  test::TempDir dir;
  const auto file = dir / "a.log";
  std::ofstream(file) << std::string(kMachineLogFileMax, 'o');
  ASSERT_TRUE(make_file_sink(file)->write(entry("view.started", "x")));
  EXPECT_EQ(lines(file).size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(file.native() + ".1"), kMachineLogFileMax);
}

TEST(MachineLogFile, FollowsNoLinkAndWritesToNoPipe) {
  test::TempDir dir;
  std::ofstream(dir / "precious") << "mine";
  std::filesystem::create_symlink(dir / "precious", dir / "a.log");
  EXPECT_FALSE(make_file_sink(dir / "a.log")->write(entry("view.started", "x")));
  EXPECT_EQ(read(dir / "precious"), "mine");
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(make_file_sink(dir / "pipe")->write(entry("view.started", "x"))) << "and does not hang in it";
}

/// A journal: one datagram an entry.
class Journal {
 public:
  explicit Journal(const std::filesystem::path& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.native().copy(at.sun_path, sizeof at.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Journal() { close(fd_); }
  std::map<std::string, std::string> next() {
    std::string data(64 * 1024, '\0');
    const auto n = recv(fd_, data.data(), data.size(), 0);
    std::map<std::string, std::string> out;
    if (n < 0) return out;
    std::stringstream in(data.substr(0, static_cast<std::size_t>(n)));
    for (std::string line; std::getline(in, line);)
      out[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    return out;
  }

 private:
  int fd_;
};

TEST(MachineLogJournal, GetsEveryFieldOfAnEntry) {
  test::TempDir dir;
  Journal journal(dir / "socket");
  auto sink = make_journal_sink(dir / "socket");
  ASSERT_TRUE(sink->write(entry("control.ended", "user", {{"reason", "revoked\nPRIORITY=0"}})));
  const auto got = journal.next();
  EXPECT_EQ(got.at("SYSLOG_IDENTIFIER"), "rescue-applet");
  EXPECT_EQ(got.at("PRIORITY"), "5") << "a name of the other side makes no field";
  EXPECT_EQ(got.at("RESCUE_EVENT"), "control.ended");
  EXPECT_EQ(got.at("RESCUE_SESSION"), "s-1");
  EXPECT_EQ(got.at("RESCUE_TECHNICIAN"), "ada@example.org");
  EXPECT_EQ(got.at("RESCUE_BY"), "user");
  EXPECT_THAT(got.at("RESCUE_REASON"), HasSubstr("revoked"));
  EXPECT_THAT(got.at("MESSAGE"), testing::StartsWith("control.ended session=s-1 technician="));
  ASSERT_TRUE(sink->write(entry("sas.missed", "user")));
  EXPECT_EQ(journal.next().at("PRIORITY"), "4");
}

TEST(MachineLogJournal, ThatIsNotThereLeavesItToTheFile) {
  test::TempDir dir;
  std::vector<std::unique_ptr<MachineLogSink>> sinks;
  sinks.push_back(make_journal_sink(dir / "nobody"));
  sinks.push_back(make_file_sink(dir / "a.log"));
  MachineLog log(std::move(sinks));
  log.write(entry("view.started", "x"));
  ASSERT_TRUE(log.flush(kLong));
  EXPECT_EQ(lines(dir / "a.log").size(), 1u);
}

TEST(MachineLogJournal, ThatHangsHoldsNobodyUp) {
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int written = 0;
  };
  struct Hanging final : MachineLogSink {
    explicit Hanging(std::shared_ptr<Gate> g) : gate(std::move(g)) {}
    bool write(const MachineLogEntry&) override {
      std::unique_lock lock(gate->mutex);
      gate->changed.wait(lock, [&] { return gate->open; });
      ++gate->written;
      return true;
    }
    std::shared_ptr<Gate> gate;
  };
  auto gate = std::make_shared<Gate>();
  std::vector<std::unique_ptr<MachineLogSink>> sinks;
  sinks.push_back(std::make_unique<Hanging>(gate));
  MachineLog log(std::move(sinks));
  for (std::size_t i = 0; i < kMachineLogQueueMax * 2; ++i) log.write(entry("view.started", "x"));
  EXPECT_FALSE(log.flush(1ms));
  {
    const std::scoped_lock lock(gate->mutex);
    gate->open = true;
    gate->changed.notify_all();
  }
  ASSERT_TRUE(log.flush(kLong));
  EXPECT_GE(gate->written, static_cast<int>(kMachineLogQueueMax));
  EXPECT_LE(gate->written, static_cast<int>(kMachineLogQueueMax) + 1) << "the rest is lost, not kept in memory";
}

TEST(MachineLogPlace, IsTheStateFolderOfThePerson) {
  Env env;
  env.environment = {{"HOME", "/home/ada"}, {"XDG_STATE_HOME", "/home/ada/state"}};
  EXPECT_EQ(default_machine_log_file(env), "/home/ada/state/rescue/applet.log");
  env.environment.erase("XDG_STATE_HOME");
  EXPECT_EQ(default_machine_log_file(env),
            geteuid() == 0 ? "/var/log/rescue-applet.log" : "/home/ada/.local/state/rescue/applet.log");
}

}  // namespace
}  // namespace rescue::applet
