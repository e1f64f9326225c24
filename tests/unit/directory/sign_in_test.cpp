// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;

class SignInTest : public DirectoryTest {
 protected:
  base::Result<> change_password(const Principal& who, std::string current, std::string next) {
    std::promise<base::Result<>> promise;
    sign_in_->change_password(who, {std::move(current), std::move(next), "192.0.2.1"},
                              [&](base::Result<> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
};

TEST_F(SignInTest, TheRightPasswordGivesATokenThatStandsForTheAccountUntilItExpires) {
  const auto ada = add_user("ada@x", UserRole::auditor);
  const auto in = ok_value(sign_in("ADA@x", std::string(kPassword)));
  EXPECT_EQ(in.user.last_login_at, now());
  const auto who = ok_value(authenticate(in.token));
  EXPECT_EQ(who.id, ada.id);
  EXPECT_EQ(who.role, UserRole::auditor);
  EXPECT_EQ(last_event().type, EventType::auth_login);
  EXPECT_EQ(last_event().actor, "ada@x");
  EXPECT_EQ(last_event().data, R"({"address":"192.0.2.1","device":"laptop"})");
  clock_.advance(in.expires_at - now() - 1us);
  EXPECT_OK(authenticate(in.token));
  clock_.advance(1us);
  EXPECT_CODE(authenticate(in.token), Errc::sign_in_needed);
}

TEST_F(SignInTest, TheDatabaseHoldsNoToken) {
  add_user("ada@x");
  const auto in = ok_value(sign_in("ada@x", std::string(kPassword)));
  store_.reset();
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    EXPECT_EQ(content.find(in.token.substr(4)), std::string::npos) << file.path();
    EXPECT_EQ(content.find(kPassword), std::string::npos) << file.path();
  }
}

TEST_F(SignInTest, OtherTokensStandForNobody) {
  add_user("ada@x");
  const auto token = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  auto flipped = token;
  flipped.back() = flipped.back() == 'A' ? 'E' : 'A';
  for (const auto& bad :
       {std::string(), std::string("rsc_"), std::string("Bearer"), flipped, token + "A", std::string(9999, 'a')}) {
    EXPECT_CODE(authenticate(bad), Errc::sign_in_needed);
  }
}

TEST_F(SignInTest, FiveFailuresLockAndOnlyUnlockingHelps) {
  const auto ada = add_user("ada@x");
  for (int i = 1; i <= 5; ++i) {
    EXPECT_CODE(sign_in("ada@x", "wrong " + std::to_string(i)), Errc::sign_in_failed);
    EXPECT_EQ(user(ada.id).failed_sign_ins, static_cast<unsigned>(i));
    EXPECT_EQ(user(ada.id).locked_at.has_value(), i == 5);
  }
  EXPECT_EQ(last_event().type, EventType::auth_locked);
  // Nothing tells the right password from a wrong one now.
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::sign_in_failed);
  EXPECT_THAT(last_event().data, HasSubstr("account locked"));
  EXPECT_CODE(sign_in("ada@x", "wrong"), Errc::sign_in_failed);
  EXPECT_OK(write([&](Transaction& tx) { return accounts::unlock(tx, ada.id, "root@x", now()); }));
  EXPECT_EQ(last_event().type, EventType::user_unlocked);
  EXPECT_OK(sign_in("ada@x", std::string(kPassword)));
}

TEST_F(SignInTest, ASuccessForgetsEarlierFailures) {
  const auto ada = add_user("ada@x");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_CODE(sign_in("ada@x", "wrong"), Errc::sign_in_failed);
    EXPECT_OK(sign_in("ada@x", std::string(kPassword)));
  }
  EXPECT_FALSE(user(ada.id).locked_at);
}

TEST_F(SignInTest, GuessesAtOnceAreCountedEachAndLock) {
  const auto ada = add_user("ada@x");
  std::latch finished(40);
  std::atomic<int> in{0};
  for (int i = 0; i < 40; ++i) {
    sign_in_->sign_in({"ada@x", "guess " + std::to_string(i), "", ""}, [&](base::Result<SignedIn> r) {
      if (r) ++in;
      finished.count_down();
    });
  }
  finished.wait();
  EXPECT_EQ(in, 0);
  EXPECT_TRUE(user(ada.id).locked_at);
  EXPECT_EQ(user(ada.id).failed_sign_ins, 5u);
}

