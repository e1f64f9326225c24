// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/video_regions.hpp"

#include <bit>
#include <utility>

namespace rescue::screen {
namespace {
constexpr unsigned kTicks = 15;  // that are remembered: one second at the usual rate
constexpr std::uint16_t kRemembered = (1u << kTicks) - 1;
constexpr int kRestless = 8;            // of them
constexpr std::uint16_t kQuick = 0b11;  // new in each of these: enough for a large area
/// Smaller areas (a spinner, an animated icon) cost little as photos.
constexpr std::int64_t kMinTiles = 24;
constexpr std::int64_t kLargeTiles = 240;
constexpr std::int32_t kTooLarge = 4;  // pixels
/// After a pause like this nothing is known of what moves.
constexpr base::Duration kPause = std::chrono::seconds(1);

int count(std::uint16_t bits) { return std::popcount(static_cast<unsigned>(bits)); }
}  // namespace

void VideoRegions::reset(Size size) {
  grid_ = TileGrid(size);
  tiles_.assign(grid_.count(), {});
  taken_.assign(grid_.count(), 0);
  places_ = {};
  begun_ = false;
}

void VideoRegions::clear() {
  places_ = {};
  tiles_.assign(grid_.count(), {});
  begun_ = false;
}

bool VideoRegions::any() const {
  return std::ranges::any_of(places_, [](const auto& place) { return place.has_value(); });
}

/// Makes room for a new tick where it is time for one.
void VideoRegions::tick(base::Duration time) {
  const bool pause = begun_ && time - last_ > kPause;
  const bool next = !begun_ || time == base::Duration{} || time - tick_began_ >= kTick;
  begun_ = true;
  last_ = time;
  if (!next) return;
  tick_began_ = time;
  const bool turn = ++ticks_ % 8 == 0;
  for (Tile& t : tiles_) {
    if (t.fresh == 0) continue;
    t.fresh = pause ? 0 : static_cast<std::uint16_t>(t.fresh << 1 & kRemembered);
    t.photo = pause ? 0 : static_cast<std::uint16_t>(t.photo << 1 & kRemembered);
    if (t.fresh == 0) t.recent = t.older = {};
    if (turn) t.older = std::exchange(t.recent, {});
  }
}

bool VideoRegions::restless(const Tile& t) const {
  return count(t.fresh) >= kRestless && 2 * count(t.photo) >= count(t.fresh);
}
bool VideoRegions::quick(const Tile& t) const { return (t.fresh & kQuick) == kQuick && (t.photo & kQuick) != 0; }

Rect VideoRegions::tiles_of(const Rect& place) const {
  const std::int32_t x = place.x / kTileSide;
  const std::int32_t y = place.y / kTileSide;
  return {x, y, static_cast<std::int32_t>((place.right() - 1) / kTileSide) - x + 1,
          static_cast<std::int32_t>((place.bottom() - 1) / kTileSide) - y + 1};
}

void VideoRegions::picture(std::span<const TileNews> news, std::span<const Rect> changed, base::Duration time) {
  tick(time);
  for (std::size_t t = 0; t < news.size(); ++t) {
    if (news[t] == TileNews::none) continue;
    Tile& tile = tiles_[t];
    if (tile.fresh > 1) tile.recent = tile.recent.united(changed[t]);
    tile.fresh |= 1;
    if (news[t] == TileNews::photo) tile.photo |= 1;
  }
  look_after(time);
  find_new(time);
}

void VideoRegions::rest(base::Duration time) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i] && time - lives_[i].moved >= kStill) end(i);
  }
}

/// What is known of its tiles is forgotten as well: where a film that was moved begins is learnt anew.
void VideoRegions::end(std::size_t region) {
  const Rect inner = tiles_of(*places_[region]);
  for (std::int32_t y = inner.y; y < inner.bottom(); ++y)
    std::fill_n(tiles_.begin() + y * grid_.columns + inner.x, inner.width, Tile{});
  places_[region].reset();
}

/// Something that is restless reaches beyond the region by more than a tile: a video that was made larger.
bool VideoRegions::outgrown(const Rect& place) const {
  const Rect inner = tiles_of(place);
  std::int64_t around = 0;
  std::int64_t restless_around = 0;
  for (std::int32_t y = std::max(inner.y - 2, 0); y < std::min<std::int64_t>(inner.bottom() + 2, grid_.rows); ++y) {
    for (std::int32_t x = std::max(inner.x - 2, 0); x < std::min<std::int64_t>(inner.right() + 2, grid_.columns); ++x) {
      if (inner.contains({x, y})) continue;
      ++around;
      if (restless(tiles_[static_cast<std::size_t>(y * grid_.columns + x)])) ++restless_around;
    }
  }
  return 4 * restless_around > around;
}

