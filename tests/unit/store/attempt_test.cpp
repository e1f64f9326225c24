// SPDX-License-Identifier: Apache-2.0
#include "store/attempt.hpp"

#include <thread>

#include "store/impl/sqlite.hpp"
#include "support.hpp"

namespace rescue::store {
namespace {

using AttemptTest = StoreTest;

base::Result<> set(Transaction& tx, std::string_view key) { return settings::set(tx, key, "x", kNow); }
bool has(Store& store, std::string_view key) {
  return ok_value(store.read_now([&](ReadTransaction& tx) { return settings::get(tx, key); })).has_value();
}
base::Result<> refuse() { return base::fail(base::Errc::conflict, "refused"); }

TEST_F(AttemptTest, OnePartThatFailsUndoesItselfAlone) {
  EXPECT_OK(write([](Transaction& tx) -> base::Result<> {
    RESCUE_CHECK(set(tx, "before"));
    const auto failed = attempt(tx, [&]() -> base::Result<> {
      RESCUE_CHECK(set(tx, "in"));
      RESCUE_CHECK(attempt(tx, [&] { return set(tx, "inner"); }));
      return refuse();
    });
    EXPECT_CODE(failed, base::Errc::conflict);
    EXPECT_OK(attempt(tx, [&] { return set(tx, "kept"); }));
    EXPECT_TRUE(is_open(tx));
    return {};
  }));
  EXPECT_TRUE(has(*store_, "before"));
  EXPECT_TRUE(has(*store_, "kept"));
  EXPECT_FALSE(has(*store_, "in"));
  EXPECT_FALSE(has(*store_, "inner"));
}

TEST_F(AttemptTest, AFailedMutationUndoesWhatAttemptsKept) {
  EXPECT_CODE(write([](Transaction& tx) -> base::Result<> {
                RESCUE_CHECK(attempt(tx, [&] { return set(tx, "kept"); }));
                return refuse();
              }),
              base::Errc::conflict);
  EXPECT_FALSE(has(*store_, "kept"));
}

TEST_F(AttemptTest, NothingIsWrittenAfterTheDatabaseGaveUp) {
  EXPECT_CODE(write([](Transaction& tx) -> base::Result<> {
                RESCUE_CHECK(set(tx, "before"));
                const auto lost = attempt(tx, [&]() -> base::Result<> {
                  static_cast<void>(tx.connection().script("ROLLBACK"));  // as SQLite does when the disk is full
                  return base::fail(base::Errc::no_space, "");
                });
                EXPECT_CODE(lost, base::Errc::no_space);
                EXPECT_FALSE(is_open(tx));
                return attempt(tx, [&] { return set(tx, "after"); });
              }),
              base::Errc::internal);
  EXPECT_FALSE(has(*store_, "before"));
  EXPECT_FALSE(has(*store_, "after"));
}

TEST_F(AttemptTest, AMarkIsStoredWithTheMutationOrNeitherIs) {
  const WriteMark mark([](Transaction& tx) { return set(tx, "mark"); });
  EXPECT_CODE(write([](Transaction&) { return refuse(); }), base::Errc::conflict);
  EXPECT_FALSE(has(*store_, "mark"));
  {
    const WriteMark failing([](Transaction&) { return base::Result<>(base::fail(base::Errc::conflict, "")); });
    EXPECT_CODE(write([](Transaction& tx) { return set(tx, "lost"); }), base::Errc::conflict);
  }
  EXPECT_FALSE(has(*store_, "lost"));
  EXPECT_OK(write([](Transaction& tx) { return set(tx, "stored"); }));
  EXPECT_TRUE(has(*store_, "mark"));
  EXPECT_TRUE(has(*store_, "stored"));
}

TEST_F(AttemptTest, AMarkIsItsThreadsAlone) {
  const WriteMark mark([](Transaction& tx) { return set(tx, "mark"); });
  std::thread([&] { EXPECT_OK(write([](Transaction& tx) { return set(tx, "other"); })); }).join();
  EXPECT_TRUE(has(*store_, "other"));
  EXPECT_FALSE(has(*store_, "mark"));
}

}  // namespace
}  // namespace rescue::store
