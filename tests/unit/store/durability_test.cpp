// SPDX-License-Identifier: Apache-2.0
// What was acknowledged is there after SIGKILL and after a full disk. The writer runs in a child process that reports
// each acknowledged number through a pipe.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <latch>
#include <set>

#include "support.hpp"

namespace rescue::store {
namespace {

struct Report {
  std::uint64_t seq = 0;    // acknowledged, or 0
  std::uint32_t error = 0;  // 1: no_space, 2: something else
};

NewEvent event(std::uint64_t seq) {
  NewEvent e;
  e.session = base::Guid();
  e.source = EventSource::console;
  e.seq = seq;
  e.time = kNow;
  e.type = EventType::chat_message;
  e.actor = "writer";
  e.data = "{\"text\":\"" + std::string(400, 'x') + "\"}";
  e.search_text = "word" + std::to_string(seq);
  return e;
}

/// The child: several callers at once, until killed or (`until_full`) refused.
[[noreturn]] void write_and_report(const std::filesystem::path& path, int fd, bool until_full) {
  Options options;
  options.path = path;
  auto store = Store::open(options);
  if (!store) ::_exit(9);
  std::atomic<std::uint64_t> next{1};
  std::atomic<bool> full{false};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      while (!full) {
        const auto seq = next++;
        const auto done = (*store)->write_now([&](Transaction& tx) { return log::append(tx, event(seq), kNow); });
        Report report;
        if (done) report.seq = seq;
        if (!done) report.error = done.error().code == base::Errc::no_space ? 1 : 2;
        // One write of a few bytes to a pipe is whole or not at all.
        if (::write(fd, &report, sizeof report) != sizeof report) ::_exit(8);
        if (!done && until_full) full = true;
      }
    });
  }
  for (auto& c : callers) c.join();
  ::_exit(0);
}

class DurabilityTest : public ::testing::Test {
 protected:
  /// Forks the writer; returns its reports. Kills it after `kill_after` of them (0: waits for its end).
  std::vector<Report> run_child(std::size_t kill_after, rlim_t file_limit = 0) {
    int fds[2];
    if (::pipe(fds) != 0) throw std::runtime_error("pipe");
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(fds[0]);
      if (file_limit > 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{file_limit, file_limit};
        ::setrlimit(RLIMIT_FSIZE, &limit);
      }
      write_and_report(path_, fds[1], file_limit > 0);
    }
    ::close(fds[1]);
    std::vector<Report> reports;
    Report r;
    while (::read(fds[0], &r, sizeof r) == sizeof r) {
      reports.push_back(r);
      if (reports.size() == kill_after) ::kill(pid, SIGKILL);
    }
    ::close(fds[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (kill_after > 0) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    } else {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    return reports;
  }

  /// Opens what the child left and looks for every acknowledged event, in the table and in the full-text index.
  void expect_all_there(const std::vector<Report>& reports) {
    Options options;
    options.path = path_;
    auto store = ok_value(Store::open(options));
    std::set<std::uint64_t> stored;
    LogFilter f;
    f.source = EventSource::console;
    std::string cursor;
    do {
      auto page = ok_value(store->read_now(
          [&](ReadTransaction& tx) { return log::query(tx, f, LogOrder::oldest_first, cursor, kMaxPage); }));
      for (const auto& e : page.items) {
        stored.insert(e.seq);
        EXPECT_EQ(e.data, event(e.seq).data);
      }
      cursor = page.next_cursor;
    } while (!cursor.empty());
    std::size_t acknowledged = 0;
    for (const auto& r : reports) {
      if (r.seq == 0) continue;
      ++acknowledged;
      EXPECT_TRUE(stored.contains(r.seq)) << "event " << r.seq << " was acknowledged and is lost";
    }
    EXPECT_GT(acknowledged, 0u);
    const auto last = std::find_if(reports.rbegin(), reports.rend(), [](const Report& r) { return r.seq != 0; });
    LogFilter word;
    word.text = "word" + std::to_string(last->seq);
    EXPECT_EQ(ok_value(store->read_now([&](ReadTransaction& tx) {
                return log::query(tx, word, LogOrder::newest_first);
              })).items.size(),
              1u);
    // And it goes on.
    EXPECT_OK(store->write_now([&](Transaction& tx) { return log::append(tx, event(1'000'000), kNow); }));
  }

  void SetUp() override { base::set_log_level(base::LogLevel::warn); }
  test::TempDir dir_;
  std::filesystem::path path_ = dir_ / "rescue.db";
};

TEST_F(DurabilityTest, SigkillInTheMidstOfWritesLosesNothingAcknowledged) {
  for (const std::size_t kill_after : {1u, 57u, 211u}) {
    SCOPED_TRACE(kill_after);
    path_ = dir_ / ("k" + std::to_string(kill_after) + ".db").c_str();
    const auto reports = run_child(kill_after);
    EXPECT_GE(reports.size(), kill_after);
    expect_all_there(reports);
  }
}

TEST_F(DurabilityTest, ADiskThatRefusesFurtherBytesIsNamedAndLosesNothingAcknowledged) {
  const auto reports = run_child(0, 1024 * 1024);
  EXPECT_TRUE(std::any_of(reports.begin(), reports.end(), [](const Report& r) { return r.error == 1; }));
  EXPECT_FALSE(std::any_of(reports.begin(), reports.end(), [](const Report& r) { return r.error == 2; }));
  expect_all_there(reports);
}

TEST_F(DurabilityTest, AFullDatabaseRefusesWritesAndStillAnswersReads) {
  std::vector<Report> reports;
  {
    Options options;
    options.path = path_;
    options.max_pages = 200;
    auto store = ok_value(Store::open(options));
    base::Result<Appended> last;
    for (std::uint64_t seq = 1; seq < 5000; ++seq) {
      last = store->write_now([&](Transaction& tx) { return log::append(tx, event(seq), kNow); });
      if (!last) break;
      reports.push_back({seq, 0});
    }
    EXPECT_CODE(last, base::Errc::no_space);
    EXPECT_TRUE(last.error().retryable());
    EXPECT_EQ(ok_value(store->read_now(
                  [](ReadTransaction& tx) { return log::last_seq(tx, std::nullopt, EventSource::console); })),
              reports.back().seq);
  }
  expect_all_there(reports);
}

TEST_F(DurabilityTest, ABatchThatMeetsTheFullDiskIsRefusedAsAWholeOrStoredAsAcknowledged) {
  Options options;
  options.path = path_;
  options.max_pages = 120;
  auto store = ok_value(Store::open(options));
  std::latch finished(2000);
  std::mutex mutex;
  std::vector<Report> reports;
  std::size_t refused = 0;
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    store->write<Appended>([seq](Transaction& tx) { return log::append(tx, event(seq), kNow); },
                           [&, seq](base::Result<Appended> r) {
                             const std::lock_guard lock(mutex);
                             if (r) reports.push_back({seq, 0});
                             if (!r) {
                               ++refused;
                               EXPECT_TRUE(r.error().code == base::Errc::no_space) << r.error().message();
                             }
                             finished.count_down();
                           });
  }
  finished.wait();
  EXPECT_GT(refused, 0u);
  store.reset();
  expect_all_there(reports);
}

}  // namespace
}  // namespace rescue::store
