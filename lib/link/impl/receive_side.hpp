// SPDX-License-Identifier: Apache-2.0
// Incoming half of a link: stream bytes to records, records to messages, windows by channel.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "link/error.hpp"
#include "link/limits.hpp"
#include "wire/channel.hpp"

namespace rescue::link {

using wire::Channel;

class ReceiveSide {
 public:
  ReceiveSide();

  struct Credit {
    Channel channel;
    std::uint64_t limit;
  };
  struct Message {
    Channel channel;
    base::Bytes bytes;
  };

  /// Stream bytes at `offset`; those below received() are dropped. Errors: protocol, message_too_large.
  [[nodiscard]] base::Result<void> on_stream(std::uint64_t offset, base::ByteView bytes);
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t repeats() const { return repeats_; }
  [[nodiscard]] bool finished() const { return finished_; }

  [[nodiscard]] std::optional<Message> take_message();
  [[nodiscard]] std::optional<Credit> take_credit();

  /// The reader is done with so many bytes; gives the limit to announce when that is worth a record.
  [[nodiscard]] std::optional<std::uint64_t> consumed(Channel c, std::size_t bytes);
  /// An abandoned message gave window back: as consumed(), for every channel that has something to announce.
  [[nodiscard]] std::optional<Credit> take_owed();

  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct ChannelState {
    base::Bytes partial;
    bool in_message = false;
    std::uint64_t received = 0;
    std::uint64_t consumed = 0;
    std::uint64_t announced = 0;
    bool owed = false;
  };
  [[nodiscard]] base::Result<void> on_record(std::uint8_t kind, std::uint8_t flags, base::ByteView payload);
  [[nodiscard]] base::Result<void> on_fragment(Channel c, std::uint8_t flags, base::ByteView payload);
  [[nodiscard]] base::Result<void> on_abandoned(Channel c, base::ByteView payload);
  [[nodiscard]] base::Result<void> on_credit(std::uint8_t flags, base::ByteView payload);
  [[nodiscard]] base::Result<void> on_fin(std::uint8_t flags, base::ByteView payload);
  [[nodiscard]] ChannelState& channel(Channel c) { return channels_[static_cast<std::size_t>(c)]; }

  std::array<ChannelState, wire::kChannelCount> channels_;
  base::Bytes record_;  // a record whose end has not come, at most kRecordHeader + kFragmentMax bytes
  std::deque<Message> messages_;
  std::array<std::optional<std::uint64_t>, wire::kChannelCount> credits_{};
  std::uint64_t received_ = 0;
  std::uint64_t repeats_ = 0;
  std::size_t held_ = 0;
  bool finished_ = false;
};

}  // namespace rescue::link
