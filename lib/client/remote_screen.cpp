// SPDX-License-Identifier: Apache-2.0
#include "client/remote_screen.hpp"

#include "screen/compose.hpp"
#include "screen/png.hpp"

namespace rescue::client {

void RemoteScreen::prepare() {
  if (begun_) return;
  // Any keyframe touches all that is large and does not depend on the size of the picture.
  const auto black = screen::Frame::create({16, 16});
  if (!black) return;
  const auto packet = screen::Encoder().encode(*black);
  if (packet && *packet) static_cast<void>(decoder_.decode((*packet)->bytes));
}

base::Result<screen::Damage> RemoteScreen::apply(const session::ScreenArrived& packet) {
  auto changed = decoder_.decode(packet.data);
  if (!changed) {
    gathered_ = {};
    return changed;
  }
  begun_ = true;
  if (packet.keyframe) {
    gathered_ = {};
    // Packets of the display before may still be on their way.
    if (awaited_ == packet.display) awaited_.reset();
  }
  display_ = packet.display;
  gathered_.keyframe |= packet.keyframe;
  ++gathered_.packets;
  gathered_.bytes += packet.data.size();
  gathered_.changed.add(*changed);
  return changed;
}

std::optional<WholePicture> RemoteScreen::take_picture() {
  if (gathered_.packets == 0 || !decoder_.complete()) return std::nullopt;
  auto out = std::exchange(gathered_, {});
  if (awaited_) return std::nullopt;
  out.exact = decoder_.inexact().empty();
  ++frames_;
  fresh_ = true;
  return out;
}

bool RemoteScreen::apply(const session::CursorShapeChanged& shape) {
  screen::CursorImage image;
  image.size = {shape.width, shape.height};
  image.hotspot = {shape.hot_x, shape.hot_y};
  const std::size_t pixels = std::size_t{shape.width} * shape.height;
  if (shape.rgba.size() != pixels * 4) return false;
  image.argb.reserve(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const auto* p = shape.rgba.data() + i * 4;
    // Straight alpha on the wire, premultiplied in pictures.
    const auto scaled = [&](std::uint8_t c) { return static_cast<std::uint32_t>((c * p[3] + 127) / 255); };
    image.argb.push_back(std::uint32_t{p[3]} << 24 | scaled(p[0]) << 16 | scaled(p[1]) << 8 | scaled(p[2]));
  }
  if (!screen::check(image)) return false;
  cursor_ = std::move(image);
  ++cursor_id_;
  return true;
}

void RemoteScreen::apply(const session::CursorMoved& move) {
  position_ = screen::CursorState{{move.x, move.y}, move.visible};
}

void RemoteScreen::reset(std::optional<std::uint32_t> next_display) {
  fresh_ = false;
  awaited_ = next_display;
  position_.reset();
}

base::Result<> RemoteScreen::save_png(const std::string& path) const {
  if (!has_picture()) return base::fail(base::Errc::not_found, "no picture yet: view the desktop first");
  if (!complete()) return base::fail(base::Errc::not_found, "the view ended before its picture was complete");
  auto frame = decoder_.canvas();
  if (cursor_ && position_) screen::draw_cursor(frame, *cursor_, *position_);
  return screen::write_png(path, frame.view());
}

std::optional<rcrec::CursorShape> RemoteScreen::cursor_shape() const {
  if (!cursor_) return std::nullopt;
  rcrec::CursorShape out;
  out.id = cursor_id_;
  out.width = static_cast<std::uint16_t>(cursor_->size.width);
  out.height = static_cast<std::uint16_t>(cursor_->size.height);
  out.hotspot_x = static_cast<std::uint16_t>(cursor_->hotspot.x);
  out.hotspot_y = static_cast<std::uint16_t>(cursor_->hotspot.y);
  out.argb = cursor_->argb;
  return out;
}

std::optional<rcrec::CursorMove> RemoteScreen::cursor_move() const {
  if (!position_) return std::nullopt;
  return rcrec::CursorMove{position_->position.x, position_->position.y, cursor_id_, position_->visible};
}

}  // namespace rescue::client
