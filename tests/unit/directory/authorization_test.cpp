// SPDX-License-Identifier: Apache-2.0
#include "directory/authorization.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace rescue::directory {
namespace {
using store::UserRole;

/// Written by hand from what each role is for, not from the code: n nobody's, o own, a any.
struct Expected {
  std::string_view verb, technician, administrator, auditor;
};
constexpr Expected kExpected[] = {
    {"account.own", "a", "a", "a"},    {"user.list", "n", "a", "n"},       {"user.manage", "n", "a", "n"},
    {"session.create", "a", "a", "n"}, {"session.list", "o", "a", "n"},    {"session.read", "o", "a", "n"},
    {"session.pickup", "o", "a", "n"}, {"session.join", "a", "a", "n"},    {"session.ticket", "o", "o", "n"},
    {"session.close", "o", "a", "n"},  {"session.note", "o", "a", "n"},    {"session.log_write", "o", "o", "n"},
    {"log.query", "o", "a", "a"},      {"events.sessions", "o", "a", "n"}, {"events.log", "o", "a", "a"},
    {"gateway.list", "n", "a", "n"},   {"gateway.manage", "n", "a", "n"},
};
static_assert(std::size(kExpected) == kVerbs);

class Authorization : public ::testing::Test {
 protected:
  Principal principal(UserRole role) {
    Principal p;
    p.id = base::Guid::random(random_);
    p.role = role;
    return p;
  }
  base::SeededRandom random_{1};
};

TEST_F(Authorization, EachRoleMayDoWhatTheTableSaysAndNoMore) {
  constexpr UserRole kRoles[] = {UserRole::technician, UserRole::administrator, UserRole::auditor};
  for (std::size_t v = 0; v < kVerbs; ++v) {
    const auto verb = static_cast<Verb>(v);
    const auto* row = std::find_if(std::begin(kExpected), std::end(kExpected),
                                   [&](const Expected& e) { return e.verb == to_string(verb); });
    ASSERT_NE(row, std::end(kExpected)) << to_string(verb);
    for (const auto role : kRoles) {
      const auto want = role == UserRole::technician      ? row->technician
                        : role == UserRole::administrator ? row->administrator
                                                          : row->auditor;
      const auto who = principal(role);
      const auto other = base::Guid::random(random_);
      EXPECT_EQ(authorize(who, verb, other).has_value(), want == "a")
          << store::to_string(role) << ' ' << to_string(verb);
      EXPECT_EQ(authorize(who, verb).has_value(), want == "a") << store::to_string(role) << ' ' << to_string(verb);
      EXPECT_EQ(authorize(who, verb, who.id).has_value(), want != "n")
          << store::to_string(role) << ' ' << to_string(verb);
    }
  }
}

TEST_F(Authorization, WhoHasToChangeThePasswordMayDoNothingElse) {
  for (const auto role : {UserRole::technician, UserRole::administrator, UserRole::auditor}) {
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

TEST_F(Authorization, ARefusalNamesVerbAndRole) {
  const auto refused = authorize(principal(UserRole::auditor), Verb::session_close);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message(), "session.close as auditor: not allowed");
}

}  // namespace
}  // namespace rescue::directory
