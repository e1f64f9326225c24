// SPDX-License-Identifier: Apache-2.0
// The closed list of event types of the session log, as the database names them. What each means and who may send it:
// audit/event_types.hpp. New types are added at the end of their group; a name is never reused.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rescue::store {

enum class EventType : std::uint8_t {
  session_created,
  session_pin_redeemed,
  session_applet_registered,
  session_key_refused,
  session_picked_up,
  session_closed,
  session_timed_out,
  session_noted,
  session_permissions_changed,
  auth_login,
  auth_login_failed,
  auth_logout,
  auth_locked,
  auth_password_changed,
  user_created,
  user_changed,
  user_disabled,
  user_enabled,
  user_unlocked,
  user_password_reset,
  user_removed,
  gateway_enrolled,
  gateway_connected,
  gateway_lost,
  gateway_drained,
  gateway_removed,
  gateway_invited,
  user_invited,
  user_invitation_accepted,
  user_mfa_reset,
  user_sso_disabled,
  user_sso_enabled,
  auth_sign_in_ended,
  auth_mfa_enrolled,
  auth_mfa_removed,
  auth_recovery_codes_made,
  auth_recovery_code_used,
  auth_sso_refused,
  group_created,
  group_changed,
  group_removed,
  channel_created,
  channel_changed,
  channel_removed,
  channel_assigned,
  channel_unassigned,
  token_created,
  token_revoked,
  policy_changed,
  provision_applied,
  admin_refused,
  link_up,
  link_down,
  transport_changed,
  chat_message,
  consent_asked,
  consent_granted,
  consent_denied,
  consent_revoked,
  view_started,
  view_ended,
  control_started,
  control_ended,
  file_offered,
  file_sent,
  file_received,
  file_refused,
  file_failed,
  sysinfo_sent,
  recording_started,
  recording_gap,
  recording_ended,
  alert,
};
inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(EventType::alert) + 1;

/// "session.created", "chat.message", …: as in the API, the database and the CLI.
[[nodiscard]] std::string_view to_string(EventType type);
[[nodiscard]] std::optional<EventType> parse_event_type(std::string_view name);

/// Who observed the event.
enum class EventSource : std::uint8_t { console, applet, gateway, broker };
[[nodiscard]] std::string_view to_string(EventSource source);
[[nodiscard]] std::optional<EventSource> parse_event_source(std::string_view name);

}  // namespace rescue::store
