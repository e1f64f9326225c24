// SPDX-License-Identifier: Apache-2.0
#include "client/log_spool.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_dir.hpp"

namespace rescue::client {
namespace {

const std::string kSession = "0f8fad5b-d9cb-469f-a165-70867728950e";

LogEvent event(std::string text) {
  return {0, "2026-01-01T00:00:00Z", "chat.message", "ada@example.org", R"({"text":")" + text + "\"}"};
}

std::vector<std::uint64_t> numbers(const LogSpool& spool) {
  std::vector<std::uint64_t> out;
  for (const auto& e : spool.batch()) out.push_back(e.seq);
  return out;
}
using Numbers = std::vector<std::uint64_t>;

TEST(LogSpool, KeepsEventsUntilTheyAreAcknowledgedAndNeverReusesANumber) {
  test::TempDir dir;
  {
    auto spool = LogSpool::open(dir.path(), kSession, 1).value();
    EXPECT_EQ(spool.append(event("a")).value(), 1U);
    EXPECT_EQ(spool.append(event("b")).value(), 2U);
    EXPECT_EQ(spool.append(event("c")).value(), 3U);
    ASSERT_TRUE(spool.acknowledge(1));
    EXPECT_EQ(numbers(spool), (Numbers{2, 3}));
  }
  {
    auto spool = LogSpool::open(dir.path(), kSession, 1).value();
    // Acknowledged and not yet compacted: sent again, and dropped at the broker by its number.
    EXPECT_EQ(numbers(spool), (Numbers{1, 2, 3}));
    EXPECT_EQ(spool.batch()[1].data, R"({"text":"b"})");
    ASSERT_TRUE(spool.acknowledge(3));
    EXPECT_EQ(spool.pending(), 0U);
  }
  auto spool = LogSpool::open(dir.path(), kSession, 1).value();
  EXPECT_EQ(spool.pending(), 0U);
  EXPECT_EQ(spool.append(event("d")).value(), 4U);
  EXPECT_FALSE(spool.remove_if_empty());
  ASSERT_TRUE(spool.acknowledge(4));
  EXPECT_TRUE(spool.remove_if_empty());
  EXPECT_FALSE(std::filesystem::exists(spool.path()));
}

TEST(LogSpool, IsForThisUserAndOneProcess) {
  test::TempDir dir;
  auto spool = LogSpool::open(dir.path(), kSession, 1).value();
  struct stat info {};
  ASSERT_EQ(::stat(spool.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(LogSpool::open(dir.path(), kSession, 1).error().code, base::Errc::conflict);
  EXPECT_TRUE(leftover_spools(dir.path()).empty());
}

TEST(LogSpool, DropsALineThatACrashCutShort) {
  test::TempDir dir;
  std::filesystem::path path;
  {
    auto spool = LogSpool::open(dir.path(), kSession, 5).value();
    ASSERT_TRUE(spool.append(event("whole")));
    path = spool.path();
  }
  const auto size = std::filesystem::file_size(path);
  for (const char* tail : {R"({"seq":6,"time":"2026)", "{\"seq\":6}\n", "\0\0\0\n", "garbage\n"}) {
    std::filesystem::resize_file(path, size);
    std::ofstream(path, std::ios::app) << tail;
    auto spool = LogSpool::open(dir.path(), kSession, 1).value();
    EXPECT_EQ(numbers(spool), Numbers{5}) << tail;
    EXPECT_EQ(spool.append(event("next")).value(), 6U) << tail;
    EXPECT_EQ(numbers(spool), (Numbers{5, 6})) << tail;
  }
}

TEST(LogSpool, RefusesAFileThatIsNoSpool) {
  test::TempDir dir;
  std::ofstream(dir.path() / (kSession + ".spool")) << "{\"something\":\"else\"}\n";
  EXPECT_EQ(LogSpool::open(dir.path(), kSession, 1).error().code, base::Errc::bad_format);
}

TEST(LogSpool, GivesBatchesWithinTheLimits) {
  test::TempDir dir;
  auto spool = LogSpool::open(dir.path(), kSession, 1).value();
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(spool.append(event("x")));
  EXPECT_EQ(spool.batch().size(), kLogBatch);
  ASSERT_TRUE(spool.acknowledge(600));
  const std::string large(200 * 1024, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(spool.append(event(large)));
  EXPECT_EQ(spool.batch().size(), 2U);
}

TEST(LogSpool, LosesNothingThatWasAppendedBeforeSigkill) {
  test::TempDir dir;
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(told[0]);
    auto spool = LogSpool::open(dir.path(), kSession, 1);
    for (std::uint64_t i = 1; spool; ++i) {
      const auto seq = spool->append(event("n"));
      if (!seq || ::write(told[1], &*seq, sizeof(*seq)) != sizeof(*seq)) break;
    }
    ::_exit(1);
  }
  ::close(told[1]);
  std::uint64_t last = 0;
  while (last < 40 && ::read(told[0], &last, sizeof(last)) == sizeof(last)) continue;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(told[0], &last, sizeof(last)) == sizeof(last)) continue;
  ::close(told[0]);
  auto spool = LogSpool::open(dir.path(), kSession, 1).value();
  ASSERT_GE(spool.pending(), last);
  EXPECT_GE(last, 40U);
  const auto all = numbers(spool);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i + 1);
  EXPECT_GT(spool.next_seq(), last);
}

TEST(LeftoverSpools, NamesSessionsOfDeadProcesses) {
  test::TempDir dir;
  { ASSERT_TRUE(LogSpool::open(dir.path(), kSession, 1).value().append(event("x"))); }
  EXPECT_EQ(leftover_spools(dir.path()), std::vector<std::string>{kSession});
  EXPECT_TRUE(leftover_spools(dir.path() / "nowhere").empty());
}

}  // namespace
}  // namespace rescue::client
