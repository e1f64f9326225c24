// SPDX-License-Identifier: Apache-2.0
#include "directory/sign_in_sessions.hpp"

#include "directory/site_policy.hpp"
#include "store/sessions.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SignInSessionsTest : public DirectoryTest {
 protected:
  void set(std::string_view name, std::string_view value) {
    ok_value(write([&](Transaction& tx) -> base::Result<bool> {
      RESCUE_CHECK(store::settings::set(tx, name, value, now()));
      return true;
    }));
  }
  void inactivity(std::chrono::seconds after) {
    ok_value(write([&](Transaction& tx) -> base::Result<bool> {
      RESCUE_TRY(auto group, store::groups::get_default(tx));
      group.inactivity_timeout = after;
      RESCUE_CHECK(store::groups::update(tx, group));
      return true;
    }));
  }
  std::string token_of(const std::string& email) { return ok_value(sign_in(email, std::string(kPassword))).token; }
  Principal who(const std::string& token) { return ok_value(authenticate(token)); }
  void use(const std::string& token) {
    const auto p = who(token);
    if (now() < p.use_due_at) return;
    EXPECT_OK(flag([&](Transaction& tx) { return sign_ins::touch(tx, p, now()); }));
  }
  template <typename F>
  base::Result<bool> flag(F mutation) {
    return write([&](Transaction& tx) -> base::Result<bool> {
      RESCUE_CHECK(mutation(tx));
      return true;
    });
  }
  base::Result<store::Token> end(const base::Guid& id, const By& by) {
    return write([&](Transaction& tx) { return sign_ins::end(tx, id, by, now()); });
  }
  std::vector<base::Guid> end_idle(std::size_t limit = 100) {
    return ok_value(write([&](Transaction& tx) { return sign_ins::end_idle(tx, now(), limit); }));
  }
  /// A session that was picked up with this token.
  base::Guid session_with(const std::string& token, bool join = false, std::optional<base::Guid> in = {}) {
    const auto p = who(token);
    if (!in) {
      const auto created = ok_value(write([&](Transaction& tx) {
        return desk_->create(tx, {id(), "printer", "{}"}, p, now());
      }));
      const auto redeemed = ok_value(redeem(created.pin));
      EXPECT_TRUE(ok_value(register_applet(redeemed.guid, new_key())).registered);
      in = created.session.id;
    }
    PickupRequest request;
    request.session = *in;
    request.console_spki = new_key();
    request.join = join;
    EXPECT_OK(write([&](Transaction& tx) { return desk_->pickup(tx, request, p, now()); }));
    return *in;
  }
  std::size_t grants(const base::Guid& of) {
    return ok_value(read([&](ReadTransaction& tx) { return store::grants::current(tx, of); })).size();
  }
};

TEST_F(SignInSessionsTest, LastAsLongAsTheSiteSays) {
  add_user("eve@x", UserRole::auditor);
  set("sign_in.lifetime", "2h");
  const auto in = ok_value(sign_in("eve@x", std::string(kPassword)));
  EXPECT_EQ(in.expires_at, now() + 2h);
  clock_.advance(2h - 1us);
  EXPECT_OK(authenticate(in.token));
  clock_.advance(1us);
  EXPECT_CODE(authenticate(in.token), Errc::sign_in_needed);
}

TEST_F(SignInSessionsTest, EndWhenNobodyUsesThem) {
  add_user("eve@x", UserRole::auditor);
  set("sign_in.idle", "20m");
  const auto used = token_of("eve@x"), unused = token_of("eve@x");
  for (int i = 0; i < 5; ++i) {
    clock_.advance(19min);
    use(used);
    EXPECT_EQ(authenticate(unused).has_value(), i == 0) << i;
  }
  clock_.advance(20min);
  EXPECT_CODE(authenticate(used), Errc::sign_in_needed);
  set("sign_in.idle", "off");
  EXPECT_OK(authenticate(used)) << "nothing had ended it yet";
}

TEST_F(SignInSessionsTest, UseIsWrittenOnceAMinuteOrFourTimesInAShortLimit) {
  add_user("eve@x", UserRole::auditor);
  const auto token = token_of("eve@x");
  EXPECT_EQ(who(token).use_due_at, now() + 60s);
  clock_.advance(60s);
  use(token);
  EXPECT_EQ(who(token).use_due_at, now() + 60s);
  set("sign_in.idle", "1m");
  EXPECT_EQ(who(token).use_due_at, now() + 15s);
  for (int i = 0; i < 20; ++i) {
    clock_.advance(44s);  // used all the time, though never just when it is written
    use(token);
    clock_.advance(15s);
    EXPECT_OK(authenticate(token));
    use(token);
  }
}

TEST_F(SignInSessionsTest, TheInactivityTimeOfAGroupCountsForTechniciansAndWhateverIsShorter) {
  add_user("ada@x");
  add_user("root@x", UserRole::administrator);
  inactivity(10min);
  const auto ada = token_of("ada@x"), root = token_of("root@x");
  clock_.advance(10min);
  EXPECT_CODE(authenticate(ada), Errc::sign_in_needed);
  EXPECT_OK(authenticate(root));
  inactivity(0s);
  EXPECT_OK(authenticate(ada));
  set("sign_in.idle", "5m");
  EXPECT_CODE(authenticate(ada), Errc::sign_in_needed);
  EXPECT_CODE(authenticate(root), Errc::sign_in_needed);
}

