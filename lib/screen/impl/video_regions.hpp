// SPDX-License-Identifier: Apache-2.0
// Finds the parts of the screen that move like video: tiles that get new content again and again, content that looks
// like a photo. An encoder's choice alone; nothing of it stands in packets but the rectangles.
//
// A tick is a picture, or all pictures within kTick. A tile is restless when it was new in at least half of the last 15
// ticks and mostly looked like a photo; a large area needs fewer ticks, because waiting costs more there. Restless
// tiles that touch make a region: the rectangle around the pixels that changed, if most of it is restless. A region
// lives kLife at least, unless nothing moves in it for kStill; it also ends when what moves outgrows it. It is adapted
// when the pixels that move turn out to be others.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "screen/impl/canvas.hpp"
#include "screen/impl/video_section.hpp"

namespace rescue::screen {

/// What a picture did to a tile.
enum class TileNews : std::uint8_t {
  none,   // as before, or moved from elsewhere, or seen before
  plain,  // new: text, lines, areas of a colour
  photo,  // new, and looks like a photo
};

class VideoRegions {
 public:
  static constexpr base::Duration kTick = std::chrono::milliseconds(50);
  static constexpr base::Duration kLife = std::chrono::seconds(1);
  static constexpr base::Duration kStill = std::chrono::milliseconds(500);
  static constexpr base::Duration kFit = std::chrono::milliseconds(1500);  // from one adaption to the next

  void reset(Size size);
  /// A picture: what is new in each tile, and where in it pixels changed (absolute; empty where nothing did). `time`
  /// never decreases; 0 throughout counts every picture as a tick.
  void picture(std::span<const TileNews> news, std::span<const Rect> changed, base::Duration time);
  /// No picture, but time has passed: ends what is still.
  void rest(base::Duration time);
  /// Ends all.
  void clear();
  [[nodiscard]] const VideoPlaces& places() const { return places_; }
  [[nodiscard]] bool any() const;
  /// It has had news lately, so that it matters which pixels change in it.
  [[nodiscard]] bool watched(std::size_t tile) const { return tiles_[tile].fresh != 0; }

 private:
  struct Life {
    base::Duration began{};
    base::Duration fitted{};
    base::Duration moved{};  // last time
  };
  struct Tile {
    std::uint16_t fresh = 0;  // bit k: it was new k ticks ago
    std::uint16_t photo = 0;  // and looked like a photo
    // Of the pixels that changed in the last 8 ticks or less, and in the 8 before; but for a first change, which may be
    // that of a page around the film.
    Rect recent;
    Rect older;
    [[nodiscard]] Rect extent() const { return recent.united(older); }
  };
  void tick(base::Duration time);
  void fit(std::size_t region, base::Duration time);
  [[nodiscard]] bool restless(const Tile& t) const;
  [[nodiscard]] bool quick(const Tile& t) const;
  void look_after(base::Duration time);
  void end(std::size_t region);
  void find_new(base::Duration time);
  [[nodiscard]] std::optional<Rect> grow(std::size_t seed);
  [[nodiscard]] bool outgrown(const Rect& place) const;
  void start(Rect place, base::Duration time);
  [[nodiscard]] bool free_for(const Rect& place, std::size_t region) const;
  [[nodiscard]] Rect tiles_of(const Rect& place) const;  // in tiles

  TileGrid grid_;
  std::vector<Tile> tiles_;
  std::vector<std::uint8_t> taken_;  // by a region, or looked at in this search
  std::vector<std::size_t> queue_;
  VideoPlaces places_;
  std::array<Life, kMaxVideoRegions> lives_{};
  base::Duration tick_began_{};
  base::Duration last_{};
  unsigned ticks_ = 0;
  bool begun_ = false;
};

}  // namespace rescue::screen
