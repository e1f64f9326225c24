// SPDX-License-Identifier: Apache-2.0
// Content-defined anchors: at every vertical edge a cheap hash of four pixels decides (1 in 16) whether the place is an
// anchor, so the same content elects the same anchors wherever it stands. An anchor's strong hash covers 32 pixels of
// two rows; anchors that are unique in the old frame and met again in the new one vote for their displacement.
#include "screen/impl/motion.hpp"

#include <algorithm>

namespace rescue::screen {
namespace {
constexpr std::size_t kTableSlots = std::size_t{1} << 15;
constexpr std::size_t kProbes = 8;
constexpr std::int32_t kSpan = 32;    // pixels hashed to the right
constexpr std::int32_t kRowGap = 6;   // the second row: far enough to tell text lines apart
constexpr std::size_t kMinVotes = 3;  // fewer are chance

std::uint64_t hash_row(const Pixel* p, std::uint64_t h) {
  for (std::int32_t i = 0; i < kSpan; ++i) {
    h = (h ^ (p[i] & kPixelMask)) * 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
  }
  return h;
}

bool elected(const Pixel* p) {
  std::uint32_t s = (p[0] & kPixelMask) * 0x9e3779b1u ^ (p[-1] & kPixelMask) * 0x85ebca6bu ^
                    (p[1] & kPixelMask) * 0xc2b2ae35u ^ (p[2] & kPixelMask) * 0x27d4eb2fu;
  s ^= s >> 15;
  s *= 0x2c1b3c6du;
  return (s >> 28) == 0;
}

template <typename Visit>
void each_anchor(const FrameView& frame, const TileGrid& grid, const std::vector<std::uint8_t>& dirty, Visit visit) {
  for (std::size_t t = 0; t < grid.count(); ++t) {
    if (dirty[t] == 0) continue;
    const Rect r = grid.rect(t);
    const auto right = std::min<std::int64_t>(r.right(), frame.size.width - kSpan + 1);
    const auto bottom = std::min<std::int64_t>(r.bottom(), frame.size.height - kRowGap);
    for (std::int32_t y = r.y; y < bottom; ++y) {
      const Pixel* row = frame.row(y);
      for (std::int32_t x = std::max(r.x, 1); x < right; ++x) {
        if (((row[x] ^ row[x - 1]) & kPixelMask) == 0 || !elected(row + x)) continue;
        const std::uint64_t h = hash_row(frame.row(y + kRowGap) + x, hash_row(row + x, 1));
        visit(h | 1, x, y);
      }
    }
  }
}
}  // namespace

void MotionFinder::remember(std::uint64_t hash, std::int32_t x, std::int32_t y) {
  std::size_t at = (hash >> 32) % kTableSlots;
  for (std::size_t i = 0; i < kProbes; ++i, at = (at + 1) % kTableSlots) {
    Anchor& a = table_[at];
    if (a.hash == 0) {
      a = {hash, x, y, true};
      return;
    }
    if (a.hash == hash) {
      a.unique = false;
      return;
    }
  }
}

const MotionFinder::Anchor* MotionFinder::lookup(std::uint64_t hash) const {
  std::size_t at = (hash >> 32) % kTableSlots;
  for (std::size_t i = 0; i < kProbes; ++i, at = (at + 1) % kTableSlots) {
    if (table_[at].hash == 0) return nullptr;
    if (table_[at].hash == hash) return table_[at].unique ? &table_[at] : nullptr;
  }
  return nullptr;
}

std::vector<Vector> MotionFinder::find(const FrameView& before, const FrameView& now, const TileGrid& grid,
                                       const std::vector<std::uint8_t>& dirty, std::size_t most) {
  table_.assign(kTableSlots, {});
  each_anchor(before, grid, dirty, [this](std::uint64_t h, std::int32_t x, std::int32_t y) { remember(h, x, y); });
  std::vector<std::uint64_t> votes;  // dy and dx, shifted to be positive: sorting groups equal ones
  constexpr std::int64_t kBias = kMaxSide;
  each_anchor(now, grid, dirty, [&](std::uint64_t h, std::int32_t x, std::int32_t y) {
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