TEST_F(SignInSessionsTest, AnOpenSessionKeepsItsTechnicianSignedIn) {
  add_user("ada@x");
  inactivity(10min);
  const auto token = token_of("ada@x");
  const auto session_id = session_with(token);
  clock_.advance(12min);  // the lease is good for 15
  EXPECT_OK(authenticate(token));
  EXPECT_THAT(end_idle(), IsEmpty());
  EXPECT_OK(write([&](Transaction& tx) {
    return desk_->end(tx, session_id, wire::SessionEvent::close, {wire::Party::technician, "ada@x", std::nullopt},
                      "done", now());
  }));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
}

TEST_F(SignInSessionsTest, ASessionWhoseConsoleIsGoneKeepsNobodySignedIn) {
  add_user("ada@x");
  inactivity(10min);
  const auto token = token_of("ada@x");
  session_with(token);
  clock_.advance(16min);
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
}

TEST_F(SignInSessionsTest, IdleOnesAreEndedAndLogged) {
  const auto ada = add_user("ada@x");
  add_user("root@x", UserRole::administrator);
  inactivity(10min);
  const auto idle = token_of("ada@x");
  token_of("root@x");
  clock_.advance(9min);
  const auto busy = token_of("ada@x");
  EXPECT_THAT(end_idle(), IsEmpty());
  clock_.advance(1min);
  EXPECT_THAT(end_idle(), ElementsAre(ada.id));
  EXPECT_EQ(last_event().type, EventType::auth_sign_in_ended);
  EXPECT_THAT(last_event().data, HasSubstr(R"("reason":"inactivity")"));
  EXPECT_OK(authenticate(busy));
  inactivity(0s);
  EXPECT_CODE(authenticate(idle), Errc::sign_in_needed) << "it has ended for good";
  EXPECT_THAT(end_idle(), IsEmpty());
}

TEST_F(SignInSessionsTest, ATouchRevivesNothing) {
  add_user("ada@x");
  const auto token = token_of("ada@x");
  const auto p = who(token);
  EXPECT_OK(end(p.token, "root@x"));
  clock_.advance(5min);
  EXPECT_OK(flag([&](Transaction& tx) { return sign_ins::touch(tx, p, now()); }));
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
}

TEST_F(SignInSessionsTest, EndingOneEndsWhatWasPickedUpWithItAndNothingElse) {
  add_user("ada@x");
  add_user("bob@x");
  const auto lost = token_of("ada@x"), kept = token_of("ada@x"), bob = token_of("bob@x");
  const auto held = session_with(lost), other = session_with(kept), bobs = session_with(bob);
  session_with(lost, true, bobs);
  ASSERT_EQ(grants(bobs), 2U);
  EXPECT_OK(end(who(lost).token, {"root@x", "192.0.2.7", "api"}));
  EXPECT_CODE(authenticate(lost), Errc::sign_in_needed);
  EXPECT_OK(authenticate(kept));
  EXPECT_EQ(session(held).state, "aborted");
  EXPECT_EQ(session(held).ended_by, "administrator");
  EXPECT_FALSE(session(other).ended_at);
  EXPECT_FALSE(session(bobs).ended_at);
  EXPECT_EQ(grants(bobs), 1U) << "Bob's own";
  EXPECT_EQ(last_event().type, EventType::auth_sign_in_ended);
  EXPECT_THAT(last_event().data, HasSubstr(R"("address":"192.0.2.7")"));
  EXPECT_CODE(end(id(), "root@x"), Errc::token_not_found);
}

TEST_F(SignInSessionsTest, ARenewedLeaseBelongsToTheSignInThatRenewedIt) {
  add_user("ada@x");
  const auto first = token_of("ada@x");
  const auto session_id = session_with(first);
  const auto second = token_of("ada@x");
  const auto spki =
      ok_value(read([&](ReadTransaction& tx) { return store::grants::current(tx, session_id); })).front().console_spki;
  EXPECT_OK(write([&](Transaction& tx) { return desk_->renew(tx, session_id, spki, who(second), now()); }));
  EXPECT_OK(end(who(first).token, "ada@x"));
  EXPECT_FALSE(session(session_id).ended_at);
  EXPECT_OK(end(who(second).token, "ada@x"));
  EXPECT_TRUE(session(session_id).ended_at);
}

TEST_F(SignInSessionsTest, EndingAllOfAUserLeavesTheOthers) {
  const auto ada = add_user("ada@x");
  add_user("bob@x");
  const auto one = token_of("ada@x"), two = token_of("ada@x"), bob = token_of("bob@x");
  const auto all = [&] {
    return write([&](Transaction& tx) { return sign_ins::end_all(tx, ada.id, "root@x", now()); });
  };
  EXPECT_EQ(ok_value(all()), 2U);
  EXPECT_CODE(authenticate(one), Errc::sign_in_needed);
  EXPECT_CODE(authenticate(two), Errc::sign_in_needed);
  EXPECT_OK(authenticate(bob));
  EXPECT_EQ(ok_value(all()), 0U);
}

TEST_F(SignInSessionsTest, AnIdentityProviderMayEndASignInSoonerAndOwesNoSecondFactor) {
  const auto ada = add_user("ada@x");
  ok_value(write([&](Transaction& tx) -> base::Result<bool> {
    RESCUE_TRY(auto group, store::groups::get_default(tx));
    group.require_mfa = true;
    RESCUE_CHECK(store::groups::update(tx, group));
    return true;
  }));
  sign_ins::NewSignIn by_sso;
  by_sso.proof = sign_ins::Proof::sso;
  by_sso.not_after = now() + 30min;
  const auto in =
      ok_value(write([&](Transaction& tx) { return sign_ins::issue(tx, user(ada.id), by_sso, random_, now()); }));
  EXPECT_EQ(in.expires_at, now() + 30min);
  EXPECT_FALSE(in.must_enrol_mfa);
  EXPECT_FALSE(who(in.token).must_enrol_mfa);
}

}  // namespace
}  // namespace rescue::directory
