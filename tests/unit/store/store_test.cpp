// SPDX-License-Identifier: Apache-2.0
// The executor: one mutation all or nothing, order, group commit, limits, stopping, file mode.
#include <sys/stat.h>

#include <fstream>
#include <latch>

#include "store/impl/sqlite.hpp"
#include "support.hpp"

namespace rescue::store {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ExecutorTest : public StoreTest {
 protected:
  base::Result<> set(std::string key, std::string value) {
    return write([=](Transaction& tx) { return settings::set(tx, key, value, kNow); });
  }
  std::optional<std::string> get(std::string key) {
    return ok_value(read([=](ReadTransaction& tx) { return settings::get(tx, key); }));
  }
};

TEST_F(ExecutorTest, AMutationThatFailsLeavesNothingBehind) {
  EXPECT_CODE(write([](Transaction& tx) -> base::Result<> {
                RESCUE_CHECK(settings::set(tx, "a", "1", kNow));
                return base::fail(base::Errc::denied, "changed my mind");
              }),
              base::Errc::denied);
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_F(ExecutorTest, WhatACallThrowsIsItsFailureAlone) {
  EXPECT_CODE(write([](Transaction& tx) -> base::Result<> {
                RESCUE_CHECK(settings::set(tx, "a", "1", kNow));
                throw std::runtime_error("a library's");
              }),
              base::Errc::internal);
  EXPECT_CODE(read([](ReadTransaction&) -> base::Result<> { throw std::bad_alloc(); }), base::Errc::internal);
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_OK(set("b", "2"));
  EXPECT_EQ(get("b"), "2");
}

TEST_F(ExecutorTest, AFailedMutationDoesNotTakeItsNeighboursInTheBatchWithIt) {
  // Held up by the first one, the rest are of one batch.
  std::latch started(1), release(1);
  std::latch finished(101);
  std::atomic<int> good{0}, bad{0};
  store_->write<void>(
      [&](Transaction&) -> base::Result<> {
        started.count_down();
        release.wait();
        return {};
      },
      [&](base::Result<>) { finished.count_down(); });
  started.wait();
  for (int i = 0; i < 100; ++i) {
    store_->write<void>(
        [i](Transaction& tx) -> base::Result<> {
          RESCUE_CHECK(settings::set(tx, "k" + std::to_string(i), "v", kNow));
          if (i % 2 == 1) return base::fail(base::Errc::conflict, "odd");
          return {};
        },
        [&](base::Result<> r) {
          ++(r ? good : bad);
          finished.count_down();
        });
  }
  release.count_down();
  finished.wait();
  EXPECT_EQ(good, 50);
  EXPECT_EQ(bad, 50);
  EXPECT_EQ(get("k42"), "v");
  EXPECT_EQ(get("k43"), std::nullopt);
}

TEST_F(ExecutorTest, WhatIsAcknowledgedIsSeenByEveryLaterRead) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_OK(set("n", std::to_string(i)));
    EXPECT_EQ(get("n"), std::to_string(i));
  }
}

TEST_F(ExecutorTest, MutationsRunInCallOrderAndEachCallerGetsTheAnswerOnce) {
  std::vector<int> order;
  std::latch finished(200);
  for (int i = 0; i < 200; ++i) {
    store_->write<int>(
        [i, &order](Transaction&) -> base::Result<int> {
          order.push_back(i);
          return i;
        },
        [i, &finished](base::Result<int> r) {
          EXPECT_EQ(*r, i);
          finished.count_down();
        });
  }
  finished.wait();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_THAT(order, SizeIs(200));
}

TEST_F(ExecutorTest, ListenersHearOfCommittedChangesAloneAndBeforeTheCaller) {
  std::vector<Change> heard;
  store_->on_commit(
      [&](const std::vector<Change>& changes) { heard.insert(heard.end(), changes.begin(), changes.end()); });
  const auto u = a_user("a@x");
  EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, u); }));
  EXPECT_THAT(heard, ElementsAre(Change{Change::Kind::user, u.id, 0}));
  heard.clear();
  EXPECT_CODE(write([&](Transaction& tx) { return users::insert(tx, u); }), base::Errc::conflict);
  EXPECT_CODE(write([&](Transaction& tx) -> base::Result<> {
                RESCUE_CHECK(users::update(tx, u));
                return base::fail(base::Errc::denied, "");
              }),
              base::Errc::denied);
  EXPECT_THAT(heard, IsEmpty());
  NewEvent e;
  e.session = id();
  e.time = kNow;
  const auto appended = append(e);
  EXPECT_THAT(heard, ElementsAre(Change{Change::Kind::log, *e.session, appended.id}));
}

TEST_F(ExecutorTest, TooManyWaitingCallsAreRefusedAtOnce) {
  Options small;
  small.queue_limit = 3;
  open(small);
  std::latch started(1), release(1), finished(4);
  store_->write<void>(
      [&](Transaction&) -> base::Result<> {
        started.count_down();
        release.wait();
        return {};
      },
      [&](base::Result<> r) {
        EXPECT_OK(r);
        finished.count_down();
      });
  started.wait();
  for (int i = 0; i < 3; ++i) {
    store_->write<void>([](Transaction&) -> base::Result<> { return {}; },
                        [&](base::Result<> r) {
                          EXPECT_OK(r);
                          finished.count_down();
                        });
  }
  EXPECT_CODE(write([](Transaction&) -> base::Result<> { return {}; }), Errc::overloaded);
  release.count_down();
  finished.wait();
  EXPECT_OK(set("a", "1"));
}

