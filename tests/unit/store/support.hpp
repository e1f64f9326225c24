// SPDX-License-Identifier: Apache-2.0
// A fresh store in a folder of its own, and rows to put into it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/log.hpp"
#include "base/random.hpp"
#include "store/gateways.hpp"
#include "store/log.hpp"
#include "store/sessions.hpp"
#include "store/store.hpp"
#include "store/users.hpp"
#include "support/temp_dir.hpp"

namespace rescue::store {

inline constexpr base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

/// The value; a failure ends the test with what went wrong.
template <typename T>
T ok_value(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
template <typename T>
::testing::AssertionResult is_ok(const base::Result<T>& result) {
  if (result) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().code.name() << ": " << result.error().message();
}
template <typename T>
::testing::AssertionResult has_code(const base::Result<T>& result, base::ErrorCode code) {
  if (result) return ::testing::AssertionFailure() << "no error";
  if (result.error().code == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().code.name() << ": " << result.error().message();
}
#define EXPECT_OK(expr) EXPECT_TRUE(::rescue::store::is_ok(expr))
#define EXPECT_CODE(expr, errc) EXPECT_TRUE(::rescue::store::has_code(expr, errc))

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base::set_log_level(base::LogLevel::warn);
    open();
  }
  void open(Options options = {}) {
    store_.reset();
    options.path = dir_ / "rescue.db";
    auto opened = Store::open(options);
    if (!opened) throw std::runtime_error(opened.error().message());
    store_ = std::move(*opened);
  }
  template <typename F>
  auto write(F body) {
    return store_->write_now(std::move(body));
  }
  template <typename F>
  auto read(F body) {
    return store_->read_now(std::move(body));
  }

  base::Guid id() { return base::Guid::random(random_); }
  base::Bytes bytes(std::size_t n) {
    base::Bytes b(n);
    random_.fill(b);
    return b;
  }
  base::Guid default_group() {
    return ok_value(read([](ReadTransaction& tx) { return groups::get_default(tx); })).id;
  }
  User a_user(std::string email) {
    User u;
    u.id = id();
    u.email = std::move(email);
    u.name = "Ada Lovelace";
    u.group = default_group();
    u.created_at = kNow;
    return u;
  }
  User stored_user(std::string email) {
    auto u = a_user(std::move(email));
    EXPECT_OK(write([&](Transaction& tx) { return users::insert(tx, u); }));
    return u;
  }
  Session a_session(const User& by) {
    Session s;
    s.id = id();
    s.guid_id = bytes(32);
    s.kind = "private";
    s.state = "created";
    s.customer = "{}";
    s.created_at = s.state_since = kNow;
    s.created_by = by.id;
    s.pin_expires_at = kNow + std::chrono::minutes(20);
    return s;
  }
  Session stored_session(const User& by) {
    auto s = a_session(by);
    EXPECT_OK(write([&](Transaction& tx) { return sessions::insert(tx, s); }));
    return s;
  }
  /// Appends one event; `n` also moves its time.
  Appended append(NewEvent e, base::WallTime now = kNow) {
    if (e.time == base::WallTime()) e.time = now;
    return ok_value(write([&](Transaction& tx) { return log::append(tx, e, now); }));
  }

  test::TempDir dir_;
  base::SeededRandom random_{7};
  std::unique_ptr<Store> store_;
};

}  // namespace rescue::store
