// SPDX-License-Identifier: Apache-2.0
// What changes while somebody is on the way in, and what comes after the end.
#include "directory/gateways.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {

class DirectoryGuards : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    add_user("root@x", UserRole::administrator);
    ada_ = add_user("ada@x");
  }
  base::Result<store::Session> close(const base::Guid& session_id) {
    return write([&](Transaction& tx) {
      return desk_->end(tx, session_id, wire::SessionEvent::close, {wire::Party::technician, "ada@x", ada_.id},
                        "solved", now());
    });
  }
  store::User ada_;
};

TEST_F(DirectoryGuards, AnOldPasswordDoesNotLetInWhenItIsResetWhileItIsChecked) {
  const auto fresh = ok_value(HashedPassword::hash("another long enough phrase 93", kCheap));
  SignIn slow(
      *store_,
      [&](std::move_only_function<void()> rest) {
        std::thread([this, &fresh, rest = std::move(rest)]() mutable {
          EXPECT_OK(
              write([&](Transaction& tx) { return accounts::reset_password(tx, ada_.id, fresh, "root@x", now()); }));
          rest();
        }).detach();
      },
      clock_, random_);
  std::promise<base::Result<SignedIn>> promise;
  slow.sign_in({"ada@x", std::string(kPassword), "", ""},
               [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
  EXPECT_CODE(promise.get_future().get(), Errc::sign_in_failed);
}

TEST_F(DirectoryGuards, ATokenOfADisabledAccountStandsForNobodyHoweverItWasDisabled) {
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  EXPECT_OK(authenticate(token));
  auto row = user(ada_.id);
  row.disabled = true;  // by a tool beside the broker, or a restored backup: no token was revoked
  EXPECT_OK(write([&](Transaction& tx) { return store::users::update(tx, row); }));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
}

TEST_F(DirectoryGuards, AnAppletThatWasBoundGetsNothingAfterTheEnd) {
  const auto created = create(ada_);
  const auto guid = ok_value(redeem(created.pin)).guid;
  const auto key = new_key();
  EXPECT_TRUE(ok_value(register_applet(guid, key)).registered);
  EXPECT_OK(read([&](ReadTransaction& tx) { return desk_->applet_ticket(tx, fingerprint_of(key), now()); }));
  EXPECT_OK(close(created.session.id));
  EXPECT_CODE(register_applet(guid, key), Errc::session_ended);
  EXPECT_CODE(read([&](ReadTransaction& tx) { return desk_->applet_ticket(tx, fingerprint_of(key), now()); }),
              Errc::session_ended);
}

TEST_F(DirectoryGuards, AnEndedSessionLeavesNoGrantBehind) {
  const auto s = waiting_session(ada_);
  EXPECT_OK(pickup(s.id, ada_));
  const auto grants = [&] {
    return ok_value(read([&](ReadTransaction& tx) { return store::grants::current(tx, s.id); }));
  };
  EXPECT_EQ(grants().size(), 1u);
  EXPECT_OK(close(s.id));
  EXPECT_TRUE(grants().empty());
}

}  // namespace
}  // namespace rescue::directory
