// SPDX-License-Identifier: Apache-2.0
#include "media/impl/h264_repeat.hpp"

#include <array>
#include <optional>

#include "media/impl/bits.hpp"

namespace rescue::media {
namespace {
// NAL unit types and reference priority (ITU-T H.264 7.4.1).
constexpr unsigned kSlice = 1;
constexpr unsigned kIdr = 5;
constexpr unsigned kSps = 7;
constexpr unsigned kPps = 8;
constexpr std::uint8_t kReferenceSlice = 0x41;
constexpr std::uint8_t kReferencePps = 0x68;
constexpr std::uint32_t kOurPps = 1;  // the encoder uses number 0
constexpr std::array<std::uint8_t, 4> kStartCode{0, 0, 0, 1};

std::unexpected<base::Error> other_stream(std::string_view what) {
  return base::fail(base::Errc::unsupported, "repeat a picture of this H.264 stream: " + std::string(what));
}

/// Takes emulation prevention out: a 3 after two zeros is none of the payload.
base::Bytes unescaped(base::ByteView nal) {
  base::Bytes out;
  out.reserve(nal.size());
  int zeros = 0;
  for (const std::uint8_t b : nal) {
    if (zeros >= 2 && b == 3) {
      zeros = 0;
      continue;
    }
    zeros = b == 0 ? zeros + 1 : 0;
    out.push_back(b);
  }
  return out;
}

void append_escaped(base::Bytes& out, base::ByteView payload) {
  int zeros = 0;
  for (const std::uint8_t b : payload) {
    if (zeros >= 2 && b <= 3) {
      out.push_back(3);
      zeros = 0;
    }
    zeros = b == 0 ? zeros + 1 : 0;
    out.push_back(b);
  }
}

void append_nal(base::Bytes& out, std::uint8_t header, base::ByteView payload) {
  base::append(out, kStartCode);
  out.push_back(header);
  append_escaped(out, payload);
}

/// CAVLC, one reference, no weights; deblocking can be switched off by the slice.
void append_our_pps(base::Bytes& out) {
  BitWriter w;
  w.ue(kOurPps);
  w.ue(0);       // SPS number
  w.bits(0, 2);  // CAVLC; no picture order in slices
  w.ue(0);       // one slice group
  w.ue(0);       // one reference in list 0
  w.ue(0);       // and in list 1
  w.bits(0, 3);  // no weighted prediction
  w.ue(0);       // quantisers and chroma offset as default
  w.ue(0);
  w.ue(0);
  w.bits(4, 3);  // deblocking control in slices; no constrained intra, no redundant pictures
  append_nal(out, kReferencePps, w.finish());
}

/// The next NAL unit without its start code; moves `rest` behind it.
std::optional<base::ByteView> next_nal(base::ByteView& rest) {
  const auto start_at = [](base::ByteView b, std::size_t from) {
    for (std::size_t i = from; i + 3 <= b.size(); ++i) {
      if (b[i] == 0 && b[i + 1] == 0 && b[i + 2] == 1) return i;
    }
    return b.size();
  };
  const std::size_t start = start_at(rest, 0);
  if (start == rest.size()) return std::nullopt;
  const std::size_t first = start + 3;
  const std::size_t next = start_at(rest, first);
  std::size_t end = next;
  while (end > first && rest[end - 1] == 0) --end;  // the longer start code's zero
  const base::ByteView nal = rest.subspan(first, end - first);
  rest = rest.subspan(next);
  return nal;
}

bool profile_has_chroma_format(std::uint32_t profile) { return profile == 100 || profile == 110 || profile == 122; }
}  // namespace

H264Repeater::H264Repeater(screen::Size picture)
    : macroblocks_(static_cast<std::uint32_t>((picture.width + 15) / 16) *
                   static_cast<std::uint32_t>((picture.height + 15) / 16)) {}

base::Result<> H264Repeater::read_sps(base::ByteView nal) {
  const base::Bytes plain = unescaped(nal.subspan(1));
  BitReader r(plain);
  const std::uint32_t profile = r.bits(8);
  r.bits(16);  // constraints, level
  r.ue();      // number
  if (profile_has_chroma_format(profile)) {
    r.ue();  // chroma format
    r.ue();  // luma depth
    r.ue();  // chroma depth
    r.bits(1);
    if (r.bits(1) != 0) return other_stream("scaling lists");
  }
  const std::uint32_t frame_num_bits = r.ue() + 4;
  if (r.ue() != 2) return other_stream("picture order is not decoding order");
  r.ue();     // references
  r.bits(1);  // gaps in frame_num
  const std::uint32_t width = r.ue() + 1;
  const std::uint32_t height = r.ue() + 1;
  if (r.bits(1) != 1) return other_stream("interlaced");
  if (r.failed() || frame_num_bits > 16 || std::uint64_t{width} * height != macroblocks_)
    return other_stream("parameter set");
  frame_num_bits_ = frame_num_bits;
  return {};
}

base::Result<base::Bytes> H264Repeater::parameters(base::ByteView from_encoder) {
  base::Bytes out;
  base::ByteView rest = from_encoder;
  while (const auto nal = next_nal(rest)) {
    if (nal->empty()) continue;
    const unsigned type = (*nal)[0] & 0x1f;
    if (type == kSps) RESCUE_CHECK(read_sps(*nal));
    if (type != kSps && type != kPps) continue;
    base::append(out, kStartCode);
    base::append(out, *nal);
  }
  if (frame_num_bits_ == 0) return other_stream("no parameter set");
  append_our_pps(out);
  return out;
}

base::Result<base::Bytes> H264Repeater::picture(base::ByteView packet, std::int64_t) {
  base::Bytes out;
  out.reserve(packet.size() + 32);
  base::ByteView rest = packet;
  bool seen = false;
  while (const auto nal = next_nal(rest)) {
    if (nal->empty()) continue;
    const unsigned type = (*nal)[0] & 0x1f;
    if (type == kSps) RESCUE_CHECK(read_sps(*nal));
    if (type == kSlice || type == kIdr) {
      if (seen) return other_stream("several slices");
      seen = true;
      frame_num_ = type == kIdr ? 0 : (frame_num_ + 1) & ((std::uint32_t{1} << frame_num_bits_) - 1);
    }
    if (type == kSlice) {
      RESCUE_TRY(const auto slice, renumbered(*nal));
      append_nal(out, (*nal)[0], slice);
      continue;
    }
    base::append(out, kStartCode);
    base::append(out, *nal);
    if (type == kPps) append_our_pps(out);
  }
  if (!seen) return other_stream("packet without a picture");
  begun_ = true;
  return out;
}

/// The slice's payload with our frame_num.
base::Result<base::Bytes> H264Repeater::renumbered(base::ByteView nal) {
  if (!begun_ || frame_num_bits_ == 0) return other_stream("begins without a keyframe");
  if ((nal[0] & 0x60) == 0) return other_stream("picture that is no reference");
  base::Bytes plain = unescaped(nal.subspan(1));
  BitReader r(plain);
  r.ue();  // first macroblock
  r.ue();  // type
  r.ue();  // PPS
  const std::size_t at = r.position();
  r.bits(frame_num_bits_);
  if (r.failed()) return other_stream("slice cut off");
  for (unsigned i = 0; i < frame_num_bits_; ++i) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> ((at + i) % 8));
    std::uint8_t& byte = plain[(at + i) / 8];
    const bool one = (frame_num_ >> (frame_num_bits_ - 1 - i) & 1u) != 0;
    byte = static_cast<std::uint8_t>(one ? byte | mask : byte & ~mask);
  }
  return plain;
}

base::Result<base::Bytes> H264Repeater::repeat(std::int64_t) {
  if (!begun_ || frame_num_bits_ == 0) return base::fail(base::Errc::conflict, "repeat a picture before the first");
  frame_num_ = (frame_num_ + 1) & ((std::uint32_t{1} << frame_num_bits_) - 1);
  BitWriter w;
  w.ue(0);  // first macroblock
  w.ue(5);  // P, and so are all slices of the picture
  w.ue(kOurPps);
  w.bits(frame_num_, frame_num_bits_);
  w.bits(0, 3);  // as many references as the PPS says; their order and their keeping as default
  w.ue(0);       // quantiser: signed 0 has the same code
  w.ue(1);       // no deblocking
  w.ue(macroblocks_);
  base::Bytes out;
  append_nal(out, kReferenceSlice, w.finish());
  return out;
}

}  // namespace rescue::media
