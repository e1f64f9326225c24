// SPDX-License-Identifier: Apache-2.0
#include "directory/authorization.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"

namespace rescue::directory {
namespace {
using store::UserRole;

/// Written by hand from what each role is for, not from the code: n nobody's, o own, g own and those of the own group,
/// a any. Technician, group administrator, administrator, auditor, service; then the scope an API token needs.
struct Expected {
  std::string_view verb, roles, scope;
};
constexpr Expected kExpected[] = {
    {"account.own", "aaaaa", ""},
    {"user.list", "ngana", "users.read"},
    {"user.manage", "ngana", "users.write"},
    {"group.list", "ggana", "groups.read"},
    {"group.manage", "ngana", "groups.write"},
    {"channel.list", "ggana", "channels.read"},
    {"channel.manage", "nnana", "channels.write"},
    {"token.list", "nnann", "tokens"},
    {"token.manage", "nnann", "tokens"},
    {"sign_in.list", "ogana", "users.read"},
    {"sign_in.end", "ogana", "users.write"},
    {"policy.read", "naaaa", "policy.read"},
    {"policy.manage", "nnana", "policy.write"},
    {"sso.manage", "nnann", "sso"},
    {"provision", "nnana", "provision"},
    {"session.create", "aaana", "sessions"},
    {"session.list", "ogana", "sessions"},
    {"session.read", "ogana", "sessions"},
    {"session.pickup", "ogana", "sessions"},
    {"session.join", "aaana", "sessions"},
    {"session.ticket", "ooono", "sessions"},
    {"session.close", "ogana", "sessions"},
    {"session.note", "ogana", "sessions"},
    {"session.hold", "ooono", "sessions"},
    {"session.transfer", "ogana", "sessions"},
    {"session.decline", "aaana", "sessions"},
    {"session.leave", "aaana", "sessions"},
    {"presence", "aaana", "sessions"},
    {"session.log_write", "ooono", "sessions"},
    {"log.query", "ogaaa", "log.read"},
    {"events.sessions", "ogana", "sessions"},
    {"events.log", "ogaaa", "log.read"},
    {"gateway.list", "nnana", "gateways.read"},
    {"gateway.manage", "nnana", "gateways.write"},
};
static_assert(std::size(kExpected) == kVerbs);

class Authorization : public ::testing::Test {
 protected:
  Principal principal(UserRole role) {
    Principal p;
    p.id = base::Guid::random(random_);
    p.role = role;
    p.group = base::Guid::random(random_);
    return p;
  }
  base::SeededRandom random_{1};
};

constexpr UserRole kRoles[] = {UserRole::technician, UserRole::group_administrator, UserRole::administrator,
                               UserRole::auditor, UserRole::service};

const Expected& expected(Verb verb) {
  const auto* row = std::find_if(std::begin(kExpected), std::end(kExpected),
                                 [&](const Expected& e) { return e.verb == to_string(verb); });
  EXPECT_NE(row, std::end(kExpected)) << to_string(verb);
  return *row;
}

TEST_F(Authorization, EachRoleMayDoWhatTheTableSaysAndNoMore) {
  for (std::size_t v = 0; v < kVerbs; ++v) {
    const auto verb = static_cast<Verb>(v);
    for (std::size_t r = 0; r < std::size(kRoles); ++r) {
      const char want = expected(verb).roles[r];
      auto who = principal(kRoles[r]);
      const auto other = base::Guid::random(random_);
      const auto elsewhere = base::Guid::random(random_);
      const auto said = [&] { return std::string(store::to_string(kRoles[r])) + ' ' + std::string(to_string(verb)); };
      EXPECT_EQ(authorize(who, verb, other).has_value(), want == 'a') << said();
      EXPECT_EQ(authorize(who, verb).has_value(), want == 'a') << said();
      EXPECT_EQ(authorize(who, verb, {other, elsewhere}).has_value(), want == 'a') << said();
      EXPECT_EQ(authorize(who, verb, {other, who.group}).has_value(), want == 'a' || want == 'g') << said();
      EXPECT_EQ(authorize(who, verb, {who.id, elsewhere}).has_value(), want != 'n') << said();
    }
  }
}

TEST_F(Authorization, AnApiTokenDoesWhatItsScopesSayAndNoMore) {
  for (std::size_t v = 0; v < kVerbs; ++v) {
    const auto verb = static_cast<Verb>(v);
    const auto& row = expected(verb);
    EXPECT_EQ(scope_of(verb), row.scope);
    auto who = principal(UserRole::service);
    who.kind = store::TokenKind::api;
    const auto with = [&](std::vector<std::string> scopes) {
      who.scopes = std::move(scopes);
      return authorize(who, verb, who.id);
    };
    const bool may = row.roles[4] != 'n';
    EXPECT_EQ(with({}).has_value(), may && row.scope.empty()) << to_string(verb);
    EXPECT_EQ(with({std::string(row.scope)}).has_value(), may) << to_string(verb);
    // Every scope but the right one.
    std::vector<std::string> others;
    for (const auto scope : all_scopes())
      if (scope != row.scope) others.emplace_back(scope);
    EXPECT_EQ(with(others).has_value(), may && row.scope.empty()) << to_string(verb);
  }
}

TEST_F(Authorization, WhoHasToChangeThePasswordMayDoNothingElse) {
  for (const auto role : kRoles) {
    auto who = principal(role);
    who.must_change_password = true;
    for (std::size_t v = 0; v < kVerbs; ++v) {
      const auto answer = authorize(who, static_cast<Verb>(v), who.id);
      if (static_cast<Verb>(v) == Verb::own_account) {
        EXPECT_TRUE(answer.has_value());
      } else {
        ASSERT_FALSE(answer.has_value());
        EXPECT_TRUE(answer.error().code == Errc::password_change_required);
      }
    }
  }
}

TEST_F(Authorization, WhoOwesASecondFactorMayDoNothingElse) {
  for (const auto role : kRoles) {
    auto who = principal(role);
    who.must_enrol_mfa = true;
    EXPECT_TRUE(authorize(who, Verb::own_account, who.id).has_value());
    const auto refused = authorize(who, Verb::session_create, who.id);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().code == Errc::mfa_enrolment_required);
  }
}

TEST_F(Authorization, ARefusalNamesVerbAndRole) {
  const auto refused = authorize(principal(UserRole::auditor), Verb::session_close);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message(), "session.close as auditor: not allowed");
}

