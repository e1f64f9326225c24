// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/image_reader.hpp"

#include <bit>
#include <cstring>
#include <vector>

#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/shm.h>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rescue::applet::x11 {
namespace {
// A reply holds its picture whole in memory on both sides; strips keep GetImage below this.
constexpr std::size_t kPlainStripBytes = std::size_t{1} << 20;

const xcb_visualtype_t* root_visual(const xcb_screen_t& screen) {
  for (auto depth = xcb_screen_allowed_depths_iterator(&screen); depth.rem > 0; xcb_depth_next(&depth))
    for (auto visual = xcb_depth_visuals_iterator(depth.data); visual.rem > 0; xcb_visualtype_next(&visual))
      if (visual.data->visual_id == screen.root_visual) return visual.data;
  return nullptr;
}
}  // namespace

std::uint32_t PixelLayout::Channel::to_8_bits(std::uint32_t pixel) const {
  std::uint32_t v = (pixel & mask) >> shift;
  if (bits >= 8) return v >> (bits - 8);
  // Replicating the high bits maps the largest value to 255.
  std::uint32_t out = v << (8 - bits);
  for (int have = bits; have < 8; have += bits) out |= (v << (8 - bits)) >> have;
  return out & 0xff;
}

base::Result<PixelLayout> PixelLayout::of(const Connection& connection) {
  const auto& setup = connection.setup();
  const auto& screen = connection.screen();
  const auto* visual = root_visual(screen);
  if (visual == nullptr ||
      (visual->_class != XCB_VISUAL_CLASS_TRUE_COLOR && visual->_class != XCB_VISUAL_CLASS_DIRECT_COLOR))
    return base::fail(base::Errc::unsupported, "the X screen has a palette of colours");
  PixelLayout out;
  bool found = false;
  for (auto it = xcb_setup_pixmap_formats_iterator(&setup); it.rem > 0; xcb_format_next(&it)) {
    if (it.data->depth != screen.root_depth) continue;
    out.bytes_per_pixel_ = it.data->bits_per_pixel / 8;
    out.row_pad_bits_ = it.data->scanline_pad;
    found = it.data->bits_per_pixel == 16 || it.data->bits_per_pixel == 24 || it.data->bits_per_pixel == 32;
  }
  auto channel = [](std::uint32_t mask) { return Channel{mask, std::countr_zero(mask), std::popcount(mask)}; };
  out.red_ = channel(visual->red_mask);
  out.green_ = channel(visual->green_mask);
  out.blue_ = channel(visual->blue_mask);
  if (!found || visual->red_mask == 0 || visual->green_mask == 0 || visual->blue_mask == 0)
    return base::fail(base::Errc::unsupported, fmt::format("the X screen has {} bits a pixel", screen.root_depth));
  out.big_endian_ = setup.image_byte_order == XCB_IMAGE_ORDER_MSB_FIRST;
  out.direct_ = out.bytes_per_pixel_ == 4 && visual->red_mask == 0xff0000 && visual->green_mask == 0xff00 &&
                visual->blue_mask == 0xff && out.big_endian_ == (std::endian::native == std::endian::big);
  return out;
}

std::size_t PixelLayout::row_bytes(std::int32_t width) const {
  auto bits = static_cast<std::size_t>(width) * static_cast<std::size_t>(bytes_per_pixel_) * 8;
  auto pad = static_cast<std::size_t>(row_pad_bits_);
  return (bits + pad - 1) / pad * pad / 8;
}

void PixelLayout::convert(const std::uint8_t* from, screen::Pixel* to, std::int32_t width) const {
  if (direct_) {
    std::memcpy(to, from, static_cast<std::size_t>(width) * 4);
    for (std::int32_t x = 0; x < width; ++x) to[x] &= screen::kPixelMask;
    return;
  }
  for (std::int32_t x = 0; x < width; ++x, from += bytes_per_pixel_) {
    std::uint32_t pixel = 0;
    for (int i = 0; i < bytes_per_pixel_; ++i)
      pixel |= std::uint32_t{from[i]} << (8 * (big_endian_ ? bytes_per_pixel_ - 1 - i : i));
    to[x] = red_.to_8_bits(pixel) << 16 | green_.to_8_bits(pixel) << 8 | blue_.to_8_bits(pixel);
  }
}

base::Result<ImageReader> ImageReader::create(const Connection& connection, bool allow_shared_memory) {
  RESCUE_TRY(auto layout, PixelLayout::of(connection));
  ImageReader out(connection, layout);
  out.want_shared_memory_ = allow_shared_memory && connection.has(xcb_shm_id);
  return out;
}

ImageReader::ImageReader(ImageReader&& o) noexcept
    : connection_(o.connection_),
      layout_(o.layout_),
      want_shared_memory_(o.want_shared_memory_),
      segment_(std::exchange(o.segment_, 0)),
      memory_(std::exchange(o.memory_, nullptr)),
      capacity_(std::exchange(o.capacity_, 0)) {}

ImageReader::~ImageReader() { release(); }

