// SPDX-License-Identifier: Apache-2.0
// Messages a session core wants to send, by channel, each with the permission it needs. What loses its permission
// before it left is thrown away here.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <utility>

#include "base/bytes.hpp"
#include "wire/channel.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

/// A core reads no further message while so many bytes of answers wait: a peer that asks and never reads costs no more.
inline constexpr std::size_t kReplyBacklogMax = 1024 * 1024;

class Outbox {
 public:
  void push(wire::Channel c, base::Bytes message, std::optional<wire::Permission> needs = std::nullopt) {
    auto& q = queue(c);
    q.bytes += message.size();
    q.messages.push_back({std::move(message), needs});
  }
  [[nodiscard]] std::optional<base::Bytes> pop(wire::Channel c) {
    auto& q = queue(c);
    if (q.messages.empty()) return std::nullopt;
    auto message = std::move(q.messages.front().bytes);
    q.messages.pop_front();
    q.bytes -= message.size();
    return message;
  }
  [[nodiscard]] std::size_t bytes(wire::Channel c) const { return queues_[static_cast<std::size_t>(c)].bytes; }
  [[nodiscard]] std::size_t reply_bytes() const { return bytes(wire::Channel::control) + bytes(wire::Channel::files); }
  /// Removes what needs a permission that `allowed` does not have. What the link has not sent of it is due to go too.
  void purge(wire::PermissionSet allowed) {
    lost_ = lost_ | (allowed_ - allowed);
    allowed_ = allowed;
    for (auto& q : queues_) {
      std::erase_if(q.messages, [&](const Entry& e) {
        if (!e.needs || allowed.has(*e.needs)) return false;
        q.bytes -= e.bytes.size();
        return true;
      });
    }
  }
  /// Empties a channel and asks the link to do the same.
  void discard(wire::Channel c) {
    queue(c) = {};
    discard_[static_cast<std::size_t>(c)] = true;
  }
  /// Permissions that went since the last call: messages that need one must not leave the link's queue.
  [[nodiscard]] wire::PermissionSet take_lost() { return std::exchange(lost_, wire::PermissionSet()); }
  [[nodiscard]] bool take_discard(wire::Channel c) {
    return std::exchange(discard_[static_cast<std::size_t>(c)], false);
  }

 private:
  struct Entry {
    base::Bytes bytes;
    std::optional<wire::Permission> needs;
  };
  struct Queue {
    std::deque<Entry> messages;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Queue& queue(wire::Channel c) { return queues_[static_cast<std::size_t>(c)]; }

  std::array<Queue, wire::kChannelCount> queues_;
  std::array<bool, wire::kChannelCount> discard_{};
  wire::PermissionSet allowed_, lost_;
};

}  // namespace rescue::session