/// What a queue opens to somebody who neither owns the session nor stands for its owner's group.
TEST_F(Authorization, AQueueLetsItsPeopleSeeAndTakeAndNothingElse) {
  const auto who = principal(UserRole::technician);
  const auto elsewhere = base::Guid::random(random_);
  const auto verbs = [&](const Object& object) {
    std::string out;
    for (std::size_t v = 0; v < kVerbs; ++v) {
      const auto verb = static_cast<Verb>(v);
      const auto r = reach(who, verb);
      const bool of_sessions = to_string(verb).contains("session");
      if (of_sessions && (r == Reach::own || r == Reach::group) && authorize(who, verb, object))
        out += (out.empty() ? "" : " ") + std::string(to_string(verb));
    }
    return out;
  };
  Object object(base::Guid::random(random_), elsewhere);
  EXPECT_EQ(verbs(object), "");
  object.queue = {elsewhere, who.group};
  EXPECT_EQ(verbs(object), "session.read events.sessions") << "a colleague holds it";
  object.takers = {who.group};
  EXPECT_EQ(verbs(object), "session.read session.pickup events.sessions") << "on its way to the channel";
  object.free = true;
  EXPECT_EQ(verbs(object), "session.read session.pickup session.close session.note events.sessions") << "it waits";
  object = Object(base::Guid::random(random_), elsewhere);
  object.offered_to = who.id;
  EXPECT_EQ(verbs(object), "session.read session.pickup events.sessions") << "offered to this one";
  object.offered_to = base::Guid::random(random_);
  object.queue = object.takers = {elsewhere};
  object.free = true;
  EXPECT_EQ(verbs(object), "") << "of others";
  object.queue = object.takers = {who.group};
  auto auditor = principal(UserRole::auditor);
  auditor.group = who.group;
  EXPECT_FALSE(authorize(auditor, Verb::session_read, object));
  EXPECT_FALSE(authorize(auditor, Verb::session_pickup, object));
}

}  // namespace
}  // namespace rescue::directory
