// SPDX-License-Identifier: Apache-2.0
#include "directory/policy_answer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "directory/accounts.hpp"
#include "directory/channels.hpp"
#include "store/channels.hpp"
#include "store/users.hpp"
#include "wire/permission.hpp"

namespace rescue::directory {
namespace {
using wire::Permission;
using wire::PermissionSet;

std::optional<Verb> parse_verb(std::string_view name) {
  for (std::size_t i = 0; i < kVerbs; ++i)
    if (to_string(static_cast<Verb>(i)) == name) return static_cast<Verb>(i);
  return std::nullopt;
}

bool is_of_a_session(Verb verb) { return verb >= Verb::session_create && verb <= Verb::session_log_write; }

/// One question on its way through the rules; the first that says no decides.
class Decision {
 public:
  Decision(store::ReadTransaction& tx, store::User user, store::Group group) : tx_(tx), group_(std::move(group)) {
    out_.user = std::move(user);
  }

  base::Result<PolicyAnswer> permission(Permission permission, std::string_view channel) {
    const auto verb = permission == Permission::private_sessions ? Verb::session_create : Verb::session_pickup;
    RESCUE_TRY(const bool open, may_at_all(verb, channel));
    if (!open) return std::move(out_);
    const auto has = PermissionSet::from_bits(group_.permissions).has(permission);
    decide(has, "group.permissions",
           fmt::format("group '{}' {} {}", group_.name, has ? "grants" : "does not grant", wire::name(permission)));
    if (has) session_conditions(permission);
    return std::move(out_);
  }

  base::Result<PolicyAnswer> verb(Verb verb, std::string_view channel) {
    RESCUE_TRY(const bool open, may_at_all(verb, channel));
    if (!open) return std::move(out_);
    if (verb == Verb::session_create) {
      const bool has = PermissionSet::from_bits(group_.permissions).has(Permission::private_sessions);
      decide(has, "group.permissions",
             fmt::format("group '{}' {} private_sessions", group_.name, has ? "grants" : "does not grant"));
    }
    return std::move(out_);
  }

 private:
  void decide(bool allowed, std::string_view rule, std::string reason) {
    out_.allowed = allowed;
    out_.rule = rule;
    out_.reason = std::move(reason);
  }
  void condition(bool holds, std::string text) {
    if (holds) out_.conditions.push_back(std::move(text));
  }

  /// Account, role and channel. False when one of them said no.
  base::Result<bool> may_at_all(Verb verb, std::string_view channel) {
    if (out_.user.disabled) {
      decide(false, "account.disabled", fmt::format("the account {} is disabled", out_.user.email));
      return false;
    }
    const auto role = store::to_string(out_.user.role);
    out_.reach = directory::reach(out_.user.role, verb);
    if (out_.reach == Reach::none) {
      decide(false, "role", fmt::format("the role {} has no {}", role, to_string(verb)));
      return false;
    }
    decide(true, "role", fmt::format("the role {} has {} for {}", role, to_string(verb), reach_text()));
    RESCUE_TRY(const bool through, channel_lets(verb, channel));
    if (!through) return false;
    account_conditions(verb);
    return true;
  }

  [[nodiscard]] std::string reach_text() const {
    switch (out_.reach) {
      case Reach::own:
        return "what is the account's own";
      case Reach::group:
        return fmt::format("group '{}'", group_.name);
      default:
        return "everything";
    }
  }

  base::Result<bool> channel_lets(Verb verb, std::string_view named) {
    if (named.empty()) return true;
    RESCUE_TRY(const auto channel, channels::find(tx_, named));
    if (!is_of_a_session(verb) || out_.reach == Reach::any) return true;
    RESCUE_TRY(const auto groups, store::channels::groups_of(tx_, channel.id));
    if (std::ranges::find(groups, group_.id) != groups.end()) return true;
    decide(false, "channel.groups",
           fmt::format("group '{}' is not assigned to channel '{}'", group_.name, channel.name));
    return false;
  }

  void account_conditions(Verb verb) {
    const auto& user = out_.user;
    condition(user.locked_at.has_value(), "account.locked: no new sign-in until an administrator unlocks the account");
    condition(user.must_change_password, "account.must_change_password: the password has to be changed first");
    condition(group_.require_sso && user.role != store::UserRole::service,
              fmt::format("group.require_sso: members of '{}' sign in through the identity provider", group_.name));
    condition(user.sso_disabled, "account.sso_disabled: no sign-in through the identity provider");
    condition(
        group_.require_mfa && !group_.require_sso && user.role != store::UserRole::service && !user.totp_confirmed_at,
        fmt::format("group.require_mfa: members of '{}' set up a second factor first", group_.name));
    condition(!group_.allowed_networks.empty() || !user.allowed_networks.empty(),
              "allowed_networks: from listed networks alone");
    condition(user.role == store::UserRole::service,
              fmt::format("scope: the token needs the scope '{}'", scope_of(verb)));
  }

  void session_conditions(Permission permission) {
    if (permission == Permission::private_sessions) return;
    condition(true, group_.single_prompt ? "consent: the supported person is asked once for everything"
                                         : "consent: the supported person is asked");
    condition(group_.require_sas, "group.require_sas: the supported person types the digits that are read out");
    const bool shows = permission == Permission::remote_control || permission == Permission::desktop_view;
    condition(group_.force_recording && shows, "group.force_recording: recording must have been allowed");
  }

  store::ReadTransaction& tx_;
  store::Group group_;
  PolicyAnswer out_;
};

/// Whose reach over accounts ends at a group asks about nobody else.
base::Result<> may_ask(const Principal& asking, const store::User& about) {
  RESCUE_CHECK(authorize(asking, Verb::policy_read));
  if (reach(asking.role, Verb::user_list) == Reach::group && about.group != asking.group)
    return base::fail(base::Errc::denied, "of accounts in another group");
  return {};
}

}  // namespace

std::string_view to_string(Reach reach) {
  constexpr std::array<std::string_view, 4> kNames{"none", "own", "group", "any"};
  return kNames[static_cast<std::size_t>(reach)];
}

base::Result<PolicyAnswer> policy_answer(store::ReadTransaction& tx, const Principal& asking,
                                         const PolicyQuestion& question) {
  auto user = accounts::find(tx, question.as);
  // Who may not ask about everybody is not told who there is.
  if (!user && user.error().code == Errc::user_not_found && reach(asking.role, Verb::user_list) == Reach::group)
    return base::fail(base::Errc::denied, "of accounts in another group");
  if (!user) return base::fail(std::move(user).error());
  RESCUE_CHECK(may_ask(asking, *user));
  RESCUE_TRY(auto group, store::groups::get(tx, user->group));
  Decision decision(tx, std::move(*user), std::move(group));
  if (const auto permission = wire::parse_permission(question.action))
    return decision.permission(*permission, question.channel);
  if (const auto verb = parse_verb(question.action)) return decision.verb(*verb, question.channel);
  return base::fail(base::Errc::invalid_argument, fmt::format("action: '{}' is neither a permission nor a verb",
                                                              base::to_display_text(question.action.substr(0, 64))));
}

}  // namespace rescue::directory
