// SPDX-License-Identifier: Apache-2.0
#include "directory/authorization.hpp"

#include <array>

namespace rescue::directory {
namespace {
using enum Reach;

struct Row {
  Verb verb;
  std::string_view name;
  Reach technician, administrator, auditor;
};
// A technician's queue is private: sessions and their log are seen by who holds or made them. Administrators run the
// site and may step in anywhere; renewing a lease and writing a console's log is for those who are in the session.
// Auditors read the log.
// clang-format off
constexpr std::array<Row, kVerbs> kTable{{
    // verb                    name                  technician administrator auditor
    {Verb::own_account,       "account.own",         any,  any,  any},
    {Verb::user_list,         "user.list",           none, any,  none},
    {Verb::user_manage,       "user.manage",         none, any,  none},
    {Verb::session_create,    "session.create",      any,  any,  none},
    {Verb::session_list,      "session.list",        own,  any,  none},
    {Verb::session_read,      "session.read",        own,  any,  none},
    {Verb::session_pickup,    "session.pickup",      own,  any,  none},
    {Verb::session_join,      "session.join",        any,  any,  none},
    {Verb::session_ticket,    "session.ticket",      own,  own,  none},
    {Verb::session_close,     "session.close",       own,  any,  none},
    {Verb::session_note,      "session.note",        own,  any,  none},
    {Verb::session_log_write, "session.log_write",   own,  own,  none},
    {Verb::log_query,         "log.query",           own,  any,  any},
    {Verb::events_sessions,   "events.sessions",     own,  any,  none},
    {Verb::events_log,        "events.log",          own,  any,  any},
    {Verb::gateway_list,      "gateway.list",        none, any,  none},
    {Verb::gateway_manage,    "gateway.manage",      none, any,  none},
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

std::string_view to_string(Verb verb) { return row_of(verb).name; }

Reach reach(store::UserRole role, Verb verb) {
  const auto& row = row_of(verb);
  switch (role) {
    case store::UserRole::technician:
      return row.technician;
    case store::UserRole::administrator:
      return row.administrator;
    case store::UserRole::auditor:
      return row.auditor;
  }
  return none;
}

base::Result<> authorize(const Principal& who, Verb verb, const std::optional<base::Guid>& owner) {
  if (who.must_change_password && verb != Verb::own_account) return base::fail(Errc::password_change_required, "");
  const auto granted = reach(who.role, verb);
  if (granted == any || (granted == own && owner == who.id)) return {};
  return base::fail(base::Errc::denied,
                    std::string(to_string(verb)) + " as " + std::string(store::to_string(who.role)));
}

base::Guid owner_of(const store::Session& session) { return session.technician.value_or(session.created_by); }

}  // namespace rescue::directory