TEST_F(ExecutorTest, ClosingFinishesWhatIsQueuedAndRefusesWhatComesLater) {
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    store_->write<void>([i](Transaction& tx) { return settings::set(tx, "k" + std::to_string(i), "v", kNow); },
                        [&](base::Result<> r) {
                          EXPECT_OK(r);
                          ++done;
                        });
  }
  store_->close();
  EXPECT_EQ(done, 100);
  EXPECT_CODE(set("late", "1"), Errc::stopped);
  store_->close();
  open();
  EXPECT_EQ(get("k99"), "v");
  EXPECT_EQ(get("late"), std::nullopt);
}

TEST_F(ExecutorTest, AReadThatTakesTooLongIsEnded) {
  std::vector<User> many(300, a_user("u@x"));
  for (auto& u : many) {
    u.id = id();
    u.email = u.id.text() + "@x";
  }
  Options hasty;
  hasty.read_limit = 0ms;
  open(hasty);
  EXPECT_OK(write([&](Transaction& tx) -> base::Result<> {
    for (const auto& u : many) RESCUE_CHECK(users::insert(tx, u));
    return {};
  }));
  const auto listed = read([&](ReadTransaction& tx) -> base::Result<std::size_t> {
    std::size_t n = 0;
    for (int i = 0; i < 1000; ++i) {
      RESCUE_TRY(const auto page, users::list(tx, {}, 300));
      n += page.items.size();
    }
    return n;
  });
  EXPECT_CODE(listed, base::Errc::timed_out);
  EXPECT_OK(set("still", "alive"));
}

/// A query without end.
base::Result<std::int64_t> endless(ReadTransaction& tx) {
  return impl::number(tx.connection(),
                      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c");
}

TEST_F(ExecutorTest, ReadsThatWalkFarHoldUpNobodyButEachOther) {
  Options options;
  options.far_readers = 2;
  options.far_queue_limit = 1;
  open(options);
  EXPECT_OK(set("a", "1"));
  std::atomic<bool> over{false};
  std::atomic<int> running{0};
  const auto far = [&] {
    const FarRead how{.limit = 1h, .abandoned = [&] { return over.load(); }};
    return store_->read_far_now(how, [&](ReadTransaction& tx) {
      ++running;
      return endless(tx);
    });
  };
  std::vector<std::future<base::Result<std::int64_t>>> asked;
  for (int i = 1; i <= 2; ++i) {
    asked.push_back(std::async(std::launch::async, far));
    while (running < i) std::this_thread::yield();
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("a"), "1") << "both far threads are taken";
  EXPECT_OK(set("a", "1"));

  asked.push_back(std::async(std::launch::async, far));  // waits, or is refused
  asked.push_back(std::async(std::launch::async, far));
  asked.push_back(std::async(std::launch::async, far));
  std::size_t refused = 0;
  while (refused < 2) {
    refused = 0;
    for (auto& one : asked) refused += one.wait_for(1ms) == std::future_status::ready ? 1 : 0;
  }
  over = true;
  refused = 0;
  for (auto& one : asked) {
    const auto got = one.get();
    ASSERT_FALSE(got);
    if (got.error().code == Errc::overloaded)
      ++refused;
    else
      EXPECT_CODE(got, base::Errc::canceled) << "nobody wanted it any more";
  }
  EXPECT_EQ(refused, 2U);
  EXPECT_EQ(running, 2) << "what was abandoned while it waited does not begin";
}

TEST_F(ExecutorTest, AFarReadHasItsOwnLimit) {
  const auto late = store_->read_far_now({.limit = 5ms, .abandoned = {}}, endless);
  EXPECT_CODE(late, base::Errc::timed_out);
  EXPECT_OK(store_->read_far_now({}, [](ReadTransaction& tx) { return settings::get(tx, "a"); }))
      << "the thread goes on";
}

TEST_F(ExecutorTest, TheFileIsTheOwnersAlone) {
  EXPECT_OK(set("a", "1"));
  for (const auto* name : {"rescue.db", "rescue.db-wal"}) {
    struct stat st {};
    ASSERT_EQ(::stat((dir_ / name).c_str(), &st), 0) << name;
    EXPECT_EQ(st.st_mode & 0777, 0600u) << name;
  }
  store_.reset();
  ASSERT_EQ(::chmod((dir_ / "rescue.db").c_str(), 0644), 0);
  Options options;
  options.path = dir_ / "rescue.db";
  auto exposed = Store::open(options);
  EXPECT_CODE(exposed, base::Errc::denied);
  EXPECT_THAT(exposed.error().message(), ::testing::HasSubstr("rescue.db"));
}

TEST_F(ExecutorTest, AFolderThatIsNotThereIsNamed) {
  Options options;
  options.path = dir_ / "nowhere" / "rescue.db";
  auto opened = Store::open(options);
  EXPECT_CODE(opened, base::Errc::not_found);
  EXPECT_THAT(opened.error().message(), ::testing::HasSubstr("nowhere/rescue.db"));
}

TEST_F(ExecutorTest, AFileThatIsNoDatabaseIsLeftAlone) {
  const auto path = dir_ / "notes.txt";
  const std::string text(5000, 'x');
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0600);
  Options options;
  options.path = path;
  EXPECT_CODE(Store::open(options), Errc::not_ours);
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST_F(ExecutorTest, ManyThreadsWriteAndReadAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        NewEvent e;
        e.session = base::Guid();
        e.source = EventSource::console;
        e.time = kNow;
        e.actor = std::to_string(t);
        EXPECT_OK(store_->write_now([&](Transaction& tx) { return log::append(tx, e, kNow); }));
        EXPECT_OK(store_->read_now([](ReadTransaction& tx) { return log::newest_id(tx); }));
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return log::last_seq(tx, std::nullopt, EventSource::console); })),
            200u);
}

}  // namespace
}  // namespace rescue::store
