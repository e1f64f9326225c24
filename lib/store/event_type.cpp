// SPDX-License-Identifier: Apache-2.0
#include "store/event_type.hpp"

#include <algorithm>
#include <array>

#include "store/model.hpp"

namespace rescue::store {
namespace {
// In the enum's order.
// clang-format off
constexpr std::array<std::string_view, kEventTypes> kNames{
    "session.created",     "session.pin_redeemed", "session.applet_registered", "session.key_refused",
    "session.picked_up",   "session.closed",       "session.timed_out",         "session.noted",
    "session.permissions_changed",
    "session.held", "session.resumed", "session.transferred", "session.transfer_taken", "session.transfer_returned", "session.technician_left", "session.offline", "session.back", "session.rebooting", "session.applet_downloaded",
    "auth.login",          "auth.login_failed",    "auth.logout",               "auth.locked",
    "auth.password_changed", "user.created",       "user.changed",              "user.disabled",
    "user.enabled",        "user.unlocked",        "user.password_reset",       "user.removed",
    "gateway.enrolled",    "gateway.connected",    "gateway.lost",              "gateway.drained",
    "gateway.removed",     "gateway.invited",
    "user.invited", "user.invitation_accepted", "user.mfa_reset", "user.sso_disabled",
    "user.sso_enabled", "auth.sign_in_ended", "auth.mfa_enrolled", "auth.mfa_removed",
    "auth.recovery_codes_made", "auth.recovery_code_used", "auth.sso_refused", "group.created",
    "group.changed", "group.removed", "channel.created", "channel.changed",
    "channel.removed", "channel.assigned", "channel.unassigned", "token.created",
    "token.revoked", "policy.changed", "provision.applied", "admin.refused", "user.presence_changed",
    "link.up",             "link.down",            "transport.changed",
    "chat.message",        "consent.asked",        "consent.granted",           "consent.denied",
    "consent.revoked",     "view.started",         "view.ended",                "control.started",
    "control.ended",       "file.offered",         "file.sent",                 "file.received",
    "file.refused",        "file.failed",          "sysinfo.sent",              "recording.started",
    "recording.gap",       "recording.ended",
    "recording.tip", "action.refused", "sas.shown", "sas.confirmed", "sas.missed", "url.sent", "url.ended", "reboot.asked", "reboot.started", "reboot.ended", "credentials.asked", "credentials.ended", "clipboard.started", "clipboard.sent", "clipboard.ended", "script.asked", "script.started", "script.ended", "files.listed", "files.started", "files.ended", "question.answered",
    "alert",
};
// clang-format on
static_assert(kNames.back() == "alert");
constexpr std::array<std::string_view, 4> kSources{"console", "applet", "gateway", "broker"};
constexpr std::array<std::string_view, kUserRoles> kRoles{"technician", "group_administrator", "administrator",
                                                          "auditor", "service"};
constexpr std::array<std::string_view, 3> kPresences{"available", "busy", "away"};

template <typename E, std::size_t N>
std::optional<E> parse(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<E>(at - names.begin());
}
}  // namespace

std::string_view to_string(EventType type) { return kNames[static_cast<std::size_t>(type)]; }
std::optional<EventType> parse_event_type(std::string_view name) { return parse<EventType>(kNames, name); }

std::string_view to_string(EventSource source) { return kSources[static_cast<std::size_t>(source)]; }
std::optional<EventSource> parse_event_source(std::string_view name) { return parse<EventSource>(kSources, name); }

std::string_view to_string(Presence presence) { return kPresences[static_cast<std::size_t>(presence)]; }
std::optional<Presence> parse_presence(std::string_view name) { return parse<Presence>(kPresences, name); }

std::string_view to_string(TokenKind kind) { return kind == TokenKind::api ? "api" : "sign_in"; }
std::string_view to_string(UserRole role) { return kRoles[static_cast<std::size_t>(role)]; }
std::optional<UserRole> parse_user_role(std::string_view name) { return parse<UserRole>(kRoles, name); }

}  // namespace rescue::store
