// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/video_encoder.hpp"

#include "screen/impl/transform.hpp"

namespace rescue::screen {
namespace {
/// libvpx takes about 15 ns a pixel; the unit is 100.
constexpr std::int64_t kPixelsPerWork = 6;

/// Letters, lines, areas of one colour: neighbours are equal or far apart. A film is soft.
bool must_be_exact(const FrameView& frame, const Rect& r) {
  constexpr int kFar = 48;
  const auto distance = [](Pixel a, Pixel b) {
    int most = 0;
    for (int shift = 0; shift < 24; shift += 8)
      most = std::max(most, std::abs(static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255)));
    return most;
  };
  std::int32_t pairs = 0;
  std::int32_t equal = 0;
  std::int32_t far = 0;
  for (std::int32_t y = r.y; y < r.bottom(); y += 2) {  // every second row says enough
    const Pixel* p = frame.row(y);
    for (std::int32_t x = r.x + 1; x < r.right(); ++x) {
      ++pairs;
      if (((p[x] ^ p[x - 1]) & kPixelMask) == 0) {
        ++equal;
      } else if (distance(p[x], p[x - 1]) >= kFar) {
        ++far;
      }
    }
  }
  const std::int32_t soft = pairs - equal - far;
  return soft <= 2 * far || (2 * soft < equal + far && 32 * far > pairs);
}

bool equal_outside(const FrameView& a, const FrameView& b, const Rect& tile, const Rect& place) {
  for (std::int32_t y = tile.y; y < tile.bottom(); ++y) {
    for (std::int32_t x = tile.x; x < tile.right(); ++x) {
      if (((a.row(y)[x] ^ b.row(y)[x]) & kPixelMask) != 0 && !place.contains({x, y})) return false;
    }
  }
  return true;
}

Rect difference(const FrameView& a, const FrameView& b, const Rect& tile) {
  std::int32_t left = tile.width;
  std::int32_t right = 0;
  std::int32_t top = tile.height;
  std::int32_t bottom = 0;
  for (std::int32_t y = 0; y < tile.height; ++y) {
    const Pixel* p = a.row(tile.y + y) + tile.x;
    const Pixel* q = b.row(tile.y + y) + tile.x;
    for (std::int32_t x = 0; x < tile.width; ++x) {
      if (((p[x] ^ q[x]) & kPixelMask) == 0) continue;
      left = std::min(left, x);
      right = std::max(right, x + 1);
      top = std::min(top, y);
      bottom = y + 1;
    }
  }
  return bottom == 0 ? Rect{} : Rect{tile.x + left, tile.y + top, right - left, bottom - top};
}

Size size_of(const Rect& r) { return {r.width, r.height}; }
}  // namespace

void VideoEncoder::reset(Size size) {
  held_ = {};
  for (auto& stream : streams_) stream.reset();
  pictures_ = {};
  if (grid_.size == size) return;
  grid_ = TileGrid(size);
  regions_.reset(size);
}

void VideoEncoder::permit(unsigned kbit, base::Duration time) {
  kbit_ = kbit;
  time_ = time;
  if (!allowed()) {
    if (regions_.any()) regions_.clear();
    return;
  }
  regions_.rest(time);
}

bool VideoEncoder::can_show(const Rect& place, const Rect& tile, const FrameView& frame, const FrameView& shown) const {
  const Rect common = place.intersected(tile);
  return !common.empty() && (common == tile || equal_outside(frame, shown, tile, place));
}

void VideoEncoder::claim(const FrameView& frame, const FrameView& shown, const std::vector<std::uint8_t>& dirty) {
  claimed_.assign(grid_.count(), 0);
  if (!allowed() || !regions_.any()) return;
  for (std::size_t t = 0; t < grid_.count(); ++t) {
    if (dirty[t] == 0) continue;
    const Rect tile = grid_.rect(t);
    for (const auto& place : regions_.places()) {
      if (!place || !can_show(*place, tile, frame, shown) || must_be_exact(frame, place->intersected(tile))) continue;
      claimed_[t] = 1;
    }
  }
}

std::size_t VideoEncoder::take_out_claimed(std::vector<std::uint8_t>& marks) const {
  std::size_t out = 0;
  for (std::size_t t = 0; t < marks.size(); ++t) {
    if (claimed_[t] == 0 || marks[t] == 0) continue;
    marks[t] = 0;
    ++out;
  }
  return out;
}

/// A tile with a reference was not looked at when it was chosen: a slow film has many of them, and its edge too.
TileNews VideoEncoder::news_of(const TileChoice& choice, const FrameView& frame, const Rect& changed) const {
  if (!choice.painted || choice.mode == TileMode::moved || choice.mode == TileMode::cached ||
      choice.is_photo(PhotoForm::refined))
    return TileNews::none;
  if (choice.mode == TileMode::photo) return TileNews::photo;
  return changed.empty() || must_be_exact(frame, changed) ? TileNews::plain : TileNews::photo;
}

