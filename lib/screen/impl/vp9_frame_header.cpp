// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/vp9_frame_header.hpp"

namespace rescue::screen {
namespace {
/// Bits, the highest first; zeros behind the end.
class Bits {
 public:
  explicit Bits(base::ByteView in) : in_(in) {}
  std::uint32_t take(unsigned count) {
    std::uint32_t out = 0;
    for (; count > 0; --count, ++at_) {
      const std::uint32_t byte = at_ / 8 < in_.size() ? in_[at_ / 8] : 0;
      out = out << 1 | (byte >> (7 - at_ % 8) & 1);
    }
    return out;
  }
  [[nodiscard]] bool overrun() const { return at_ > in_.size() * 8; }

 private:
  base::ByteView in_;
  std::size_t at_ = 0;
};

constexpr std::uint32_t kFrameMarker = 2;
constexpr std::uint32_t kSyncCode = 0x498342;
constexpr std::uint32_t kColourSpaceRgb = 7;

const char* check_key_frame(Bits& in, Size size) {
  if (in.take(24) != kSyncCode) return "video: sync code";
  if (in.take(3) == kColourSpaceRgb) return "video: colour space";
  static_cast<void>(in.take(1));  // colour range: the format of the region says it
  const Size own{static_cast<std::int32_t>(in.take(16)) + 1, static_cast<std::int32_t>(in.take(16)) + 1};
  if (own != size) return "video: size";
  return nullptr;
}

/// Every picture before it has the region's size, so one that takes its size from any of them has it as well.
const char* check_inter_frame(Bits& in, bool error_resilient) {
  if (!error_resilient) static_cast<void>(in.take(2));  // which contexts to reset
  static_cast<void>(in.take(8));                        // which pictures it replaces
  for (int reference = 0; reference < 3; ++reference) static_cast<void>(in.take(4));
  for (int reference = 0; reference < 3; ++reference) {
    if (in.take(1) != 0) return nullptr;
  }
  return "video: size";
}
}  // namespace

const char* check_vp9_frame(base::ByteView frame, Size size, bool key) {
  Bits in(frame);
  if (in.take(2) != kFrameMarker) return "video: first bits";
  if (in.take(2) != 0) return "video: profile";
  if (in.take(1) != 0) return "video: shows an earlier picture";
  if ((in.take(1) == 0) != key) return key ? "video: does not begin with a key frame" : "video: key frame";
  if (in.take(1) == 0) return "video: hidden picture";
  const bool error_resilient = in.take(1) != 0;
  const char* wrong = key ? check_key_frame(in, size) : check_inter_frame(in, error_resilient);
  if (wrong == nullptr && in.overrun()) return "video: cut off";
  return wrong;
}

}  // namespace rescue::screen
