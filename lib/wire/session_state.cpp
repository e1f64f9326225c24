// SPDX-License-Identifier: Apache-2.0
#include "wire/session_state.hpp"

#include <array>

namespace rescue::wire {
namespace {
using enum SessionState;
using E = SessionEvent;

struct StateRow {
  SessionState state;
  std::string_view name;
  std::string_view meaning;
  bool final;
};
constexpr std::array<StateRow, kSessionStateCount> kStates = {{
    {created, "created", "A technician made it; PIN and link are valid; no applet has come yet.", false},
    {waiting, "waiting", "The applet's key is bound and it waits for a technician.", false},
    {active, "active", "A technician has it and both ends are linked or about to be.", false},
    {on_hold, "on_hold", "The technician put it aside; the user sees that.", false},
    {transferring, "transferring", "It is on its way to another technician, who has not taken it yet.", false},
    {reconnecting, "reconnecting", "The link broke; both ends are trying to meet again.", false},
    {rebooting, "rebooting", "The supported machine restarts with the user's consent.", false},
    {offline, "offline", "The applet has not been heard of for longer than the reconnect time-out; it may come back.",
     false},
    {closed, "closed", "Ended in order by the user, a technician or an administrator.", true},
    {timed_out, "timed_out", "Ended by a clock: the PIN expired, nobody came, or nobody acted.", true},
    {aborted, "aborted", "Ended by a fault or by force: key refused, account disabled, applet gone for good.", true},
}};
static_assert(
    [] {
      for (std::size_t i = 0; i < kStates.size(); ++i)
        if (static_cast<std::size_t>(kStates[i].state) != i) return false;
      return true;
    }(),
    "one row per state, in order");

constexpr std::array<std::string_view, kSessionEventCount> kEvents = {
    "applet_registered", "picked_up",         "held",      "resumed",  "transfer_started",
    "transfer_taken",    "transfer_returned", "link_lost", "link_up",  "reboot_started",
    "applet_lost",       "applet_back",       "close",     "time_out", "abort"};
constexpr std::array<std::string_view, 7> kParties = {"none",   "user",   "technician", "administrator",
                                                      "broker", "applet", "console"};

constexpr std::uint8_t by() { return 0; }
template <typename... Rest>
constexpr std::uint8_t by(Party first, Rest... rest) {
  return static_cast<std::uint8_t>((1u << static_cast<unsigned>(first)) | by(rest...));
}
constexpr auto kEither = by(Party::applet, Party::console, Party::broker);
constexpr auto kTechnician = by(Party::technician);
constexpr auto kCloser = by(Party::user, Party::technician, Party::administrator, Party::applet, Party::console);
constexpr auto kBroker = by(Party::broker);
constexpr auto kForce = by(Party::administrator, Party::broker);

constexpr auto kTable = std::to_array<SessionTransition>({
    // The PIN leads an applet here; the first key binds.
    {created, E::applet_registered, waiting, by(Party::applet)},
    {waiting, E::picked_up, active, kTechnician},
    {waiting, E::applet_lost, offline, kBroker},

    {active, E::picked_up, active, kTechnician},  // the same technician again, or a second one
    {active, E::held, on_hold, kTechnician},
    {active, E::transfer_started, transferring, by(Party::technician, Party::administrator)},
    {active, E::link_lost, reconnecting, kEither},
    {active, E::link_up, active, kEither},
    {active, E::reboot_started, rebooting, by(Party::applet)},
    {active, E::applet_lost, offline, kBroker},

    {on_hold, E::resumed, active, kTechnician},
    {on_hold, E::picked_up, active, kTechnician},
    {on_hold, E::transfer_started, transferring, by(Party::technician, Party::administrator)},
    {on_hold, E::applet_lost, offline, kBroker},

    {transferring, E::transfer_taken, active, kTechnician},
    {transferring, E::picked_up, active, kTechnician},
    {transferring, E::transfer_returned, on_hold, by(Party::technician, Party::broker)},
    {transferring, E::applet_lost, offline, kBroker},

    {reconnecting, E::link_up, active, kEither},
    {reconnecting, E::link_lost, reconnecting, kEither},
    {reconnecting, E::picked_up, active, kTechnician},
    {reconnecting, E::held, on_hold, kTechnician},
    {reconnecting, E::transfer_started, transferring, by(Party::technician, Party::administrator)},
    {reconnecting, E::applet_lost, offline, kBroker},

    {rebooting, E::applet_back, reconnecting, by(Party::applet)},
    {rebooting, E::link_up, active, kEither},
    {rebooting, E::applet_lost, offline, kBroker},

    {offline, E::applet_back, waiting, by(Party::applet)},
    {offline, E::link_up, active, kEither},

    // Every state that is not final can end.
    {created, E::close, closed, kCloser},
    {waiting, E::close, closed, kCloser},
    {active, E::close, closed, kCloser},
    {on_hold, E::close, closed, kCloser},
    {transferring, E::close, closed, kCloser},
    {reconnecting, E::close, closed, kCloser},
    {rebooting, E::close, closed, kCloser},
    {offline, E::close, closed, kCloser},
    {created, E::time_out, timed_out, kBroker},
    {waiting, E::time_out, timed_out, kBroker},
    {active, E::time_out, timed_out, by(Party::broker, Party::applet)},  // inactivity is seen by the applet
    {on_hold, E::time_out, timed_out, kBroker},
    {transferring, E::time_out, timed_out, kBroker},
    {reconnecting, E::time_out, timed_out, by(Party::broker, Party::applet)},
    {rebooting, E::time_out, timed_out, kBroker},
    {offline, E::time_out, timed_out, kBroker},
    {created, E::abort, aborted, kForce},
    {waiting, E::abort, aborted, kForce},
    {active, E::abort, aborted, kForce},
    {on_hold, E::abort, aborted, kForce},
    {transferring, E::abort, aborted, kForce},
    {reconnecting, E::abort, aborted, kForce},
    {rebooting, E::abort, aborted, kForce},
    {offline, E::abort, aborted, kForce},
});
}  // namespace

std::string_view name(SessionState s) { return kStates[static_cast<std::size_t>(s)].name; }
std::string_view meaning(SessionState s) { return kStates[static_cast<std::size_t>(s)].meaning; }
bool is_final(SessionState s) { return kStates[static_cast<std::size_t>(s)].final; }
std::string_view name(SessionEvent e) { return kEvents[static_cast<std::size_t>(e)]; }
std::string_view name(Party p) { return kParties[static_cast<std::size_t>(p)]; }

std::optional<SessionState> parse_session_state(std::string_view name) {
  for (const auto& row : kStates)
    if (row.name == name) return row.state;
  return std::nullopt;
}

std::optional<Party> parse_party(std::string_view name) {
  for (std::size_t i = 0; i < kParties.size(); ++i)
    if (kParties[i] == name) return static_cast<Party>(i);
  return std::nullopt;
}

std::span<const SessionTransition> session_transitions() { return kTable; }

std::optional<SessionState> next_state(SessionState from, SessionEvent event, Party by) {
  for (const auto& row : kTable)
    if (row.from == from && row.event == event && (row.by & (1u << static_cast<unsigned>(by))) != 0) return row.to;
  return std::nullopt;
}

}  // namespace rescue::wire