/// A new key frame is the price: a place that is a little too large is left alone.
void VideoRegions::fit(std::size_t region, base::Duration time) {
  const Rect inner = tiles_of(*places_[region]);
  Rect around;
  for (std::int32_t y = inner.y; y < inner.bottom(); ++y) {
    for (std::int32_t x = inner.x; x < inner.right(); ++x) {
      const Tile& t = tiles_[static_cast<std::size_t>(y * grid_.columns + x)];
      if (restless(t)) around = around.united(t.extent());
    }
  }
  const Rect& place = *places_[region];
  const bool widens = place.united(around) != place;
  const bool shrinks = std::max({around.x - place.x, around.y - place.y, place.width - around.width,
                                 place.height - around.height}) >= kTooLarge;
  if ((!widens && !shrinks) || !free_for(around, region)) return;
  places_[region] = around;
  lives_[region].fitted = time;
}

/// Notes what moves in the regions, and ends those in which nothing does, or that no longer fit.
void VideoRegions::look_after(base::Duration time) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i]) continue;
    const Rect inner = tiles_of(*places_[i]);
    std::int64_t fresh = 0;
    for (std::int32_t y = inner.y; y < inner.bottom(); ++y) {
      for (std::int32_t x = inner.x; x < inner.right(); ++x)
        fresh += tiles_[static_cast<std::size_t>(y * grid_.columns + x)].fresh & 1;
    }
    // A clock or a progress bar over a picture that stands does not make it a video.
    if (8 * fresh >= std::int64_t{inner.width} * inner.height) lives_[i].moved = time;
    const bool still = time - lives_[i].moved >= kStill;
    if (still || (time - lives_[i].began >= kLife && outgrown(*places_[i]))) {
      end(i);
    } else if (time - lives_[i].fitted >= kFit) {
      fit(i, time);
    }
  }
}

/// The rectangle around the restless tiles that touch each other, from `seed` on; none if it is not a region.
std::optional<Rect> VideoRegions::grow(std::size_t seed) {
  queue_.assign(1, seed);
  taken_[seed] = 1;
  Rect tiles;
  Rect extent;
  std::int64_t enough = 0;
  for (std::size_t at = 0; at < queue_.size(); ++at) {
    const Tile& t = tiles_[queue_[at]];
    const std::int32_t column = grid_.column(queue_[at]);
    const auto row = static_cast<std::int32_t>(queue_[at] / static_cast<std::size_t>(grid_.columns));
    tiles = tiles.united({column, row, 1, 1});
    extent = extent.united(t.extent());
    if (restless(t)) ++enough;
    for (std::int32_t y = std::max(row - 1, 0); y <= std::min(row + 1, grid_.rows - 1); ++y) {
      for (std::int32_t x = std::max(column - 1, 0); x <= std::min(column + 1, grid_.columns - 1); ++x) {
        const auto next = static_cast<std::size_t>(y * grid_.columns + x);
        if (taken_[next] != 0 || !(restless(tiles_[next]) || quick(tiles_[next]))) continue;
        taken_[next] = 1;
        queue_.push_back(next);
      }
    }
  }
  const auto members = static_cast<std::int64_t>(queue_.size());
  const std::int64_t area = std::int64_t{tiles.width} * tiles.height;
  const bool long_enough = 2 * enough >= members || members >= kLargeTiles;
  if (members < kMinTiles || !long_enough || 5 * members < 3 * area) return std::nullopt;
  return extent;
}

void VideoRegions::find_new(base::Duration time) {
  std::ranges::fill(taken_, std::uint8_t{0});
  for (const auto& place : places_) {
    if (!place) continue;
    const Rect inner = tiles_of(*place);
    for (std::int32_t y = inner.y; y < inner.bottom(); ++y)
      std::fill_n(taken_.begin() + y * grid_.columns + inner.x, inner.width, std::uint8_t{1});
  }
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    if (taken_[t] != 0 || !(restless(tiles_[t]) || quick(tiles_[t]))) continue;
    if (const auto place = grow(t)) start(*place, time);
  }
}

/// Apart from all other regions, and within the limits together with them.
bool VideoRegions::free_for(const Rect& place, std::size_t region) const {
  if (place.width < kMinVideoSide || place.height < kMinVideoSide) return false;
  std::int64_t pixels = Size{place.width, place.height}.pixels();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (i == region || !places_[i]) continue;
    if (!places_[i]->intersected(place).empty()) return false;
    pixels += Size{places_[i]->width, places_[i]->height}.pixels();
  }
  return pixels <= kMaxVideoPixels;
}

/// What is over the limits goes on as photos.
void VideoRegions::start(Rect place, base::Duration time) {
  const auto free = std::ranges::find_if(places_, [](const auto& p) { return !p.has_value(); });
  if (free == places_.end()) return;
  const auto region = static_cast<std::size_t>(free - places_.begin());
  if (!free_for(place, region)) return;
  places_[region] = place;
  lives_[region] = {time, time, time};
}

}  // namespace rescue::screen
