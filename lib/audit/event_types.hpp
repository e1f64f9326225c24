// SPDX-License-Identifier: Apache-2.0
// The closed list of log event types (names: store/event_type.hpp): who may send each, what its data holds, what it
// means. Data fields are those every event of the type has; a source may add more. A type or source outside this table
// is refused.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "store/event_type.hpp"

namespace rescue::audit {

using store::EventSource;
using store::EventType;

constexpr std::uint8_t from(EventSource s) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(s)); }
inline constexpr std::uint8_t kBroker = from(EventSource::broker);
inline constexpr std::uint8_t kConsole = from(EventSource::console);
inline constexpr std::uint8_t kApplet = from(EventSource::applet);
inline constexpr std::uint8_t kEnds = kConsole | kApplet;

struct EventRule {
  EventType type;
  std::uint8_t sources;      // from(…) bits
  std::string_view data;     // fields, comma separated, for people
  std::string_view meaning;  // one line
};

inline constexpr std::array<EventRule, store::kEventTypes> kEventRules{{
    {EventType::session_created, kBroker, "kind,note", "A technician made a session and got its PIN."},
    {EventType::session_pin_redeemed, kBroker, "address",
     "Somebody entered the PIN and was given the session's invite."},
    {EventType::session_applet_registered, kBroker, "fingerprint,key,host,os,user,version,address",
     "The first applet key was bound to the session."},
    {EventType::session_key_refused, kBroker, "fingerprint,address,host",
     "An applet with another key than the bound one wanted to be this session's."},
    {EventType::session_picked_up, kBroker, "generation,permissions,fingerprint,join",
     "A technician took the session, took part in it, or came again with a new key."},
    {EventType::session_closed, kBroker, "by,reason,state", "The session was ended by a person or by force."},
    {EventType::session_timed_out, kBroker, "reason", "The session was ended by a clock."},
    {EventType::session_noted, kBroker, "text", "The session's note was replaced."},
    {EventType::session_permissions_changed, kBroker, "technician,permissions",
     "What a technician may ask for in the session changed with the group's permissions."},
    {EventType::session_held, kBroker, "technician,reason", "The technician put the session aside."},
    {EventType::session_resumed, kBroker, "technician", "The technician went on with it."},
    {EventType::session_transferred, kBroker, "from,to,channel,comment", "The session is on its way to somebody else."},
    {EventType::session_transfer_taken, kBroker, "from,technician", "The other one took it."},
    {EventType::session_transfer_returned, kBroker, "from,to,reason",
     "The transfer was declined or not taken in time."},
    {EventType::session_technician_left, kBroker, "technician,reason", "A technician left a session that goes on."},
    {EventType::session_offline, kBroker, "silent", "Nothing was heard of the applet for too long."},
    {EventType::session_back, kBroker, "state", "The applet is back."},
    {EventType::session_rebooting, kBroker, "", "The supported machine restarts."},
    {EventType::session_applet_downloaded, kBroker, "platform,sha256,bytes,address",
     "Somebody downloaded the applet of this session."},
    {EventType::auth_login, kBroker, "address,device", "A sign-in."},
    {EventType::auth_login_failed, kBroker, "address,reason,failures",
     "A refused sign-in, with the reason the caller was not told."},
    {EventType::auth_logout, kBroker, "", "A sign-out."},
    {EventType::auth_locked, kBroker, "failures", "The account was locked by failed sign-ins."},
    {EventType::auth_password_changed, kBroker, "", "A user changed the own password."},
    {EventType::user_created, kBroker, "user,email,role", "An account was made."},
    {EventType::user_changed, kBroker, "user,email,changes", "Address, name or role of an account changed."},
    {EventType::user_disabled, kBroker, "user,email,sessions_ended", "An account was disabled and its sessions ended."},
    {EventType::user_enabled, kBroker, "user,email", "A disabled account was enabled."},
    {EventType::user_unlocked, kBroker, "user,email", "A locked account was unlocked."},
    {EventType::user_password_reset, kBroker, "user,email", "An account got a new initial password."},
    {EventType::user_removed, kBroker, "user,email,sessions_ended", "An account was removed."},
    {EventType::gateway_enrolled, kBroker, "gateway,name,fingerprint", "A gateway enrolled with its token."},
    {EventType::gateway_connected, kBroker, "gateway,name", "A gateway's connection to the broker came up."},
    {EventType::gateway_lost, kBroker, "gateway,name,reason", "A gateway's connection to the broker ended."},
    {EventType::gateway_drained, kBroker, "gateway,name,draining",
     "A gateway takes no new sessions, or takes them again."},
    {EventType::gateway_removed, kBroker, "gateway,name", "A gateway was removed; its key is worthless."},
    {EventType::gateway_invited, kBroker, "name", "An administrator got a token with which a gateway may enrol."},
    {EventType::user_invited, kBroker, "user,email,expires_at",
     "An account got a one-time invitation to set its first password."},
    {EventType::user_invitation_accepted, kBroker, "user,email", "The invited person set the first password."},
    {EventType::user_mfa_reset, kBroker, "user,email", "An administrator removed the second factor of an account."},
    {EventType::user_sso_disabled, kBroker, "user,email,sessions_ended",
     "Single sign-on of one person was switched off; what it had opened ended."},
    {EventType::user_sso_enabled, kBroker, "user,email", "Single sign-on of one person was switched on again."},
    {EventType::auth_sign_in_ended, kBroker, "token,user,reason", "A sign-in was ended by somebody, or by a clock."},
    {EventType::auth_mfa_enrolled, kBroker, "", "A second factor was confirmed."},
    {EventType::auth_mfa_removed, kBroker, "", "A user gave up the own second factor."},
    {EventType::auth_recovery_codes_made, kBroker, "count", "New recovery codes took the place of all older ones."},
    {EventType::auth_recovery_code_used, kBroker, "left", "A recovery code stood in for the second factor."},
    {EventType::auth_sso_refused, kBroker, "rule,address", "A response of the identity provider was refused."},
    {EventType::group_created, kBroker, "group,name", "A technician group was made."},
    {EventType::group_changed, kBroker, "group,name,changes", "Permissions, flags or name of a group changed."},
    {EventType::group_removed, kBroker, "group,name", "A technician group was removed."},
    {EventType::channel_created, kBroker, "channel,name", "A channel was made."},
    {EventType::channel_changed, kBroker, "channel,name,changes", "Name or description of a channel changed."},
    {EventType::channel_removed, kBroker, "channel,name", "A channel was removed."},
    {EventType::channel_assigned, kBroker, "channel,name,group", "A group was assigned to a channel."},
    {EventType::channel_unassigned, kBroker, "channel,name,group", "A group was taken from a channel."},
    {EventType::token_created, kBroker, "token,user,name,scopes,expires_at", "An API token was made."},
    {EventType::token_revoked, kBroker, "token,user,name", "An API token was revoked."},
    {EventType::policy_changed, kBroker, "changes", "Settings of the site changed."},
    {EventType::provision_applied, kBroker, "created,changed,deleted,failed",
     "A description of the organisation was applied."},
    {EventType::admin_refused, kBroker, "operation,error,address",
     "A change that somebody asked for was refused, or failed."},
    {EventType::user_presence_changed, kBroker, "presence", "A technician is available, busy or away."},
    {EventType::link_up, kEnds, "path", "The link between the ends carries bytes."},
    {EventType::link_down, kEnds, "reason", "The link between the ends broke."},
    {EventType::transport_changed, kEnds, "from,to", "The link moved to another path."},
    {EventType::chat_message, kEnds, "from,text", "A chat message."},
    {EventType::consent_asked, kEnds, "permission", "The technician asked for a permission."},
    {EventType::consent_granted, kEnds, "permission", "The user allowed it."},
    {EventType::consent_denied, kEnds, "permission,why", "The user said no, or gave no answer in time."},
    {EventType::consent_revoked, kEnds, "permission", "The user took it back."},
    {EventType::view_started, kEnds, "display", "The technician sees the desktop."},
    {EventType::view_ended, kEnds, "", "The technician sees the desktop no more."},
    {EventType::control_started, kEnds, "", "The technician moves pointer and keys."},
    {EventType::control_ended, kEnds, "", "The technician moves them no more."},
    {EventType::file_offered, kEnds, "name,size", "A file was offered to the other end."},
    {EventType::file_sent, kEnds, "name,size,md5,sha256", "A file went from the technician to the user."},
    {EventType::file_received, kEnds, "name,size,md5,sha256", "A file went from the user to the technician."},
    {EventType::file_refused, kEnds, "name,why", "An offered file was not taken."},
    {EventType::file_failed, kEnds, "name,why", "A transfer broke off; nothing was left in place."},
    {EventType::sysinfo_sent, kEnds, "", "System information was shown to the technician."},
    {EventType::recording_started, kEnds, "name", "A recording began."},
    {EventType::recording_gap, kConsole, "name,from,to,why", "A stretch of time is missing in a recording."},
    {EventType::recording_ended, kEnds, "name,size,sha256", "A recording was closed; its hash names the file."},
    {EventType::recording_tip, kConsole, "name,chunks,tip",
     "How far a running recording has got; its chain up to there."},
    {EventType::action_refused, kEnds, "action,reason", "Something that was asked for was not done."},
    {EventType::sas_shown, kEnds, "", "Both ends have a short authentication string."},
    {EventType::sas_confirmed, kEnds, "", "The user typed the digits that the technician read out."},
    {EventType::sas_missed, kEnds, "attempts_left", "The user typed other digits."},
    {EventType::url_sent, kEnds, "request,url", "The technician asked to open an address."},
    {EventType::url_ended, kEnds, "request,outcome", "The address was opened, or was not."},
    {EventType::reboot_asked, kEnds, "request,kind", "The technician asked for a restart of the machine."},
    {EventType::reboot_started, kEnds, "request,kind", "The machine restarts, and the applet means to come back."},
    {EventType::reboot_ended, kEnds, "outcome", "The applet is back after the restart, or there was none."},
    {EventType::credentials_asked, kEnds, "request", "The technician asked for an account of the machine."},
    {EventType::credentials_ended, kEnds, "request,outcome",
     "The user gave an account for use on the machine, or did not."},
    {EventType::clipboard_started, kEnds, "to_applet,to_console", "The clipboard is shared."},
    {EventType::clipboard_sent, kEnds, "direction,bytes,files", "Something went through the clipboard."},
    {EventType::clipboard_ended, kEnds, "reason", "The clipboard is shared no more."},
    {EventType::script_asked, kEnds, "request,name,interpreter,sha256,bytes,elevated",
     "A script was shown to the user."},
    {EventType::script_started, kEnds, "request,sha256,elevated", "A script runs."},
    {EventType::script_ended, kEnds, "request,sha256,outcome", "A script has ended, was stopped, or was not run."},
    {EventType::files_listed, kEnds, "path,entries,outcome", "The technician looked into a folder."},
    {EventType::files_started, kEnds, "operation,path", "A change or transfer in the file manager began."},
    {EventType::files_ended, kEnds, "operation,path,outcome", "It ended."},
    {EventType::question_answered, kApplet, "question,answer,receipt,signed",
     "The user answered a question about one script, address, restart or account, or typed digits."},
    {EventType::alert, kBroker | kEnds | from(EventSource::gateway), "reason",
     "Something that an administrator should look at."},
}};

/// One rule per type, in the enum's order.
consteval bool rules_in_order() {
  for (std::size_t i = 0; i < kEventRules.size(); ++i) {
    if (static_cast<std::size_t>(kEventRules[i].type) != i) return false;
  }
  return true;
}
static_assert(rules_in_order());

[[nodiscard]] constexpr const EventRule& rule_of(EventType type) { return kEventRules[static_cast<std::size_t>(type)]; }
[[nodiscard]] constexpr bool may_send(EventSource source, EventType type) {
  return (rule_of(type).sources & from(source)) != 0;
}

}  // namespace rescue::audit
