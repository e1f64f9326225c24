// SPDX-License-Identifier: Apache-2.0
#include "directory/authorization.hpp"

#include <algorithm>
#include <array>

namespace rescue::directory {
namespace {
using enum Reach;

struct Row {
  Verb verb;
  std::string_view name;
  Reach technician, group_administrator, administrator, auditor, service;
  std::string_view scope;
};
// A technician's queue is private: sessions and their log are seen by who holds or made them. A group administrator
// stands for one group, its technicians and their sessions. Administrators run the site and may step in anywhere;
// renewing a lease and writing a console's log is for those who are in the session. Auditors read the log and the
// rules. A service does what the scopes of its tokens say, but makes no tokens and chooses no identity provider: who
// stole one could not stay.
// clang-format off
constexpr std::array<Row, kVerbs> kTable{{
    // verb                     name                  technician, group administrator, administrator, auditor, service
    {Verb::own_account,        "account.own",        any,   any,   any,  any,  any,  ""},
    {Verb::user_list,          "user.list",          none,  group, any,  none, any,  "users.read"},
    {Verb::user_manage,        "user.manage",        none,  group, any,  none, any,  "users.write"},
    {Verb::group_list,         "group.list",         group, group, any,  none, any,  "groups.read"},
    {Verb::group_manage,       "group.manage",       none,  group, any,  none, any,  "groups.write"},
    {Verb::channel_list,       "channel.list",       group, group, any,  none, any,  "channels.read"},
    {Verb::channel_manage,     "channel.manage",     none,  none,  any,  none, any,  "channels.write"},
    {Verb::token_list,         "token.list",         none,  none,  any,  none, none, "tokens"},
    {Verb::token_manage,       "token.manage",       none,  none,  any,  none, none, "tokens"},
    {Verb::sign_in_list,       "sign_in.list",       own,   group, any,  none, any,  "users.read"},
    {Verb::sign_in_end,        "sign_in.end",        own,   group, any,  none, any,  "users.write"},
    {Verb::policy_read,        "policy.read",        none,  any,   any,  any,  any,  "policy.read"},
    {Verb::policy_manage,      "policy.manage",      none,  none,  any,  none, any,  "policy.write"},
    {Verb::sso_manage,         "sso.manage",         none,  none,  any,  none, none, "sso"},
    {Verb::provision,          "provision",          none,  none,  any,  none, any,  "provision"},
    {Verb::session_create,     "session.create",     any,   any,   any,  none, any,  "sessions"},
    {Verb::session_list,       "session.list",       own,   group, any,  none, any,  "sessions"},
    {Verb::session_read,       "session.read",       own,   group, any,  none, any,  "sessions"},
    {Verb::session_pickup,     "session.pickup",     own,   group, any,  none, any,  "sessions"},
    {Verb::session_join,       "session.join",       any,   any,   any,  none, any,  "sessions"},
    {Verb::session_ticket,     "session.ticket",     own,   own,   own,  none, own,  "sessions"},
    {Verb::session_close,      "session.close",      own,   group, any,  none, any,  "sessions"},
    {Verb::session_note,       "session.note",       own,   group, any,  none, any,  "sessions"},
    {Verb::session_hold,       "session.hold",       own,   own,   own,  none, own,  "sessions"},
    {Verb::session_transfer,   "session.transfer",   own,   group, any,  none, any,  "sessions"},
    {Verb::session_decline,    "session.decline",    any,   any,   any,  none, any,  "sessions"},
    {Verb::session_leave,      "session.leave",      any,   any,   any,  none, any,  "sessions"},
    {Verb::presence,           "presence",           any,   any,   any,  none, any,  "sessions"},
    {Verb::session_log_write,  "session.log_write",  own,   own,   own,  none, own,  "sessions"},
    {Verb::log_query,          "log.query",          own,   group, any,  any,  any,  "log.read"},
    {Verb::events_sessions,    "events.sessions",    own,   group, any,  none, any,  "sessions"},
    {Verb::events_log,         "events.log",         own,   group, any,  any,  any,  "log.read"},
    {Verb::gateway_list,       "gateway.list",       none,  none,  any,  none, any,  "gateways.read"},
    {Verb::gateway_manage,     "gateway.manage",     none,  none,  any,  none, any,  "gateways.write"},
}};
// clang-format on
static_assert(
    [] {
      for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].verb) != i) return false;
      }
      return true;
    }(),
    "one row per verb, in order");

