// SPDX-License-Identifier: Apache-2.0
// Moves messages between a link and a session core. Call after every call into either of them, before poll_output().
#pragma once

#include <optional>

#include "link/link.hpp"
#include "session/now.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

struct PumpResult {
  bool path_dead = false;                  // close the socket, then link.path_down()
  std::optional<link::LinkClosed> closed;  // the link is over; flush poll_output(), then close the socket
};

/// `core` is an AppletSession or a ConsoleSession. Tells it of link up and down, feeds it what arrived as long as it
/// wants more (its unserved actions are bounded), gives the link what the core has to say as long as can_send(). A core
/// that refuses a message gets its link closed; a core that ended gets an orderly finish().
template <typename Core>
[[nodiscard]] PumpResult pump(link::Link& link, Core& core, Now now) {
  PumpResult result;
  core.on_deadline(now);  // what time has ended is ended before anything leaves
  while (core.wants_messages() || core.ended()) {
    auto event = link.poll_event();
    if (!event) break;
    if (auto* m = std::get_if<link::MessageArrived>(&*event)) {
      if (!core.ended()) {
        if (!core.link_up()) core.on_link_up(now);
        if (auto ok = core.on_message(m->channel, m->bytes, now); !ok)
          link.close(link::CloseCode::protocol_error, ok.error().context);
      }
      link.consumed(m->channel, m->bytes.size());
    } else if (std::holds_alternative<link::PathDead>(*event)) {
      result.path_dead = true;
    } else if (auto* closed = std::get_if<link::LinkClosed>(&*event)) {
      result.closed = std::move(*closed);
    }
  }
  if (link.is_ready() && !core.link_up()) core.on_link_up(now);
  if (!link.is_ready() && core.link_up()) core.on_link_down(now);
  if (const auto lost = core.take_lost(); !lost.empty()) {
    // File content in the link's queue; of the other channels the core discards the pictures itself.
    link.cancel_queued(wire::Channel::files, [&](base::ByteView message) {
      const auto needs = core.needed_to_send(message);
      return needs && lost.has(*needs);
    });
  }
  for (auto channel : wire::kChannels) {
    if (core.take_discard(channel)) link.discard_queued(channel);
    while (link.can_send(channel)) {
      auto message = core.next_outgoing(channel, now);
      if (!message) break;
      if (!link.send(channel, std::move(*message))) break;
    }
  }
  if (core.ended()) link.finish();
  return result;
}

}  // namespace rescue::session
