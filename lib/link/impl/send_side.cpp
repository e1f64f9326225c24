// SPDX-License-Identifier: Apache-2.0
#include "link/impl/send_side.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "link/frame.hpp"

namespace rescue::link {
namespace {
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::fail;
using base::Result;

/// Small records share a chunk up to this size: a chunk costs about 80 bytes beside its content.
constexpr std::size_t kChunkFill = 4096;
/// Left of kRetainedMax for CREDIT, FIN and abandon records when messages have filled the rest.
constexpr std::size_t kSmallRecordReserve = 4096;
/// Less than this at the end of a write is not worth a fragment of a longer message.
constexpr std::size_t kFragmentMin = 1024;

bool is_bulk(Channel c) { return c == Channel::screen || c == Channel::files; }

Bytes record(std::uint8_t kind, std::uint8_t flags, ByteView payload) {
  ByteWriter w;
  w.u8(kind);
  w.u8(flags);
  w.u16(static_cast<std::uint16_t>(payload.size()));
  w.bytes(payload);
  return std::move(w).take();
}
}  // namespace

SendSide::SendSide() {
  for (auto c : wire::kChannels) channel(c).credit_limit = receive_window(c);
}

Result<void> SendSide::enqueue(Channel c, Bytes message) {
  RESCUE_ASSERT(!message.empty());
  if (finishing_) return fail(Errc::closed, "sending after the end");
  if (message.size() > wire::message_max(c))
    return fail(Errc::message_too_large,
                fmt::format("message of {} bytes on channel {}", message.size(), wire::name(c)));
  auto& q = channel(c);
  if (q.queued + message.size() > queue_max(c))
    return fail(Errc::queue_full, fmt::format("{} bytes wait on channel {}", q.queued, wire::name(c)));
  q.queued += message.size();
  q.messages.push_back(std::move(message));
  return {};
}

void SendSide::discard(Channel c) {
  auto& q = channel(c);
  if (q.head_sent > 0) q.abandon = true;
  q.messages.clear();
  q.head_sent = 0;
  q.queued = 0;
}

void SendSide::cancel(Channel c, const std::function<bool(ByteView)>& which) {
  auto& q = channel(c);
  if (q.head_sent > 0 && which(q.messages.front())) {
    q.abandon = true;
    q.queued -= q.messages.front().size() - q.head_sent;
    q.head_sent = 0;
    q.messages.pop_front();
  }
  // A message that is half out goes on and stays the first.
  const auto from = q.messages.begin() + (q.head_sent > 0 ? 1 : 0);
  q.messages.erase(std::remove_if(from, q.messages.end(),
                                  [&](const Bytes& message) {
                                    if (!which(message)) return false;
                                    q.queued -= message.size();
                                    return true;
                                  }),
                   q.messages.end());
}

void SendSide::discard_everything() {
  for (auto c : wire::kChannels) discard(c);
  chunks_.clear();
  files_.clear();
  held_ = 0;
  acked_ = cursor_ = next_offset_;
}

Result<void> SendSide::on_credit(Channel c, std::uint64_t limit) {
  auto& q = channel(c);
  if (limit < q.credit_limit) return fail(Errc::protocol, fmt::format("credit of channel {} goes down", wire::name(c)));
  q.credit_limit = limit;
  return {};
}

Result<void> SendSide::on_acked(std::uint64_t offset, base::SteadyTime now) {
  if (offset > next_offset_)
    return fail(Errc::protocol, fmt::format("byte {} acknowledged, {} were sent", offset, next_offset_));
  if (offset <= acked_) return {};
  acked_ = offset;
  cursor_ = std::max(cursor_, acked_);
  while (!chunks_.empty() && chunks_.front().offset + chunks_.front().bytes.size() <= acked_) {
    held_ -= chunks_.front().bytes.size();
    chunks_.pop_front();
  }
  files_.on_acked(acked_, now);
  return {};
}

bool SendSide::room_for(std::size_t bytes, std::size_t reserve) const {
  return retained() + bytes + reserve <= kRetainedMax;
}

bool SendSide::sendable(Channel c) const {
  const auto& q = channel(c);
  return !q.messages.empty() && q.credit_used < q.credit_limit && (c != Channel::files || files_.has_room()) &&
         room_for(kFragmentMax + kRecordHeader, is_bulk(c) ? kRetainedReserve : kSmallRecordReserve);
}

bool SendSide::fin_due() const {
  return finishing_ && !fin_end_ && std::ranges::all_of(channels_, [](const auto& q) { return q.messages.empty(); });
}

bool SendSide::small_record_due() const {
  if (!room_for(kRecordHeader + 9, 0)) return false;
  return std::ranges::any_of(channels_, [](const auto& q) { return q.abandon; }) ||
         std::ranges::any_of(owed_, [](const auto& o) { return o.has_value(); }) || fin_due();
}

std::optional<Channel> SendSide::choose() const {
  if (sendable(Channel::input)) return Channel::input;
  const bool control = sendable(Channel::control);
  const bool chat = sendable(Channel::chat);
  if (control && chat) return chat_turn_ ? Channel::chat : Channel::control;
  if (control) return Channel::control;
  if (chat) return Channel::chat;
  const bool screen = sendable(Channel::screen);
  const bool files = sendable(Channel::files);
  if (screen && files) return screen_run_ + 1 >= kFilesShare ? Channel::files : Channel::screen;
  if (screen) return Channel::screen;
  if (files) return Channel::files;
  return std::nullopt;
}

bool SendSide::has_next() const { return cursor_ < next_offset_ || small_record_due() || choose().has_value(); }

std::optional<SendSide::Slice> SendSide::next(std::size_t max, base::SteadyTime now) {
  const bool again = cursor_ < next_offset_;
  if (!again && !make_record(max, now)) return std::nullopt;
  auto it = std::ranges::upper_bound(chunks_, cursor_, {}, &Chunk::offset);
  RESCUE_ASSERT(it != chunks_.begin());
  --it;
  const auto inside = static_cast<std::size_t>(cursor_ - it->offset);
  const auto bytes = ByteView(it->bytes).subspan(inside);
  const Slice slice{cursor_, bytes.first(std::min(bytes.size(), max)), again};
  cursor_ += slice.bytes.size();
  return slice;
}

bool SendSide::make_record(std::size_t max, base::SteadyTime now) {
  if (small_record_due()) {
    if (max < kRecordHeader + 9) return false;
    make_small_record();
    return true;
  }
  const auto c = choose();
  if (!c) return false;
  const auto& q = channel(*c);
  const auto left = q.messages.front().size() - q.head_sent;
  if (max < kRecordHeader + std::min(left, kFragmentMin)) return false;
  make_fragment(*c, max, now);
  return true;
}

void SendSide::make_small_record() {
  for (auto c : wire::kChannels) {
    if (!channel(c).abandon) continue;
    channel(c).abandon = false;
    return append_record(record(static_cast<std::uint8_t>(c), kAbandoned, {}));
  }
  for (auto c : wire::kChannels) {
    auto& owed = owed_[static_cast<std::size_t>(c)];
    if (!owed) continue;
    ByteWriter w;
    w.u8(static_cast<std::uint8_t>(c));
    w.u64(*owed);
    owed.reset();
    return append_record(record(kCreditRecord, 0, w.view()));
  }
  append_record(record(kFinRecord, 0, {}));
  fin_end_ = next_offset_;
}

void SendSide::make_fragment(Channel c, std::size_t max, base::SteadyTime now) {
  auto& q = channel(c);
  const auto& message = q.messages.front();
  const auto left = message.size() - q.head_sent;
  const auto credit = q.credit_limit - q.credit_used;
  std::size_t n = std::min({left, kFragmentMax, max - kRecordHeader});
  if (credit < n) n = static_cast<std::size_t>(credit);
  std::uint8_t flags = 0;
  if (q.head_sent == 0) flags |= kFirstFragment;
  if (n == left) flags |= kLastFragment;
  append_record(record(static_cast<std::uint8_t>(c), flags, ByteView(message).subspan(q.head_sent, n)));
  q.credit_used += n;
  q.queued -= n;
  q.head_sent += n;
  if (n == left) {
    q.messages.pop_front();
    q.head_sent = 0;
  }
  if (c == Channel::control) chat_turn_ = true;
  if (c == Channel::chat) chat_turn_ = false;
  if (c == Channel::screen) ++screen_run_;
  if (c != Channel::files) return;
  screen_run_ = 0;
  files_.on_sent(next_offset_, n, now);
  ping_wish_ = files_.ask_due() || ping_wish_;
}

void SendSide::append_record(ByteView record) {
  if (!chunks_.empty() && chunks_.back().bytes.size() + record.size() <= kChunkFill) {
    base::append(chunks_.back().bytes, record);
  } else {
    chunks_.push_back({next_offset_, base::to_bytes(record)});
  }
  next_offset_ += record.size();
  held_ += record.size();
}

}  // namespace rescue::link
