// SPDX-License-Identifier: Apache-2.0
#include "link/impl/receive_side.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "link/frame.hpp"

namespace rescue::link {
namespace {
using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

std::size_t record_length(ByteView header) { return (std::size_t{header[2]} << 8) | header[3]; }
}  // namespace

ReceiveSide::ReceiveSide() {
  for (auto c : wire::kChannels) channel(c).announced = receive_window(c);
}

Result<void> ReceiveSide::on_stream(std::uint64_t offset, ByteView bytes) {
  if (offset > received_)
    return fail(Errc::protocol, fmt::format("stream jumps from byte {} to {}", received_, offset));
  const auto known = std::min<std::uint64_t>(received_ - offset, bytes.size());
  repeats_ += known;
  bytes = bytes.subspan(static_cast<std::size_t>(known));
  received_ += bytes.size();
  while (!bytes.empty()) {
    if (record_.empty() && bytes.size() >= kRecordHeader) {
      const auto size = kRecordHeader + record_length(bytes);
      if (bytes.size() >= size) {  // the usual case: whole records, read where they lie
        RESCUE_CHECK(on_record(bytes[0], bytes[1], bytes.subspan(kRecordHeader, size - kRecordHeader)));
        bytes = bytes.subspan(size);
        continue;
      }
    }
    const auto want = record_.size() < kRecordHeader ? kRecordHeader : kRecordHeader + record_length(record_);
    if (want - kRecordHeader > kFragmentMax) return fail(Errc::protocol, fmt::format("record of {} bytes", want));
    const auto n = std::min(want - record_.size(), bytes.size());
    base::append(record_, bytes.first(n));
    bytes = bytes.subspan(n);
    if (record_.size() < kRecordHeader || record_.size() < kRecordHeader + record_length(record_)) continue;
    const auto whole = std::exchange(record_, {});
    RESCUE_CHECK(on_record(whole[0], whole[1], ByteView(whole).subspan(kRecordHeader)));
  }
  return {};
}

Result<void> ReceiveSide::on_record(std::uint8_t kind, std::uint8_t flags, ByteView payload) {
  if (payload.size() > kFragmentMax) return fail(Errc::protocol, fmt::format("record of {} bytes", payload.size()));
  if (kind == kCreditRecord) return on_credit(flags, payload);
  if (kind == kFinRecord) return on_fin(flags, payload);
  if (kind >= wire::kChannelCount) return fail(Errc::protocol, fmt::format("record of unknown kind {}", kind));
  if (finished_) return fail(Errc::protocol, "message after FIN");
  const auto c = static_cast<Channel>(kind);
  if (flags == kAbandoned) return on_abandoned(c, payload);
  if ((flags & ~(kFirstFragment | kLastFragment)) != 0)
    return fail(Errc::protocol, fmt::format("fragment flags {}", flags));
  return on_fragment(c, flags, payload);
}

Result<void> ReceiveSide::on_fragment(Channel c, std::uint8_t flags, ByteView payload) {
  auto& s = channel(c);
  if (payload.empty()) return fail(Errc::protocol, "empty fragment");
  const bool first = (flags & kFirstFragment) != 0;
  if (first == s.in_message)
    return fail(Errc::protocol,
                fmt::format("channel {}: {}", wire::name(c),
                            first ? "a message begins inside another" : "a fragment without its beginning"));
  s.received += payload.size();
  if (s.received > s.announced)
    return fail(Errc::protocol,
                fmt::format("channel {}: {} bytes beyond the window", wire::name(c), s.received - s.announced));
  if (s.partial.size() + payload.size() > wire::message_max(c))
    return fail(Errc::message_too_large,
                fmt::format("channel {}: message of more than {} bytes", wire::name(c), wire::message_max(c)));
  base::append(s.partial, payload);
  held_ += payload.size();
  s.in_message = (flags & kLastFragment) == 0;
  if (!s.in_message) messages_.push_back({c, std::exchange(s.partial, {})});
  return {};
}

Result<void> ReceiveSide::on_abandoned(Channel c, ByteView payload) {
  auto& s = channel(c);
  if (!s.in_message || !payload.empty()) return fail(Errc::protocol, "abandon without a message");
  s.in_message = false;
  s.consumed += s.partial.size();
  held_ -= s.partial.size();
  s.partial = {};
  s.owed = true;
  return {};
}

Result<void> ReceiveSide::on_credit(std::uint8_t flags, ByteView payload) {
  ByteReader r(payload);
  const auto c = r.u8();
  const auto limit = r.u64();
  if (flags != 0 || !c || *c >= wire::kChannelCount || !limit || !r.empty())
    return fail(Errc::protocol, "bad CREDIT record");
  auto& pending = credits_[*c];
  if (pending && *limit < *pending) return fail(Errc::protocol, "credit goes down");
  pending = *limit;
  return {};
}

Result<void> ReceiveSide::on_fin(std::uint8_t flags, ByteView payload) {
  if (flags != 0 || !payload.empty() || finished_) return fail(Errc::protocol, "bad FIN record");
  if (std::ranges::any_of(channels_, [](const auto& s) { return s.in_message; }))
    return fail(Errc::protocol, "FIN inside a message");
  finished_ = true;
  return {};
}

std::optional<ReceiveSide::Message> ReceiveSide::take_message() {
  if (messages_.empty()) return std::nullopt;
  auto m = std::move(messages_.front());
  messages_.pop_front();
  held_ -= m.bytes.size();
  return m;
}

std::optional<ReceiveSide::Credit> ReceiveSide::take_credit() {
  for (auto c : wire::kChannels) {
    if (auto& credit = credits_[static_cast<std::size_t>(c)]) return Credit{c, *std::exchange(credit, std::nullopt)};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ReceiveSide::consumed(Channel c, std::size_t bytes) {
  auto& s = channel(c);
  s.consumed += bytes;
  RESCUE_ASSERT(s.consumed + s.partial.size() <= s.received);
  const auto window = receive_window(c);
  // A record for every quarter of the window: seldom enough to cost nothing, often enough never to stop the peer.
  if (s.consumed + window - s.announced < window / 4) return std::nullopt;
  s.announced = s.consumed + window;
  return s.announced;
}

std::optional<ReceiveSide::Credit> ReceiveSide::take_owed() {
  for (auto c : wire::kChannels) {
    if (!std::exchange(channel(c).owed, false)) continue;
    if (const auto limit = consumed(c, 0)) return Credit{c, *limit};
  }
  return std::nullopt;
}

}  // namespace rescue::link
