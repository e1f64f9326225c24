// SPDX-License-Identifier: Apache-2.0
// The states of a support session and the one table of what may follow what (man rescue-protocol(7), SESSION STATES).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rescue::wire {

enum class SessionState : std::uint8_t {
  created,       // a technician made it, PIN and link are valid, no applet yet
  waiting,       // the applet's key is bound and it waits for a technician
  active,        // a technician has it and the ends are, or are about to be, linked
  on_hold,       // the technician put it aside; the applet shows so and keeps its control connection
  transferring,  // it is on its way to another technician, who has not taken it yet
  reconnecting,  // the link broke; both ends are trying to meet again
  rebooting,     // the supported machine restarts with the user's consent
  offline,       // the applet has not been heard of for longer than the reconnect time-out; it may come back
  closed,        // ended in order by the user, a technician or an administrator
  timed_out,     // ended by a clock: the PIN expired, nobody came, or nobody acted
  aborted,       // ended by a fault or by force: key refused, account disabled, applet gone for good
};
inline constexpr std::size_t kSessionStateCount = 11;

enum class SessionEvent : std::uint8_t {
  applet_registered,  // first key bound
  picked_up,          // a technician took it, or took it again
  held,
  resumed,
  transfer_started,
  transfer_taken,
  transfer_returned,  // refused or not taken in time
  link_lost,
  link_up,
  reboot_started,
  applet_lost,  // no control connection and no link for longer than the time-out
  applet_back,
  close,
  time_out,
  abort,
};
inline constexpr std::size_t kSessionEventCount = 15;

/// Who did something; also who ended a session.
enum class Party : std::uint8_t { none, user, technician, administrator, broker, applet, console };

/// One row: in `from`, `event` by one of `by` leads to `to`.
struct SessionTransition {
  SessionState from;
  SessionEvent event;
  SessionState to;
  std::uint8_t by;  // bit (1 << Party) for each who may cause it
};

[[nodiscard]] std::string_view name(SessionState s);
[[nodiscard]] std::string_view name(SessionEvent e);
[[nodiscard]] std::string_view name(Party p);
/// The comment above, as one sentence for people.
[[nodiscard]] std::string_view meaning(SessionState s);
[[nodiscard]] std::optional<SessionState> parse_session_state(std::string_view name);
[[nodiscard]] std::optional<Party> parse_party(std::string_view name);
[[nodiscard]] bool is_final(SessionState s);

[[nodiscard]] std::span<const SessionTransition> session_transitions();
/// The state after `event`, or nothing when the table has no such row or `by` may not cause it.
[[nodiscard]] std::optional<SessionState> next_state(SessionState from, SessionEvent event, Party by);

}  // namespace rescue::wire
