// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/tiles_state.hpp"

#include <cstring>

namespace rescue::screen {

std::size_t TileRing::add(const Frame& frame, Rect r) {
  const std::size_t slot = next_;
  next_ = (next_ + 1) % kSlots;
  if (pixels_.size() < (slot + 1) * kTilePixels) pixels_.resize((slot + 1) * kTilePixels);
  for (std::int32_t y = 0; y < kTileSide; ++y)
    std::memcpy(pixels_.data() + slot * kTilePixels + static_cast<std::size_t>(y) * kTileSide, frame.row(r.y + y) + r.x,
                kTileSide * sizeof(Pixel));
  return slot;
}

std::optional<FrameView> TileRing::tile(std::size_t slot) const {
  if (pixels_.size() < (slot + 1) * kTilePixels) return std::nullopt;
  return FrameView{pixels_.data() + slot * kTilePixels, {kTileSide, kTileSide}, kTileSide};
}

void ColourTable::reset() {
  colours_.fill(0);
  used_.fill(0);
  lookup_.fill(kEscape);
  hand_ = 0;
}

void ColourTable::insert(Pixel colour) {
  while (used_[hand_] != 0) {
    used_[hand_] = 0;
    hand_ = (hand_ + 1) % kSlots;
  }
  colours_[hand_] = colour;
  used_[hand_] = 1;
  lookup_[bucket(colour)] = static_cast<std::uint8_t>(hand_);
  hand_ = (hand_ + 1) % kSlots;
}

}  // namespace rescue::screen