const Row& row_of(Verb verb) { return kTable[static_cast<std::size_t>(verb)]; }
}  // namespace

By by_of(const Principal& who) {
  if (who.local) return {who.email, "", "socket"};
  return {who.email, who.address, who.kind == store::TokenKind::api ? "token:" + who.token_name : "api"};
}

std::string_view to_string(Verb verb) { return row_of(verb).name; }

std::string_view scope_of(Verb verb) { return row_of(verb).scope; }

std::vector<std::string_view> all_scopes() {
  std::vector<std::string_view> out;
  for (const auto& row : kTable)
    if (!row.scope.empty() && row.service != none && std::ranges::find(out, row.scope) == out.end())
      out.push_back(row.scope);
  return out;
}

Reach reach(store::UserRole role, Verb verb) {
  const auto& row = row_of(verb);
  switch (role) {
    case store::UserRole::technician:
      return row.technician;
    case store::UserRole::group_administrator:
      return row.group_administrator;
    case store::UserRole::administrator:
      return row.administrator;
    case store::UserRole::auditor:
      return row.auditor;
    case store::UserRole::service:
      return row.service;
  }
  return none;
}

namespace {
bool contains(const std::vector<base::Guid>& groups, const base::Guid& group) {
  return std::ranges::find(groups, group) != groups.end();
}

/// What a session's queue lets `who` do that neither owns it nor stands for its owner's group.
bool queue_covers(const Principal& who, Verb verb, const Object& object) {
  const bool offered = object.offered_to == who.id;
  const bool takes = contains(object.takers, who.group);
  switch (verb) {
    case Verb::session_read:
    case Verb::events_sessions:
      return offered || contains(object.queue, who.group);
    case Verb::session_pickup:
      return offered || takes;
    case Verb::session_close:
    case Verb::session_note:
      return takes && object.free;
    default:
      return false;
  }
}

bool has_scope(const Principal& who, Verb verb) {
  if (who.kind != store::TokenKind::api || scope_of(verb).empty()) return true;
  return std::ranges::find(who.scopes, scope_of(verb)) != who.scopes.end();
}
}  // namespace

Reach reach(const Principal& who, Verb verb) { return has_scope(who, verb) ? reach(who.role, verb) : none; }

base::Result<> authorize(const Principal& who, Verb verb, const Object& object) {
  if (who.must_change_password && verb != Verb::own_account) return base::fail(Errc::password_change_required, "");
  if (who.must_enrol_mfa && verb != Verb::own_account) return base::fail(Errc::mfa_enrolment_required, "");
  const auto granted = reach(who.role, verb);
  const bool owns = object.owner == who.id;
  const bool waits = object.free && contains(object.takers, who.group);
  const bool covered = granted == any || ((granted == own || granted == group) && owns) ||
                       (granted == group && (object.group == who.group || waits)) ||
                       ((granted == own || granted == group) && queue_covers(who, verb, object));
  if (!covered)
    return base::fail(base::Errc::denied,
                      std::string(to_string(verb)) + " as " + std::string(store::to_string(who.role)));
  if (!has_scope(who, verb)) return base::fail(Errc::scope_missing, std::string(scope_of(verb)));
  return {};
}

Verb verb_of_setting(std::string_view name) {
  return name.starts_with("sso.") ? Verb::sso_manage : Verb::policy_manage;
}

bool may_administer(store::UserRole who, store::UserRole account) {
  using enum store::UserRole;
  switch (who) {
    case administrator:
      return true;
    case group_administrator:
      return account == technician;
    case store::UserRole::service:
      return account != administrator && account != store::UserRole::service;
    case technician:
    case auditor:
      break;
  }
  return false;
}

base::Result<> authorize_account(const Principal& who, Verb verb, const store::User& account) {
  const bool own_sign_ins = account.id == who.id && (verb == Verb::sign_in_list || verb == Verb::sign_in_end);
  if (own_sign_ins) return authorize(who, verb, Object(account.id, account.group));
  RESCUE_CHECK(authorize(who, verb, Object(std::nullopt, account.group)));
  const bool only_looks = verb == Verb::user_list || verb == Verb::sign_in_list;
  if (only_looks || may_administer(who.role, account.role)) return {};
  return base::fail(base::Errc::denied, std::string(to_string(verb)) + " of " +
                                            std::string(store::to_string(account.role)) + " as " +
                                            std::string(store::to_string(who.role)));
}

base::Guid owner_of(const store::Session& session) { return session.technician.value_or(session.created_by); }

}  // namespace rescue::directory
