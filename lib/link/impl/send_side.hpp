// SPDX-License-Identifier: Apache-2.0
// Outgoing half of a link: queues by channel, the choice of the next record, and the bytes kept until acknowledged.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "link/error.hpp"
#include "link/impl/files_window.hpp"
#include "link/limits.hpp"
#include "wire/channel.hpp"

namespace rescue::link {

using wire::Channel;

class SendSide {
 public:
  SendSide();

  [[nodiscard]] base::Result<void> enqueue(Channel c, base::Bytes message);
  [[nodiscard]] std::size_t queued(Channel c) const { return channel(c).queued; }
  void discard(Channel c);
  void cancel(Channel c, const std::function<bool(base::ByteView message)>& which);
  void discard_everything();
  void finish() { finishing_ = true; }
  [[nodiscard]] bool finishing() const { return finishing_; }
  /// FIN was sent and the peer has it.
  [[nodiscard]] bool finished() const { return fin_end_ && acked_ >= *fin_end_; }

  /// Peer's CREDIT record. Error: protocol when it goes down.
  [[nodiscard]] base::Result<void> on_credit(Channel c, std::uint64_t limit);
  /// A CREDIT record of ours is due; it goes before everything else, the newest limit counts.
  void owe_credit(Channel c, std::uint64_t limit) { owed_[static_cast<std::size_t>(c)] = limit; }

  /// Peer has everything below `offset`. Error: protocol when that was never sent.
  [[nodiscard]] base::Result<void> on_acked(std::uint64_t offset, base::SteadyTime now);
  /// A new path begins to send at `offset`, which is between acked() and next_offset().
  void rewind(std::uint64_t offset, base::SteadyTime now) {
    cursor_ = offset;
    files_.restart(now);
  }
  /// A PING came back.
  void on_round_trip(base::SteadyTime sent, base::SteadyTime now) { files_.on_round_trip(sent, now); }
  /// A PING should ask for an acknowledgement of files (FilesWindow::ask_due). Told once.
  [[nodiscard]] bool take_ping_wish() { return std::exchange(ping_wish_, false); }
  [[nodiscard]] const FilesWindow& files_window() const { return files_; }

  /// The next stream bytes to go out, of at most `max` (>= kRecordHeader + 1): old ones first, else a new record is
  /// made.
  struct Slice {
    std::uint64_t offset;
    base::ByteView bytes;  // valid until the next call
    bool again;
  };
  [[nodiscard]] std::optional<Slice> next(std::size_t max, base::SteadyTime now);
  [[nodiscard]] bool has_next() const;

  [[nodiscard]] std::uint64_t acked() const { return acked_; }
  [[nodiscard]] std::uint64_t next_offset() const { return next_offset_; }
  /// Sent and not acknowledged.
  [[nodiscard]] std::size_t retained() const { return static_cast<std::size_t>(next_offset_ - acked_); }
  /// Bytes kept for it, which include the acknowledged beginning of the oldest chunk.
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct ChannelQueue {
    std::deque<base::Bytes> messages;
    std::size_t head_sent = 0;  // of messages.front()
    std::size_t queued = 0;
    std::uint64_t credit_limit = 0;
    std::uint64_t credit_used = 0;
    bool abandon = false;  // the peer holds the beginning of a message that will not go on
  };
  struct Chunk {
    std::uint64_t offset;
    base::Bytes bytes;  // one or more records
  };

  [[nodiscard]] ChannelQueue& channel(Channel c) { return channels_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] const ChannelQueue& channel(Channel c) const { return channels_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] bool room_for(std::size_t bytes, std::size_t reserve) const;
  [[nodiscard]] bool sendable(Channel c) const;
  [[nodiscard]] bool small_record_due() const;
  [[nodiscard]] std::optional<Channel> choose() const;
  [[nodiscard]] bool make_record(std::size_t max, base::SteadyTime now);
  void make_small_record();
  void make_fragment(Channel c, std::size_t max, base::SteadyTime now);
  void append_record(base::ByteView record);
  [[nodiscard]] bool fin_due() const;

  std::array<ChannelQueue, wire::kChannelCount> channels_;
  std::array<std::optional<std::uint64_t>, wire::kChannelCount> owed_{};
  FilesWindow files_;
  bool ping_wish_ = false;
  std::deque<Chunk> chunks_;
  std::size_t held_ = 0;  // sum of their sizes
  std::uint64_t acked_ = 0;
  std::uint64_t next_offset_ = 0;
  std::uint64_t cursor_ = 0;
  std::optional<std::uint64_t> fin_end_;
  bool finishing_ = false;
  bool chat_turn_ = false;
  unsigned screen_run_ = 0;  // screen fragments since the last one of files
};

}  // namespace rescue::link
