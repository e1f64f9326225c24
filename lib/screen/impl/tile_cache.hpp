// SPDX-License-Identifier: Apache-2.0
// The last coded full tiles of the session, in a ring; and, for an encoder, where a tile stands in it.
#pragma once

#include <unordered_map>
#include <vector>

#include "screen/impl/canvas.hpp"

namespace rescue::screen {

class TileCache {
 public:
  static constexpr std::size_t kSlots = 32768;  // 32 MiB of pixels, taken as they fill
  void reset() {
    pixels_.clear();
    next_ = 0;
  }
  /// Copies the full tile `r` of `frame` to the next slot.
  void add(const Frame& frame, Rect r) {
    if (pixels_.size() < (next_ + 1) * kTilePixels) pixels_.resize((next_ + 1) * kTilePixels);
    Pixel* to = pixels_.data() + next_ * kTilePixels;
    for (std::int32_t y = 0; y < kTileSide; ++y, to += kTileSide) std::copy_n(frame.row(r.y + y) + r.x, kTileSide, to);
    next_ = (next_ + 1) % kSlots;
  }
  [[nodiscard]] std::size_t next() const { return next_; }
  [[nodiscard]] bool holds(std::size_t slot) const { return pixels_.size() >= (slot + 1) * kTilePixels; }
  /// kTilePixels pixels, row by row; only of a slot that it holds.
  [[nodiscard]] const Pixel* tile(std::size_t slot) const { return pixels_.data() + slot * kTilePixels; }

 private:
  std::vector<Pixel> pixels_;
  std::size_t next_ = 0;
};

/// An encoder's way from content to slot. Told of every tile just before the cache takes it.
class TileFinder {
 public:
  void reset() {
    slot_by_key_.clear();
    key_by_slot_.assign(TileCache::kSlots, 0);
  }
  void add(std::size_t slot, std::uint64_t key) {
    if (const auto old = slot_by_key_.find(key_by_slot_[slot]); old != slot_by_key_.end() && old->second == slot)
      slot_by_key_.erase(old);
    key_by_slot_[slot] = key;
    slot_by_key_[key] = static_cast<std::uint16_t>(slot);
  }
  [[nodiscard]] std::optional<std::uint16_t> find(std::uint64_t key) const {
    const auto at = slot_by_key_.find(key);
    if (at == slot_by_key_.end()) return std::nullopt;
    return at->second;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint16_t> slot_by_key_;
  std::vector<std::uint64_t> key_by_slot_;
};

}  // namespace rescue::screen
