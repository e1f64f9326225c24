// SPDX-License-Identifier: Apache-2.0
#include "link/frame.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/utf8.hpp"

namespace rescue::link {
namespace {
using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::fail;
using base::Result;

constexpr std::size_t kResumePayload = 32;
constexpr std::size_t kNumberPayload = 8;

void write_header(ByteWriter& w, FrameType type, std::size_t payload) {
  RESCUE_ASSERT(payload + kFrameHeader <= kFrameMax);
  w.u8(static_cast<std::uint8_t>(type));
  w.u8(static_cast<std::uint8_t>(payload >> 16));
  w.u16(static_cast<std::uint16_t>(payload));
}
}  // namespace

Result<std::optional<RawFrame>> read_frame(ByteView b) {
  if (b.size() < kFrameHeader) return std::nullopt;
  const std::size_t length = (std::size_t{b[1]} << 16) | (std::size_t{b[2]} << 8) | b[3];
  if (length + kFrameHeader > kFrameMax)
    return fail(Errc::protocol,
                fmt::format("frame of {} bytes, at most {} are allowed", length + kFrameHeader, kFrameMax));
  if (b.size() < kFrameHeader + length) return std::nullopt;
  return RawFrame{b[0], b.subspan(kFrameHeader, length), kFrameHeader + length};
}

Result<ResumeFrame> read_resume(ByteView payload) {
  if (payload.size() != kResumePayload) return fail(Errc::protocol, fmt::format("RESUME of {} bytes", payload.size()));
  ByteReader r(payload);
  if (*r.u32() != kMagic) return fail(Errc::protocol, "RESUME without the magic of a rescue link");
  if (const auto version = *r.u8(); version != kLinkVersion)
    return fail(Errc::protocol, fmt::format("link version {}, this end speaks {}", version, kLinkVersion));
  if (*r.u8() != 0 || *r.u16() != 0) return fail(Errc::protocol, "RESUME with reserved bits");
  RESCUE_TRY(const auto id, base::Guid::from_bytes(*r.take(base::Guid::kSize)));
  return ResumeFrame{id, *r.u64()};
}

Result<DataFrame> read_data(ByteView payload) {
  ByteReader r(payload);
  const auto offset = r.u64();
  if (!offset || r.empty()) return fail(Errc::protocol, "DATA without bytes");
  if (*offset > UINT64_MAX - kFrameMax) return fail(Errc::protocol, "DATA offset overflows");
  return DataFrame{*offset, r.rest()};
}

Result<CloseFrame> read_close(ByteView payload) {
  ByteReader r(payload);
  const auto code = r.u16();
  if (!code || r.left() > kCloseTextMax) return fail(Errc::protocol, "CLOSE of a wrong size");
  return CloseFrame{*code, base::to_valid_utf8(base::as_text(r.rest()))};
}

Result<std::uint64_t> read_number(ByteView payload) {
  if (payload.size() != kNumberPayload)
    return fail(Errc::protocol, fmt::format("frame payload of {} bytes, not {}", payload.size(), kNumberPayload));
  return *ByteReader(payload).u64();
}

void write_resume(Bytes& out, const ResumeFrame& f) {
  ByteWriter w;
  write_header(w, FrameType::resume, kResumePayload);
  w.u32(kMagic);
  w.u8(kLinkVersion);
  w.u8(0);
  w.u16(0);
  w.bytes(f.link_id.bytes());
  w.u64(f.received);
  base::append(out, w.view());
}

void write_data(Bytes& out, std::uint64_t offset, ByteView bytes) {
  ByteWriter w;
  write_header(w, FrameType::data, 8 + bytes.size());
  w.u64(offset);
  base::append(out, w.view());
  base::append(out, bytes);
}

void write_number(Bytes& out, FrameType type, std::uint64_t value) {
  ByteWriter w;
  write_header(w, type, kNumberPayload);
  w.u64(value);
  base::append(out, w.view());
}

void write_close(Bytes& out, std::uint16_t code, std::string_view text) {
  // Cut on a code point, so that the other end can show it as it came.
  std::size_t n = std::min(text.size(), kCloseTextMax);
  while (n > 0 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0u) == 0x80u) --n;
  ByteWriter w;
  write_header(w, FrameType::close, 2 + n);
  w.u16(code);
  w.bytes(base::as_bytes(text.substr(0, n)));
  base::append(out, w.view());
}

Result<std::optional<ResumeFrame>> peek_resume(ByteView first_bytes) {
  RESCUE_TRY(const auto frame, read_frame(first_bytes));
  if (!frame) return std::nullopt;
  if (frame->type != static_cast<std::uint8_t>(FrameType::resume))
    return fail(Errc::protocol, fmt::format("a path begins with frame type {}, not RESUME", frame->type));
  RESCUE_TRY(const auto resume, read_resume(frame->payload));
  return resume;
}

}  // namespace rescue::link
