// SPDX-License-Identifier: Apache-2.0
// Content-defined anchors: at every vertical edge a cheap hash of four pixels decides (1 in 16) whether the place is an
// anchor, so the same content elects the same anchors wherever it stands. An anchor's strong hash covers 32 pixels of
// two rows; anchors that are unique in the old frame and met again in the new one vote for their displacement.
#include "screen/impl/motion.hpp"

#include <algorithm>
#include <bit>

namespace rescue::screen {
namespace {
constexpr std::size_t kTableSlots = std::size_t{1} << 15;
constexpr std::size_t kProbes = 8;
constexpr std::int32_t kSpan = 32;    // pixels hashed to the right
constexpr std::int32_t kRowGap = 6;   // the second row: far enough to tell text lines apart
constexpr std::size_t kMinVotes = 3;  // fewer are chance

/// Of kSpan pixels in each of two rows; four sums side by side, so that no step waits for the one before.
std::uint32_t hash_at(const Pixel* upper, const Pixel* lower) {
  std::uint64_t sums[4]{1, 2, 3, 4};
  constexpr std::uint64_t kFactors[4]{0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u, 0xc2b2ae3d27d4eb4fu,
                                      0x165667b19e3779f9u};
  for (const Pixel* p : {upper, lower}) {
    for (std::int32_t i = 0; i < kSpan; i += 8) {
      for (std::int32_t k = 0; k < 4; ++k) {
        const std::uint64_t two = std::uint64_t{p[i + 2 * k] & kPixelMask} << 32 | (p[i + 2 * k + 1] & kPixelMask);
        sums[k] = (sums[k] ^ two) * kFactors[k];
        sums[k] ^= sums[k] >> 31;
      }
    }
  }
  const std::uint64_t all = (sums[0] + 3 * sums[1]) ^ (sums[2] * 5 + sums[3] * 7);
  return static_cast<std::uint32_t>(all >> 32) | 1;
}

template <typename Visit>
void each_anchor(const Kernels& kernels, const FrameView& frame, const TileGrid& grid,
                 const std::vector<std::uint8_t>& dirty, Visit visit) {
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (dirty[t] == 0) continue;
    const Rect r = grid.rect(t);
    const auto right = std::min<std::int64_t>(r.right(), frame.size.width - kSpan + 1);
    const auto bottom = std::min<std::int64_t>(r.bottom(), frame.size.height - kRowGap);
    const std::int32_t left = std::max(r.x, 1);
    if (right <= left) continue;
    const bool whole = r.x > 0 && right == r.right();  // then two pixels more stand behind the tile
    for (std::int32_t y = r.y; y < bottom; ++y) {
      const Pixel* row = frame.row(y);
      std::uint32_t anchors = 0;
      if (whole) {
        anchors = kernels.anchors16(row + r.x);
      } else {
        for (std::int32_t x = left; x < right; ++x) anchors |= (is_anchor(row + x) ? 1u : 0u) << (x - r.x);
      }
      for (; anchors != 0; anchors &= anchors - 1) {
        const std::int32_t x = r.x + std::countr_zero(anchors);
        visit(hash_at(row + x, frame.row(y + kRowGap) + x), x, y);
      }
    }
  }
}
}  // namespace

void MotionFinder::remember(std::uint32_t hash, std::int32_t x, std::int32_t y) {
  std::size_t at = (hash >> 3) % kTableSlots;
  for (std::size_t i = 0; i < kProbes; ++i, at = (at + 1) % kTableSlots) {
    Anchor& a = table_[at];
    if (a.hash == 0) {
      a = {hash, static_cast<std::int16_t>(x), static_cast<std::int16_t>(y)};
      return;
    }
    if (a.hash == hash) {
      a.y = -1;
      return;
    }
  }
}

const MotionFinder::Anchor* MotionFinder::lookup(std::uint32_t hash) const {
  std::size_t at = (hash >> 3) % kTableSlots;
  for (std::size_t i = 0; i < kProbes; ++i, at = (at + 1) % kTableSlots) {
    if (table_[at].hash == 0) return nullptr;
    if (table_[at].hash == hash) return table_[at].y >= 0 ? &table_[at] : nullptr;
  }
  return nullptr;
}

std::vector<Vector> MotionFinder::find(const Kernels& kernels, const FrameView& before, const FrameView& now,
                                       const TileGrid& grid, const std::vector<std::uint8_t>& dirty, std::size_t most) {
  table_.assign(kTableSlots, {});
  each_anchor(kernels, before, grid, dirty,
              [this](std::uint32_t h, std::int32_t x, std::int32_t y) { remember(h, x, y); });
  std::vector<std::uint64_t> votes;  // dy and dx, shifted to be positive: sorting groups equal ones
  constexpr std::int64_t kBias = kMaxSide;
  each_anchor(kernels, now, grid, dirty, [&](std::uint32_t h, std::int32_t x, std::int32_t y) {
    const Anchor* a = lookup(h);
    if (a == nullptr || (a->x == x && a->y == y)) return;
    votes.push_back(static_cast<std::uint64_t>(a->y - y + kBias) << 32 | static_cast<std::uint64_t>(a->x - x + kBias));
  });
  std::sort(votes.begin(), votes.end());
  std::vector<std::pair<std::size_t, std::uint64_t>> tally;
  for (std::size_t i = 0; i < votes.size();) {
    std::size_t end = i;
    while (end < votes.size() && votes[end] == votes[i]) ++end;
    if (end - i >= kMinVotes) tally.emplace_back(end - i, votes[i]);
    i = end;
  }
  std::sort(tally.rbegin(), tally.rend());
  std::vector<Vector> out;
  for (std::size_t i = 0; i < tally.size() && i < most; ++i) {
    out.push_back({static_cast<std::int32_t>(static_cast<std::int64_t>(tally[i].second & 0xffffffff) - kBias),
                   static_cast<std::int32_t>(static_cast<std::int64_t>(tally[i].second >> 32) - kBias)});
  }
  return out;
}

}  // namespace rescue::screen
