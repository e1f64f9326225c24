// SPDX-License-Identifier: Apache-2.0
#include "directory/second_factor.hpp"

#include <set>

#include "crypto/totp.hpp"
#include "store/sign_ins.hpp"
#include "support.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SecondFactorTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    sign_in_->set_second_factor(&factor_);
  }
  /// Reads base32 as an authenticator does.
  static base::Bytes secret_of(const SecondFactor::Enrolment& enrolment) {
    constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    base::Bytes out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : enrolment.secret) {
      held = (held << 5) | static_cast<std::uint32_t>(kLetters.find(c));
      bits += 5;
      if (bits >= 8) out.push_back(static_cast<std::uint8_t>(held >> (bits -= 8)));
    }
    return out;
  }
  std::string code(const base::Bytes& secret, std::chrono::seconds from_now = 0s) const {
    return crypto::totp_code(secret, crypto::totp_step_of(now() + from_now));
  }
  base::Result<SecondFactor::Enrolment> begin(const Principal& who) {
    return write([&](Transaction& tx) { return factor_.begin(tx, who, "Example Ltd"); });
  }
  base::Result<SecondFactor::Codes> confirm(const Principal& who, const std::string& given) {
    return flat<SecondFactor::Codes>([&](Transaction& tx) {
      return factor_.confirm(tx, who, given, {who.email, "192.0.2.7", "api"}, now());
    });
  }
  base::Result<SecondFactor::Codes> renew(const Principal& who, const std::string& given) {
    return flat<SecondFactor::Codes>([&](Transaction& tx) {
      return factor_.renew_codes(tx, who, given, {who.email, "192.0.2.7", "api"}, now());
    });
  }
  base::Result<> remove(const Principal& who, const std::string& given) {
    return flat<void>([&](Transaction& tx) {
      return factor_.remove(tx, who, given, {who.email, "192.0.2.7", "api"}, now());
    });
  }
  template <typename T, typename F>
  base::Result<T> flat(F mutation) {
    auto r = write(mutation);
    return r ? std::move(*r) : base::Result<T>(base::fail(r.error()));
  }
  base::Result<SignedIn> sign_in_with(const std::string& given, std::string password = std::string(kPassword)) {
    std::promise<base::Result<SignedIn>> promise;
    sign_in_->sign_in({"ada@x", std::move(password), "laptop", "192.0.2.1", given},
                      [&](base::Result<SignedIn> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  SecondFactor::Status status(const base::Guid& id) {
    return ok_value(read([&](ReadTransaction& tx) { return factor_.status(tx, id); }));
  }
  /// Ada with a confirmed second factor; a minute has passed, so that the code that confirmed it is over.
  void enrol() {
    ada_ = add_user("ada@x");
    who_ = principal(ada_);
    secret_ = secret_of(ok_value(begin(who_)));
    codes_ = ok_value(confirm(who_, code(secret_)));
    clock_.advance(1min);
  }
  void require_mfa(bool on) {
    ok_value(write([&](Transaction& tx) -> base::Result<bool> {
      RESCUE_TRY(auto group, store::groups::get_default(tx));
      group.require_mfa = on;
      RESCUE_CHECK(store::groups::update(tx, group));
      return true;
    }));
  }

  SecondFactor factor_{base::Bytes(32, 0x5a), base::system_random()};
  store::User ada_;
  Principal who_;
  base::Bytes secret_;
  SecondFactor::Codes codes_;
};

TEST_F(SecondFactorTest, CountsFromItsConfirmationOn) {
  const auto ada = add_user("ada@x");
  const auto who = principal(ada);
  const auto enrolment = ok_value(begin(who));
  EXPECT_THAT(enrolment.uri, StartsWith("otpauth://totp/Example%20Ltd:ada%40x?secret=" + enrolment.secret));
  EXPECT_FALSE(status(ada.id).enrolled);
  EXPECT_OK(sign_in_with(""));
  EXPECT_CODE(confirm(who, "000000"), Errc::code_wrong);
  EXPECT_EQ(user(ada.id).failed_sign_ins, 0U) << "who sets it up guesses nothing";
  const auto codes = ok_value(confirm(who, code(secret_of(enrolment))));
  EXPECT_EQ(codes.size(), 10U);
  EXPECT_EQ(std::set(codes.begin(), codes.end()).size(), 10U);
  EXPECT_TRUE(status(ada.id).enrolled);
  EXPECT_EQ(status(ada.id).recovery_codes_left, 10U);
  EXPECT_CODE(sign_in_with(""), Errc::code_needed);
  const auto log = log_rows();
  EXPECT_EQ(log[log.size() - 2].type, EventType::auth_mfa_enrolled);
  EXPECT_EQ(log.back().type, EventType::auth_recovery_codes_made);
  EXPECT_THAT(log.back().data, HasSubstr(R"("address":"192.0.2.7")"));
}

TEST_F(SecondFactorTest, TheConfirmingCodeIsSpentAndANewSecretReplacesAnUnconfirmedOne) {
  const auto ada = add_user("ada@x");
  const auto who = principal(ada);
  const auto first = secret_of(ok_value(begin(who)));
  const auto second = secret_of(ok_value(begin(who)));
  EXPECT_NE(first, second);
  EXPECT_CODE(confirm(who, code(first)), Errc::code_wrong);
  EXPECT_OK(confirm(who, code(second)));
  EXPECT_CODE(sign_in_with(code(second)), Errc::code_wrong);
  EXPECT_CODE(confirm(who, code(second)), base::Errc::conflict);
  EXPECT_CODE(begin(who), base::Errc::conflict) << "a stolen token changes no second factor";
  clock_.advance(30s);
  EXPECT_OK(sign_in_with(code(second)));
}

TEST_F(SecondFactorTest, ConfirmingEndsTheSignInsWithoutIt) {
  const auto ada = add_user("ada@x");
  const auto other = ok_value(sign_in_with("")).token;
  const auto mine = ok_value(sign_in_with("")).token;
  const auto who = ok_value(authenticate(mine));
  const auto secret = secret_of(ok_value(begin(who)));
  EXPECT_OK(authenticate(other));
  EXPECT_OK(confirm(who, code(secret)));
  EXPECT_OK(authenticate(mine));
  EXPECT_CODE(authenticate(other), Errc::sign_in_needed);
}

TEST_F(SecondFactorTest, ACodeIsGoodOnceAndTheNextOneToo) {
  enrol();
  const auto right = code(secret_);
  EXPECT_OK(sign_in_with(right));
  EXPECT_CODE(sign_in_with(right), Errc::code_wrong);
  EXPECT_CODE(sign_in_with(code(secret_, -30s)), Errc::code_wrong) << "older than the last one";
  EXPECT_OK(sign_in_with(code(secret_, 30s)));
  EXPECT_CODE(sign_in_with(code(secret_, 90s)), Errc::code_wrong);
}

TEST_F(SecondFactorTest, ARightCodeIsNotSpentByAWrongPassword) {
  enrol();
  EXPECT_CODE(sign_in_with(code(secret_), "wrong"), Errc::sign_in_failed);
  EXPECT_OK(sign_in_with(code(secret_)));
}

TEST_F(SecondFactorTest, WrongCodesLockTheAccountAndAMissingOneDoesNot) {
  enrol();
  for (int i = 0; i < 20; ++i) EXPECT_CODE(sign_in_with(""), Errc::code_needed);
  EXPECT_EQ(user(ada_.id).failed_sign_ins, 0U);
  for (int i = 0; i < 5; ++i) EXPECT_CODE(sign_in_with("000000"), Errc::code_wrong);
  EXPECT_TRUE(user(ada_.id).locked_at);
  EXPECT_CODE(sign_in_with(code(secret_)), Errc::sign_in_failed);
  EXPECT_CODE(sign_in_with(codes_[0]), Errc::sign_in_failed);
}

TEST_F(SecondFactorTest, ARecoveryCodeStandsInOnceHoweverItIsTyped) {
  enrol();
  EXPECT_OK(sign_in_with(codes_[0]));
  EXPECT_EQ(log_rows()[log_rows().size() - 2].type, EventType::auth_recovery_code_used);
  EXPECT_CODE(sign_in_with(codes_[0]), Errc::code_wrong);
  auto typed = codes_[1];
  std::erase(typed, '-');
  for (auto& c : typed) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  typed.insert(4, " ");
  EXPECT_OK(sign_in_with(typed));
  EXPECT_EQ(status(ada_.id).recovery_codes_left, 8U);
  for (const auto& bad : {std::string("abcd"), std::string(100'000, 'a'), codes_[2] + "a", std::string("-")})
    EXPECT_CODE(sign_in_with(bad), Errc::code_wrong) << bad.size();
}

TEST_F(SecondFactorTest, RecoveryCodesAreGoodForTheirAccountAlone) {
  enrol();
  const auto bob = add_user("bob@x");
  const auto secret = secret_of(ok_value(begin(principal(bob))));
  const auto others = ok_value(confirm(principal(bob), code(secret)));
  EXPECT_CODE(sign_in_with(others[0]), Errc::code_wrong);
  EXPECT_CODE(sign_in_with(code(secret, 30s)), Errc::code_wrong);
}

TEST_F(SecondFactorTest, NewCodesNeedACodeAndReplaceTheOldOnes) {
  enrol();
  EXPECT_CODE(renew(who_, "000000"), Errc::code_wrong);
  EXPECT_EQ(user(ada_.id).failed_sign_ins, 1U);
  const auto fresh = ok_value(renew(who_, code(secret_)));
  EXPECT_EQ(fresh.size(), 10U);
  EXPECT_CODE(sign_in_with(codes_[3]), Errc::code_wrong);
  EXPECT_OK(sign_in_with(fresh[3]));
}

TEST_F(SecondFactorTest, RemovingNeedsACodeAndGuessingItLocks) {
  enrol();
  for (int i = 0; i < 5; ++i) EXPECT_CODE(remove(who_, "000000"), Errc::code_wrong);
  EXPECT_EQ(last_event().type, EventType::auth_locked);
  EXPECT_CODE(remove(who_, code(secret_)), Errc::sign_in_failed) << "not even the right one now";
  EXPECT_OK(write([&](Transaction& tx) { return accounts::unlock(tx, ada_.id, "root@x", now()); }));
  EXPECT_OK(remove(who_, code(secret_)));
  EXPECT_EQ(last_event().type, EventType::auth_mfa_removed);
  EXPECT_OK(sign_in_with(""));
  EXPECT_CODE(remove(who_, code(secret_)), base::Errc::conflict);
  EXPECT_EQ(status(ada_.id).recovery_codes_left, 0U);
}

TEST_F(SecondFactorTest, AResetLetsTheOwnerInByPasswordAndEndsEverySignIn) {
  enrol();
  const auto token = ok_value(sign_in_with(code(secret_))).token;
  const auto reset = [&] {
    return write([&](Transaction& tx) { return SecondFactor::reset(tx, ada_.id, "root@x", now()); });
  };
  EXPECT_OK(reset());
  EXPECT_EQ(last_event().type, EventType::user_mfa_reset);
  EXPECT_EQ(last_event().actor, "root@x");
  EXPECT_CODE(authenticate(token), Errc::sign_in_needed);
  EXPECT_OK(sign_in_with(""));
  const auto before = log_rows().size();
  EXPECT_OK(reset());
  EXPECT_EQ(log_rows().size(), before) << "nothing changed";
}

TEST_F(SecondFactorTest, AGroupThatRequiresItLetsItsMembersSetOneUpAndNothingElse) {
  const auto ada = add_user("ada@x");
  const auto early = ok_value(sign_in_with("")).token;
  require_mfa(true);
  EXPECT_FALSE(ok_value(authenticate(early)).must_enrol_mfa) << "from the next sign-in on";
  const auto in = ok_value(sign_in_with(""));
  EXPECT_TRUE(in.must_enrol_mfa);
  auto who = ok_value(authenticate(in.token));
  EXPECT_CODE(authorize(who, Verb::session_create), Errc::mfa_enrolment_required);
  EXPECT_OK(authorize(who, Verb::own_account));
  const auto secret = secret_of(ok_value(begin(who)));
  EXPECT_CODE(authorize(ok_value(authenticate(in.token)), Verb::session_create), Errc::mfa_enrolment_required);
  EXPECT_OK(confirm(who, code(secret)));
  who = ok_value(authenticate(in.token));
  EXPECT_OK(authorize(who, Verb::session_create));
  clock_.advance(1min);
  const auto later = ok_value(sign_in_with(code(secret)));
  EXPECT_FALSE(later.must_enrol_mfa);
  clock_.advance(1min);
  EXPECT_OK(remove(who, code(secret)));
  EXPECT_CODE(authorize(ok_value(authenticate(in.token)), Verb::session_create), Errc::mfa_enrolment_required);
  EXPECT_CODE(authorize(ok_value(authenticate(later.token)), Verb::session_create), Errc::mfa_enrolment_required);
  EXPECT_TRUE(status(ada.id).required);
}

TEST_F(SecondFactorTest, NothingOfItIsKeptOfARemovedAccount) {
  enrol();
  EXPECT_OK(write([&](Transaction& tx) { return accounts::remove(tx, ada_.id, "root@x", now()); }));
  EXPECT_TRUE(user(ada_.id).totp_secret.empty());
  EXPECT_EQ(status(ada_.id).recovery_codes_left, 0U);
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return store::recovery_codes::count_unused(tx, ada_.id); })), 0U);
}

TEST_F(SecondFactorTest, WithoutWhatChecksCodesNobodyWithOneIsLetIn) {
  enrol();
  sign_in_->set_second_factor(nullptr);
  EXPECT_CODE(sign_in_with(code(secret_)), base::Errc::internal);
}

TEST_F(SecondFactorTest, TheDatabaseAndTheLogHoldNoSecret) {
  enrol();
  const auto text = crypto::to_base32(secret_);
  for (const auto& event : log_rows()) {
    EXPECT_THAT(event.data, Not(HasSubstr(text)));
    for (const auto& recovery : codes_) EXPECT_THAT(event.data, Not(HasSubstr(recovery)));
  }
  store_.reset();
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    EXPECT_EQ(content.find(base::as_text(secret_)), std::string::npos) << file.path();
    for (const auto& recovery : codes_) EXPECT_EQ(content.find(recovery), std::string::npos) << file.path();
  }
}

TEST_F(SecondFactorTest, ASealedSecretOfAnotherAccountOpensNothing) {
  enrol();
  const auto bob = add_user("bob@x");
  ok_value(write([&](Transaction& tx) -> base::Result<bool> {
    auto copy = user(bob.id);
    copy.totp_secret = user(ada_.id).totp_secret;
    copy.totp_confirmed_at = now();
    RESCUE_CHECK(store::users::update(tx, copy));
    return true;
  }));
  auto row = user(bob.id);
  EXPECT_CODE(write([&](Transaction& tx) { return factor_.check(tx, row, code(secret_), now()); }),
              base::Errc::verification_failed);
}

}  // namespace
}  // namespace rescue::directory