TEST_F(SignInTest, AnUnknownAccountCostsAHashAndSaysNothingElse) {
  const auto ada = add_user("ada@x");
  const auto wrong = sign_in("ada@x", "wrong");
  EXPECT_EQ(sign_in_->counters().verified, 1u);
  EXPECT_EQ(sign_in_->counters().no_account, 0u);
  const auto unknown = sign_in("nobody@x", "wrong");
  EXPECT_EQ(sign_in_->counters().verified, 1u);
  EXPECT_EQ(sign_in_->counters().no_account, 1u);
  ASSERT_FALSE(wrong.has_value());
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(wrong.error().message(), unknown.error().message());
  EXPECT_THAT(last_event().data, HasSubstr("unknown account"));
  EXPECT_EQ(last_event().actor, "nobody@x");
  for (const auto& odd : {std::string(), std::string(100'000, 'a') + "@x", std::string("\xff\n@x")}) {
    EXPECT_CODE(sign_in(odd, "wrong"), Errc::sign_in_failed);
  }
  EXPECT_EQ(sign_in_->counters().no_account, 4u);
  // A locked and a password-less account cost one, too.
  for (int i = 0; i < 5; ++i) EXPECT_CODE(sign_in("ada@x", "wrong"), Errc::sign_in_failed);
  EXPECT_EQ(sign_in_->counters().verified, 6u);
}

TEST_F(SignInTest, AnAccountThatIsDisabledMeanwhileIsNotLetIn) {
  add_user("root@x", UserRole::administrator);
  const auto ada = add_user("ada@x");
  // The account changes while its password is being checked.
  SignIn slow(
      *store_,
      [&](std::move_only_function<void()> rest) {
        std::thread([this, &ada, rest = std::move(rest)]() mutable {
          EXPECT_OK(write([&](Transaction& tx) { return accounts::disable(tx, ada.id, "root@x", now()); }));
          rest();
        }).detach();
      },
      clock_, random_);
  std::promise<base::Result<SignedIn>> promise;
  slow.sign_in({"ada@x", std::string(kPassword), "", ""},
               [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
  EXPECT_CODE(promise.get_future().get(), Errc::account_disabled);
}

TEST_F(SignInTest, ASignOutEndsThatTokenAlone) {
  add_user("ada@x");
  const auto one = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto two = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto who = ok_value(authenticate(one));
  EXPECT_OK(write([&](Transaction& tx) { return sign_out(tx, who, now()); }));
  EXPECT_CODE(authenticate(one), Errc::sign_in_needed);
  EXPECT_OK(authenticate(two));
  EXPECT_EQ(last_event().type, EventType::auth_logout);
}

TEST_F(SignInTest, APasswordChangeNeedsTheOldOneAndEndsOtherSignIns) {
  const auto ada = add_user("ada@x");
  const auto other = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto mine = ok_value(sign_in("ada@x", std::string(kPassword))).token;
  const auto who = ok_value(authenticate(mine));
  const std::string next = "a longer phrase with zebras 77";
  EXPECT_CODE(change_password(who, "wrong", next), Errc::sign_in_failed);
  EXPECT_EQ(user(ada.id).failed_sign_ins, 1u);
  EXPECT_CODE(change_password(who, std::string(kPassword), std::string(kPassword)), base::Errc::invalid_argument);
  EXPECT_CODE(change_password(who, std::string(kPassword), "password1"), Errc::password_too_weak);
  EXPECT_OK(authenticate(other));
  EXPECT_OK(change_password(who, std::string(kPassword), next));
  EXPECT_EQ(last_event().type, EventType::auth_password_changed);
  EXPECT_OK(authenticate(mine));
  EXPECT_CODE(authenticate(other), Errc::sign_in_needed);
  EXPECT_CODE(sign_in("ada@x", std::string(kPassword)), Errc::sign_in_failed);
  EXPECT_OK(sign_in("ada@x", next));
}

TEST_F(SignInTest, AHashOfAnOldCostIsRenewedAtTheNextSignIn) {
  const auto ada = add_user("ada@x");
  sign_in_->set_cost({.memory_bytes = 128 * 1024, .passes = 2});
  EXPECT_OK(sign_in("ada@x", std::string(kPassword)));
  EXPECT_NE(user(ada.id).password_hash, ada.password_hash);
  EXPECT_THAT(user(ada.id).password_hash, HasSubstr("m=128,t=2"));
  EXPECT_OK(sign_in("ada@x", std::string(kPassword)));
}

}  // namespace
}  // namespace rescue::directory
