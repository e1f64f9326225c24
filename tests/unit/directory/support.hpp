// SPDX-License-Identifier: Apache-2.0
// A site with an administrator and technicians, a clock that stands still, and a sessions desk.
#pragma once

#include <latch>

#include "base/clock.hpp"
#include "crypto/keys.hpp"
#include "directory/accounts.hpp"
#include "directory/sessions.hpp"
#include "directory/sign_in.hpp"
#include "unit/store/support.hpp"

namespace rescue::directory {

using store::EventType;
using store::has_code;
using store::is_ok;
using store::ok_value;
using store::ReadTransaction;
using store::Transaction;
using store::UserRole;
using namespace std::chrono_literals;

/// Hashes in a millisecond instead of tens.
inline constexpr crypto::PasswordCost kCheap{.memory_bytes = 64 * 1024, .passes = 1};
inline constexpr std::string_view kPassword = "correct horse battery staple 42";

class DirectoryTest : public store::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    desk_.emplace(policy_, base::SecretBytes(base::Bytes(32, 0x5a)), random_);
    sign_in_.emplace(
        *store_, [](std::move_only_function<void()> slow) { slow(); }, clock_, random_);
    sign_in_->set_cost(kCheap);
  }
  base::WallTime now() const { return clock_.wall(); }

  store::User add_user(std::string email, UserRole role = UserRole::technician) {
    accounts::NewUser u;
    u.id = id();
    u.email = std::move(email);
    u.name = "Ada Lovelace";
    u.role = role;
    u.password = ok_value(HashedPassword::hash(kPassword, kCheap));
    return ok_value(write([&](Transaction& tx) { return accounts::create(tx, u, "setup", now()); }));
  }
  Principal principal(const store::User& u) {
    return {u.id, u.email, u.name, u.role, u.group, u.must_change_password, {}};
  }

  base::Result<SignedIn> sign_in(std::string email, std::string password) {
    std::promise<base::Result<SignedIn>> promise;
    sign_in_->sign_in({std::move(email), std::move(password), "laptop", "192.0.2.1"},
                      [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  base::Result<Principal> authenticate(std::string token) {
    return read([&](ReadTransaction& tx) { return directory::authenticate(tx, token, now()); });
  }
  store::User user(const base::Guid& user_id) {
    return ok_value(read([&](ReadTransaction& tx) { return store::users::get(tx, user_id); }));
  }
  store::Session session(const base::Guid& session_id) {
    return ok_value(read([&](ReadTransaction& tx) { return store::sessions::get(tx, session_id); }));
  }

  CreatedSession create(const store::User& by) {
    const NewSession wanted{id(), "printer", "{}"};
    return ok_value(write([&](Transaction& tx) { return desk_->create(tx, wanted, principal(by), now()); }));
  }
  base::Result<Redeemed> redeem(std::string pin) {
    return write([&](Transaction& tx) { return desk_->redeem_pin(tx, pin, "192.0.2.9", now()); });
  }
  static base::Bytes new_key(crypto::KeyKind kind = crypto::KeyKind::p256) {
    return ok_value(crypto::PrivateKey::generate(kind)).public_key().spki();
  }
  static base::Bytes fingerprint_of(const base::Bytes& spki) {
    const auto fp = ok_value(crypto::PublicKey::from_spki(spki)).fingerprint();
    return {fp.begin(), fp.end()};
  }
  base::Result<SessionDesk::RegisterOutcome> register_applet(const base::Guid& guid, const base::Bytes& spki) {
    const AppletHello hello{guid, spki, "pc", "Debian 12", "eve", "0.1", "192.0.2.9"};
    return write([&](Transaction& tx) { return desk_->register_applet(tx, hello, now()); });
  }
  /// A session with an applet waiting in it.
  store::Session waiting_session(const store::User& by, crypto::KeyKind applet = crypto::KeyKind::p256) {
    const auto created = create(by);
    const auto redeemed = ok_value(redeem(created.pin));
    EXPECT_TRUE(ok_value(register_applet(redeemed.guid, new_key(applet))).registered);
    return session(created.session.id);
  }
  base::Result<PickedUp> pickup(const base::Guid& session_id, const store::User& by, base::Bytes key = new_key(),
                                bool join = false) {
    PickupRequest request;
    request.session = session_id;
    request.console_spki = std::move(key);
    request.join = join;
    return write([&](Transaction& tx) { return desk_->pickup(tx, request, principal(by), now()); });
  }

  /// Types of all events, oldest first, or those of one session.
  std::vector<EventType> events(const std::optional<base::Guid>& of = {}) {
    std::vector<EventType> types;
    for (const auto& e : log_rows(of)) types.push_back(e.type);
    return types;
  }
  std::vector<store::LogEvent> log_rows(const std::optional<base::Guid>& of = {}) {
    store::LogFilter f;
    f.session = of;
    return ok_value(read([&](ReadTransaction& tx) {
             return store::log::query(tx, f, store::LogOrder::oldest_first, {}, store::kMaxPage);
           }))
        .items;
  }
  store::LogEvent last_event() { return log_rows().back(); }

  base::ManualClock clock_;
  DeskPolicy policy_{.organisation = "Example Ltd"};
  std::optional<SessionDesk> desk_;
  std::optional<SignIn> sign_in_;
};

}  // namespace rescue::directory
