// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <optional>

#include "media/impl/bits.hpp"
#include "media/impl/repeater.hpp"

namespace rescue::media {
namespace {
// Start codes (ISO/IEC 14496-2 6.2.1) behind 00 00 01.
constexpr std::uint8_t kGroup = 0xb3;
constexpr std::uint8_t kVop = 0xb6;
constexpr std::uint32_t kPredicted = 1;  // vop_coding_type
constexpr std::uint32_t kQuantiser = 4;  // of a VOP that has nothing to quantise

/// Where the unit of a start code begins, behind it.
std::optional<std::size_t> behind_start_code(base::ByteView b, std::uint8_t code) {
  for (std::size_t i = 0; i + 4 <= b.size(); ++i) {
    if (b[i] == 0 && b[i + 1] == 0 && b[i + 2] == 1 && b[i + 3] == code) return i + 4;
  }
  return std::nullopt;
}

/// Bits of a unit without the stuffing at its end: a zero and ones.
std::size_t bits_without_stuffing(base::ByteView unit) {
  return unit.size() * 8 - static_cast<std::size_t>(std::countr_one(unit.back())) - 1;
}

class Mpeg4Repeater final : public Repeater {
 public:
  Mpeg4Repeater(screen::Size picture, int ticks_per_second)
      : macroblocks_((picture.width + 15) / 16 * ((picture.height + 15) / 16)),
        rate_(ticks_per_second),
        time_bits_(std::max(1u, static_cast<unsigned>(std::bit_width(static_cast<unsigned>(ticks_per_second - 1))))) {}

  base::Result<base::Bytes> picture(base::ByteView packet, std::int64_t tick) override {
    const auto vop = behind_start_code(packet, kVop);
    if (!vop || *vop >= packet.size() || packet.back() == 0xff)
      return base::fail(base::Errc::unsupported, "repeat a picture of this MPEG-4 stream");
    if (behind_start_code(packet.first(*vop), kGroup)) {  // a group tells the time anew
      second_ = tick / rate_;
      return base::to_bytes(packet);
    }
    if (!second_) return base::fail(base::Errc::unsupported, "this MPEG-4 stream begins without a group");
    const base::ByteView unit = packet.subspan(*vop);
    BitReader r(unit);
    BitWriter w;
    w.bits(r.bits(2), 2);  // type
    std::int64_t seconds = 0;
    while (r.bits(1) != 0 && !r.failed()) ++seconds;
    if (*second_ + seconds == tick / rate_) {
      second_ = tick / rate_;
      return base::to_bytes(packet);
    }
    put_seconds(w, tick);
    for (const std::size_t end = bits_without_stuffing(unit); r.position() < end && !r.failed();) {
      const auto n = static_cast<unsigned>(std::min<std::size_t>(32, end - r.position()));
      w.bits(r.bits(n), n);
    }
    if (r.failed()) return base::fail(base::Errc::unsupported, "an MPEG-4 picture is cut off");
    base::Bytes out = base::to_bytes(packet.first(*vop));
    base::append(out, w.finish_mpeg4());
    return out;
  }

  base::Result<base::Bytes> repeat(std::int64_t tick) override {
    if (!second_) return base::fail(base::Errc::conflict, "repeat a picture before the first");
    BitWriter w;
    w.bits(kPredicted, 2);
    put_seconds(w, tick);
    w.bits(1, 1);  // marker
    w.bits(static_cast<std::uint32_t>(tick % rate_), time_bits_);
    w.bits(1, 1);  // marker
    w.bits(1, 1);  // coded: decoders show no picture for one that is not
    w.bits(0, 1);  // rounding
    w.bits(0, 3);  // threshold of intra DC
    w.bits(kQuantiser, 5);
    w.bits(1, 3);  // range of vectors
    for (int i = 0; i < macroblocks_; ++i) w.bits(1, 1);
    base::Bytes out{0, 0, 1, kVop};
    base::append(out, w.finish_mpeg4());
    return out;
  }

 private:
  /// modulo_time_base: the full seconds since those of the VOP before.
  void put_seconds(BitWriter& w, std::int64_t tick) {
    for (; *second_ < tick / rate_; ++*second_) w.bits(1, 1);
    w.bits(0, 1);
  }

  int macroblocks_;
  std::int64_t rate_;
  unsigned time_bits_;
  std::optional<std::int64_t> second_;  // of the last VOP
};
}  // namespace

std::unique_ptr<Repeater> make_mpeg4_repeater(screen::Size picture, int ticks_per_second) {
  return std::make_unique<Mpeg4Repeater>(picture, ticks_per_second);
}

}  // namespace rescue::media
