// SPDX-License-Identifier: Apache-2.0
// The video regions of an encoder: which tiles show video, and the streams they take it from.
//
// For each picture, in this order: permit, claim (before the tiles are chosen), assign (after), encode.
#pragma once

#include "screen/impl/tile_plan.hpp"
#include "screen/impl/video_picture.hpp"
#include "screen/impl/video_regions.hpp"
#include "screen/impl/vp9_stream.hpp"

namespace rescue::screen {

class VideoEncoder {
 public:
  /// A keyframe: the receiver holds no regions. What moves is still known if the size is the same.
  void reset(Size size);
  /// 0: no video, all regions end. Time passes, also without a picture.
  void permit(unsigned kbit, base::Duration time);
  /// Marks the dirty tiles that can show what the regions have, and need not be exact. `shown`: the frame that the
  /// receiver's picture was made from.
  void claim(const FrameView& frame, const FrameView& shown, const std::vector<std::uint8_t>& dirty);
  /// Clears the marks of claimed tiles; returns how many there were.
  [[nodiscard]] std::size_t take_out_claimed(std::vector<std::uint8_t>& marks) const;
  /// One mark a tile.
  [[nodiscard]] const std::vector<std::uint8_t>& claimed() const { return claimed_; }
  /// Learns from a plan what is new in the picture, and gives tiles of regions that begin with it to them.
  void assign(const FrameView& frame, const FrameView& shown, TilePlan& plan);
  /// What encode() will cost, in units of EncodeRequest::work.
  [[nodiscard]] std::uint32_t work(const TilePlan& plan) const;
  /// A frame for each region that has tiles in the plan. Returns the section for the packet, empty if it needs none.
  /// When a stream fails, its tiles become photos and there is no more video.
  [[nodiscard]] base::Bytes encode(const FrameView& frame, TilePlan& plan);
  [[nodiscard]] const VideoPictures& pictures() const { return pictures_; }
  /// There may be video now.
  [[nodiscard]] bool allowed() const { return kbit_ > 0 && !broken_ && video_available(); }

 private:
  [[nodiscard]] bool can_show(const Rect& place, const Rect& tile, const FrameView& frame,
                              const FrameView& shown) const;
  [[nodiscard]] TileNews news_of(const TileChoice& choice, const FrameView& frame, const Rect& changed) const;
  [[nodiscard]] bool in_plan(const Rect& place, const TilePlan& plan) const;
  [[nodiscard]] unsigned share(const Rect& place) const;
  base::Result<base::Bytes> encode_region(std::size_t region, const FrameView& frame);
  void drop_others(TilePlan& plan) const;

  TileGrid grid_;
  VideoRegions regions_;
  VideoPlaces held_;  // by the receiver
  std::array<std::optional<Vp9Encoder>, kMaxVideoRegions> streams_;
  VideoPictures pictures_;
  std::vector<std::uint8_t> claimed_;
  std::vector<TileNews> news_;
  std::vector<Rect> changed_;
  unsigned kbit_ = 0;
  base::Duration time_{};
  bool broken_ = false;
};

}  // namespace rescue::screen
