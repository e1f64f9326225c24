// SPDX-License-Identifier: Apache-2.0
// Pixels: geometry, a view of somebody's pixels, an owned picture, and the list of what changed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace rescue::screen {

/// 0x00RRGGBB as a number of this machine; in the memory of a little-endian machine the bytes B, G, R, X.
/// X carries nothing: readers ignore it, Frame and the decoder keep it zero.
using Pixel = std::uint32_t;
inline constexpr Pixel kPixelMask = 0x00ffffff;

// Limits of every picture in this project. A 16K display wall fits; two copies of the largest one fit in 512 MiB.
inline constexpr std::int32_t kMaxSide = 16384;
inline constexpr std::int64_t kMaxPixels = std::int64_t{64} << 20;
/// More rectangles than this are merged: a receiver repaints rather than keeping lists.
inline constexpr std::size_t kMaxDamageRects = 256;

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const Point&) const = default;
};

struct Size {
  std::int32_t width = 0;
  std::int32_t height = 0;
  bool operator==(const Size&) const = default;
  [[nodiscard]] std::int64_t pixels() const { return std::int64_t{width} * height; }
  /// At least 1x1 and within kMaxSide and kMaxPixels.
  [[nodiscard]] bool valid() const {
    return width > 0 && height > 0 && width <= kMaxSide && height <= kMaxSide && pixels() <= kMaxPixels;
  }
};

/// Half open: covers x..x+width-1. Empty when a side is not positive.
struct Rect {
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::int32_t width = 0;
  std::int32_t height = 0;
  bool operator==(const Rect&) const = default;
  [[nodiscard]] bool empty() const { return width <= 0 || height <= 0; }
  [[nodiscard]] std::int64_t right() const { return std::int64_t{x} + width; }
  [[nodiscard]] std::int64_t bottom() const { return std::int64_t{y} + height; }
  [[nodiscard]] bool contains(Point p) const { return p.x >= x && p.y >= y && p.x < right() && p.y < bottom(); }
  /// The common part; empty when there is none. Safe for any coordinates.
  [[nodiscard]] Rect intersected(const Rect& o) const;
  /// The smallest rectangle around both; an empty one adds nothing.
  [[nodiscard]] Rect united(const Rect& o) const;
};
[[nodiscard]] inline Rect whole(Size s) { return {0, 0, s.width, s.height}; }

/// What changed. Holds at most kMaxDamageRects: one more merges all into their bounding box, so it may cover more than
/// was added, never less.
class Damage {
 public:
  Damage() = default;
  explicit Damage(Rect r) { add(r); }
  void add(Rect r);
  void add(const Damage& o);
  void clear() { rects_.clear(); }
  [[nodiscard]] bool empty() const { return rects_.empty(); }
  [[nodiscard]] std::span<const Rect> rects() const { return rects_; }
  [[nodiscard]] Rect bounds() const;

 private:
  std::vector<Rect> rects_;
};

/// Somebody else's pixels, top row first; valid as long as they are.
struct FrameView {
  const Pixel* pixels = nullptr;
  Size size;
  std::int32_t stride = 0;  // pixels from one row to the next, at least size.width
  [[nodiscard]] const Pixel* row(std::int32_t y) const { return pixels + std::ptrdiff_t{stride} * y; }
};

/// An owned picture. Copying copies the pixels.
class Frame {
 public:
  Frame() = default;  // 0x0
  /// Black. too_large outside kMaxSide and kMaxPixels, invalid_argument for an empty one.
  [[nodiscard]] static base::Result<Frame> create(Size size);
  /// A copy with X set to zero; the same errors.
  [[nodiscard]] static base::Result<Frame> copy_of(const FrameView& view);

  [[nodiscard]] Size size() const { return size_; }
  [[nodiscard]] bool empty() const { return pixels_.empty(); }
  [[nodiscard]] std::int32_t stride() const { return size_.width; }
  [[nodiscard]] Pixel* row(std::int32_t y) { return pixels_.data() + std::ptrdiff_t{size_.width} * y; }
  [[nodiscard]] const Pixel* row(std::int32_t y) const { return pixels_.data() + std::ptrdiff_t{size_.width} * y; }
  [[nodiscard]] std::span<const Pixel> pixels() const { return pixels_; }
  [[nodiscard]] FrameView view() const { return {pixels_.data(), size_, size_.width}; }
  operator FrameView() const { return view(); }  // NOLINT(google-explicit-constructor)
  /// Paints the part of `r` that lies inside.
  void fill(Rect r, Pixel colour);
  bool operator==(const Frame&) const = default;

 private:
  Frame(Size size, std::size_t count) : size_(size), pixels_(count) {}
  Size size_;
  std::vector<Pixel> pixels_;
};

}  // namespace rescue::screen