void ImageReader::release() {
  if (segment_ != 0) xcb_shm_detach(connection_.get(), std::exchange(segment_, 0));
  if (memory_ != nullptr) shmdt(std::exchange(memory_, nullptr));
  capacity_ = 0;
}

// Failing here is ordinary (a server on another machine or in another container): GetImage takes over for good.
void ImageReader::reserve(std::size_t bytes) {
  if (!want_shared_memory_ || bytes <= capacity_) return;
  release();
  want_shared_memory_ = false;
  int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
  if (id < 0) return;
  void* memory = shmat(id, nullptr, 0);
  if (memory != reinterpret_cast<void*>(-1)) {
    auto segment = xcb_generate_id(connection_.get());
    auto cookie = xcb_shm_attach_checked(connection_.get(), segment, static_cast<std::uint32_t>(id), 0);
    if (Owned<xcb_generic_error_t> error(xcb_request_check(connection_.get(), cookie)); !error && connection_.alive()) {
      segment_ = segment;
      memory_ = static_cast<std::uint8_t*>(memory);
      capacity_ = bytes;
      want_shared_memory_ = true;
    } else {
      shmdt(memory);
    }
  }
  // Both sides are attached (or failed): the segment goes away with the last of them, also after SIGKILL.
  shmctl(id, IPC_RMID, nullptr);
  if (!want_shared_memory_)
    base::log(base::LogLevel::info, "x11", "no shared memory with the X server, using GetImage");
}

void ImageReader::copy(const std::uint8_t* from, const screen::Rect& rect, screen::Frame& frame) const {
  std::size_t step = layout_.row_bytes(rect.width);
  for (std::int32_t y = 0; y < rect.height; ++y, from += step)
    layout_.convert(from, frame.row(rect.y + y) + rect.x, rect.width);
}

base::Result<> ImageReader::read(screen::Point origin, std::span<const screen::Rect> rects, screen::Frame& frame) {
  reserve(layout_.row_bytes(frame.size().width) * static_cast<std::size_t>(frame.size().height));
  if (segment_ != 0) return read_shared(origin, rects, frame);
  for (const auto& rect : rects) RESCUE_CHECK(read_plain(origin, rect, frame));
  return {};
}

// Requests of one batch go out together, so that many small rectangles cost one round trip.
base::Result<> ImageReader::read_shared(screen::Point origin, std::span<const screen::Rect> rects,
                                        screen::Frame& frame) {
  struct Pending {
    xcb_shm_get_image_cookie_t cookie;
    std::size_t offset;
    screen::Rect rect;
  };
  std::vector<Pending> batch;
  std::size_t used = 0;
  base::Result<> outcome;
  auto flush = [&] {
    for (const auto& p : batch) {
      auto got = reply(xcb_shm_get_image_reply, connection_.get(), p.cookie, "read pixels");
      if (!got) {
        if (outcome) outcome = base::fail(std::move(got).error());
      } else {
        copy(memory_ + p.offset, p.rect, frame);
      }
    }
    batch.clear();
    used = 0;
  };
  for (const auto& rect : rects) {
    std::size_t bytes = layout_.row_bytes(rect.width) * static_cast<std::size_t>(rect.height);
    if (used + bytes > capacity_) flush();
    auto cookie = xcb_shm_get_image(connection_.get(), connection_.root(), static_cast<std::int16_t>(origin.x + rect.x),
                                    static_cast<std::int16_t>(origin.y + rect.y),
                                    static_cast<std::uint16_t>(rect.width), static_cast<std::uint16_t>(rect.height),
                                    ~0U, XCB_IMAGE_FORMAT_Z_PIXMAP, segment_, static_cast<std::uint32_t>(used));
    batch.push_back({cookie, used, rect});
    used += bytes;
  }
  flush();
  return outcome;
}

base::Result<> ImageReader::read_plain(screen::Point origin, const screen::Rect& rect, screen::Frame& frame) {
  std::size_t step = layout_.row_bytes(rect.width);
  auto rows = static_cast<std::int32_t>(std::max<std::size_t>(1, kPlainStripBytes / step));
  for (std::int32_t y = 0; y < rect.height; y += rows) {
    screen::Rect strip{rect.x, rect.y + y, rect.width, std::min(rows, rect.height - y)};
    auto cookie =
        xcb_get_image(connection_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, connection_.root(),
                      static_cast<std::int16_t>(origin.x + strip.x), static_cast<std::int16_t>(origin.y + strip.y),
                      static_cast<std::uint16_t>(strip.width), static_cast<std::uint16_t>(strip.height), ~0U);
    RESCUE_TRY(auto got, reply(xcb_get_image_reply, connection_.get(), cookie, "read pixels"));
    auto length = static_cast<std::size_t>(xcb_get_image_data_length(got.get()));
    if (length < step * static_cast<std::size_t>(strip.height))
      return base::fail(base::Errc::internal, "read pixels: the X server sent too few");
    copy(xcb_get_image_data(got.get()), strip, frame);
  }
  return {};
}

}  // namespace rescue::applet::x11
