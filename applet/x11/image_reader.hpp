// SPDX-License-Identifier: Apache-2.0
// Reads pixels of the root window into frames: through MIT-SHM where server and client share memory, else by GetImage.
#pragma once

#include <cstdint>
#include <span>

#include "applet/x11/xcb.hpp"
#include "screen/frame.hpp"

namespace rescue::applet::x11 {

/// How one pixel lies in the server's memory; TrueColor of 15 to 32 bits.
class PixelLayout {
 public:
  /// unsupported: a palette, or a width this does not know.
  [[nodiscard]] static base::Result<PixelLayout> of(const Connection& connection);
  /// Bytes of a row of `width` pixels as the server sends it.
  [[nodiscard]] std::size_t row_bytes(std::int32_t width) const;
  /// Converts one row.
  void convert(const std::uint8_t* from, screen::Pixel* to, std::int32_t width) const;

 private:
  struct Channel {
    std::uint32_t mask = 0;
    int shift = 0;  // down to bit 0
    int bits = 0;
    [[nodiscard]] std::uint32_t to_8_bits(std::uint32_t pixel) const;
  };
  int bytes_per_pixel_ = 4;
  int row_pad_bits_ = 32;
  bool big_endian_ = false;
  bool direct_ = false;  // the server's pixel is ours
  Channel red_, green_, blue_;
};

/// Not thread-safe. Shared memory is one segment as large as the largest picture read so far.
class ImageReader {
 public:
  enum class Path : std::uint8_t { shared_memory, get_image };

  /// `allow_shared_memory` false forces GetImage.
  [[nodiscard]] static base::Result<ImageReader> create(const Connection& connection, bool allow_shared_memory = true);
  ImageReader(ImageReader&& o) noexcept;
  ImageReader& operator=(ImageReader&&) = delete;
  ImageReader(const ImageReader&) = delete;
  ~ImageReader();

  /// Reads `rects` (in pixels of `frame`, already clipped to it); the frame's (0,0) is `origin` on the root window.
  /// internal: the area is not on the root window (any more).
  [[nodiscard]] base::Result<> read(screen::Point origin, std::span<const screen::Rect> rects, screen::Frame& frame);
  [[nodiscard]] Path path() const {
    return segment_ != 0 || want_shared_memory_ ? Path::shared_memory : Path::get_image;
  }

 private:
  ImageReader(const Connection& connection, PixelLayout layout) : connection_(connection), layout_(layout) {}
  void reserve(std::size_t bytes);
  void release();
  base::Result<> read_shared(screen::Point origin, std::span<const screen::Rect> rects, screen::Frame& frame);
  base::Result<> read_plain(screen::Point origin, const screen::Rect& rect, screen::Frame& frame);
  void copy(const std::uint8_t* from, const screen::Rect& rect, screen::Frame& frame) const;

  const Connection& connection_;
  PixelLayout layout_;
  bool want_shared_memory_ = false;
  std::uint32_t segment_ = 0;  // X id, 0: none
  std::uint8_t* memory_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace rescue::applet::x11
