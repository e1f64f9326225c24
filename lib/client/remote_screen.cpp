// SPDX-License-Identifier: Apache-2.0
#include "client/remote_screen.hpp"

#include "screen/compose.hpp"
#include "screen/png.hpp"

namespace rescue::client {

base::Result<screen::Damage> RemoteScreen::apply(const session::ScreenArrived& packet) {
  auto changed = decoder_.decode(packet.data);
  if (!changed) return changed;
  display_ = packet.display;
  ++frames_;
  fresh_ = true;
  return changed;
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

void RemoteScreen::reset() {
  fresh_ = false;
  position_.reset();
}

base::Result<base::Bytes> RemoteScreen::keyframe() const {
  if (!has_picture()) return base::fail(base::Errc::not_found, "no picture yet: view the desktop first");
  screen::Encoder encoder;
  RESCUE_TRY(auto packet, encoder.encode(decoder_.canvas().view(), nullptr, true));
  if (!packet) return base::fail(base::Errc::internal, "a keyframe was not encoded");
  return std::move(packet->bytes);
}

base::Result<> RemoteScreen::save_png(const std::string& path) const {
  if (!has_picture()) return base::fail(base::Errc::not_found, "no picture yet: view the desktop first");
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