void VideoEncoder::assign(const FrameView& frame, const FrameView& shown, TilePlan& plan) {
  if (!allowed()) return;
  news_.resize(grid_.count());
  changed_.resize(grid_.count());
  for (std::size_t t = 0; t < grid_.count(); ++t) {
    changed_[t] = plan.tiles[t].painted && regions_.watched(t) ? difference(frame, shown, grid_.rect(t)) : Rect{};
    news_[t] = news_of(plan.tiles[t], frame, changed_[t]);
  }
  regions_.picture(news_, changed_, time_);
  for (const auto& place : regions_.places()) {
    if (!place) continue;
    for (std::size_t t = 0; t < grid_.count(); ++t) {
      if (news_[t] == TileNews::photo && can_show(*place, grid_.rect(t), frame, shown)) plan.tiles[t].show_video();
    }
  }
  drop_others(plan);
}

bool VideoEncoder::in_plan(const Rect& place, const TilePlan& plan) const {
  for (std::size_t t = 0; t < grid_.count(); ++t) {
    if (plan.tiles[t].is_photo(PhotoForm::video) && !grid_.rect(t).intersected(place).empty()) return true;
  }
  return false;
}

std::uint32_t VideoEncoder::work(const TilePlan& plan) const {
  std::int64_t pixels = 0;
  for (const auto& place : regions_.places()) {
    if (place && in_plan(*place, plan)) pixels += size_of(*place).pixels();
  }
  return static_cast<std::uint32_t>(pixels / kPixelsPerWork);
}

/// Of the rate, by area.
unsigned VideoEncoder::share(const Rect& place) const {
  std::int64_t all = 0;
  for (const auto& other : regions_.places()) all += other ? size_of(*other).pixels() : 0;
  return static_cast<unsigned>(std::int64_t{kbit_} * size_of(place).pixels() / std::max<std::int64_t>(all, 1));
}

base::Result<base::Bytes> VideoEncoder::encode_region(std::size_t region, const FrameView& frame) {
  const Rect place = *regions_.places()[region];
  auto& stream = streams_[region];
  if (!stream) {
    RESCUE_TRY(stream, Vp9Encoder::open(size_of(place), share(place)));
  }
  stream->set_rate(share(place));
  RESCUE_TRY(auto bytes, stream->encode(frame, {place.x, place.y}, time_));
  if (bytes.size() > kMaxVideoFrameBytes) return base::fail(base::Errc::too_large, "encode video");
  pictures_[region] = VideoPicture{place, stream->picture()};
  return bytes;
}

/// Tiles that were to show a region that is no more become photos.
void VideoEncoder::drop_others(TilePlan& plan) const {
  for (std::size_t t = 0; t < grid_.count(); ++t) {
    TileChoice& choice = plan.tiles[t];
    const Rect r = grid_.rect(t);
    const auto around = [&](const auto& place) { return place && !place->intersected(r).empty(); };
    if (!choice.is_photo(PhotoForm::video) || std::ranges::any_of(regions_.places(), around)) continue;
    const bool lossy = r.width % kBlockSide == 0 && r.height % kBlockSide == 0;
    choice.mode = lossy ? TileMode::photo : TileMode::exact;
    choice.form = lossy ? PhotoForm::lossy : PhotoForm::exact;
    choice.inexact = lossy;
  }
}

base::Bytes VideoEncoder::encode(const FrameView& frame, TilePlan& plan) {
  std::vector<VideoStep> steps;
  std::array<base::Bytes, kMaxVideoRegions> frames;
  VideoPlaces held = held_;
  for (std::size_t i = 0; i < kMaxVideoRegions; ++i) {
    const auto number = static_cast<std::uint8_t>(i);
    const auto& place = regions_.places()[i];
    const bool goes_on = held[i] && held[i] == place;
    if (!goes_on) {
      streams_[i].reset();
      pictures_[i].reset();
    }
    if (!place || !in_plan(*place, plan)) {
      if (held[i] && !goes_on) steps.push_back({number, VideoStep::Kind::end, {}, {}});
      if (!goes_on) held[i].reset();
      continue;
    }
    auto bytes = encode_region(i, frame);
    if (!bytes) {  // the receiver is told of the end of those that it holds by
                   // the next packet
      broken_ = true;
      regions_.clear();
      drop_others(plan);
      return {};
    }
    frames[i] = std::move(*bytes);
    steps.push_back({number, goes_on ? VideoStep::Kind::picture : VideoStep::Kind::start, *place, frames[i]});
    held[i] = place;
  }
  held_ = held;
  base::Bytes out;
  if (!steps.empty()) append_video_section(out, steps);
  return out;
}

}  // namespace rescue::screen
