// SPDX-License-Identifier: Apache-2.0
#include "media/impl/player.hpp"

#include <fmt/format.h>

#include "rcrec/inspect.hpp"
#include "screen/compose.hpp"

namespace rescue::media {
namespace {
constexpr std::int32_t kBorder = 6;  // pixels
constexpr screen::Pixel kHoleColour = 0xd02020;
constexpr std::uint64_t kCancelEvery = 1024;  // items between two questions

bool concerns_video(const rcrec::DamagedPlace& p) {
  return p.kind != rcrec::DamageKind::torn_tail &&
         (p.chunk_type == 0 || p.chunk_type == static_cast<std::uint8_t>(rcrec::ChunkType::video) ||
          p.chunk_type == static_cast<std::uint8_t>(rcrec::ChunkType::ckpt));
}
}  // namespace

base::Result<Scan> scan(const std::string& path, const std::function<bool()>& canceled) {
  RESCUE_TRY(auto info, rcrec::info(path));
  Scan out;
  out.path = path;
  out.duration = info.duration;
  out.finished = info.finished;
  for (auto& place : info.damage) {
    if (place.kind != rcrec::DamageKind::torn_tail) out.damage.push_back(std::move(place));
  }
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path));
  std::optional<base::Error> undecodable;
  for (std::uint64_t n = 0;; ++n) {
    RESCUE_TRY(const auto item, timeline.next());
    if (!item) break;
    if (n % kCancelEvery == 0 && canceled && canceled())
      return base::fail(base::Errc::canceled, "convert '" + path + "'");
    const auto* video = std::get_if<rcrec::VideoItem>(&item->item);
    if (video == nullptr) continue;
    const auto packet = screen::inspect_packet(video->packet);
    if (packet) {
      out.largest.width = std::max(out.largest.width, packet->size.width);
      out.largest.height = std::max(out.largest.height, packet->size.height);
    } else if (!undecodable) {
      undecodable = packet.error().within(fmt::format("recording '{}', chunk at offset {}", path, item->offset));
    }
  }
  if (out.largest.width > 0) return out;
  if (undecodable) return base::fail(std::move(*undecodable));
  if (!info.damage.empty())
    return base::fail(base::Errc::bad_format,
                      fmt::format("recording '{}' has no whole picture; damage at offset {}: {}", path,
                                  info.damage.front().offset, info.damage.front().what));
  return base::fail(base::Errc::bad_format,
                    fmt::format("recording '{}' has no picture in {} bytes", path, info.file_bytes));
}

base::Result<Player> Player::open(const std::string& path, bool draw_cursor, Note note) {
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path));
  return Player(std::move(timeline), draw_cursor, std::move(note));
}

base::Result<bool> Player::advance(rcrec::Time t) {
  bool changed = false;
  for (;;) {
    if (!next_) {
      RESCUE_TRY(next_, timeline_.next());
      if (!next_) return changed;
    }
    if (next_->t > t) return changed;
    rcrec::TimelineItem item = std::move(*next_);
    next_.reset();
    if (apply(std::move(item))) changed = true;
  }
}

bool Player::show(const rcrec::VideoItem& video, const rcrec::TimelineItem& item) {
  if (in_hole_ && !video.checkpoint) return false;
  const auto decoded = decoder_.decode(video.packet);
  if (decoded) {
    in_hole_ = false;
    return true;
  }
  rcrec::DamagedPlace place{rcrec::DamageKind::bad_content, item.offset, 0,
                            static_cast<std::uint8_t>(rcrec::ChunkType::video), decoded.error().message()};
  note_({item.t, item.offset, rcrec::GapItem{place}});
  if (undecodable_.size() < rcrec::kMaxReportedDamage) undecodable_.push_back(std::move(place));
  in_hole_ = true;
  return true;
}

bool Player::apply(rcrec::TimelineItem item) {
  if (const auto* video = std::get_if<rcrec::VideoItem>(&item.item)) return show(*video, item);
  if (auto* shape = std::get_if<rcrec::CursorShape>(&item.item)) {
    if (shapes_.size() >= rcrec::kMaxCursorShapes && !shapes_.contains(shape->id)) shapes_.erase(shapes_.begin());
    shapes_[shape->id] = {{shape->width, shape->height}, {shape->hotspot_x, shape->hotspot_y}, std::move(shape->argb)};
    return draw_cursor_;
  }
  if (const auto* move = std::get_if<rcrec::CursorMove>(&item.item)) {
    if (*move == cursor_) return false;
    cursor_ = *move;
    return draw_cursor_;
  }
  note_(item);
  const auto* gap = std::get_if<rcrec::GapItem>(&item.item);
  if (gap == nullptr || !concerns_video(gap->place)) return false;
  in_hole_ = true;
  return true;
}

void Player::paint(screen::Frame& to) const {
  const screen::Size all = to.size();
  to.fill(screen::whole(all), 0);
  const screen::Frame& canvas = decoder_.canvas();
  const screen::Size size = canvas.size();
  const screen::Point corner{(all.width - size.width) / 2, (all.height - size.height) / 2};
  if (!canvas.empty()) screen::blit(to, corner, canvas);
  const auto shape = shapes_.find(cursor_.shape);
  if (draw_cursor_ && shape != shapes_.end() && !canvas.empty()) {
    const std::int64_t x = std::int64_t{cursor_.x} + corner.x;
    const std::int64_t y = std::int64_t{cursor_.y} + corner.y;
    const bool near = x >= 0 && y >= 0 && x < all.width && y < all.height;
    if (near)
      screen::draw_cursor(to, shape->second,
                          {{static_cast<std::int32_t>(x), static_cast<std::int32_t>(y)}, cursor_.visible});
  }
  if (!in_hole_) return;
  for (std::int32_t y = 0; y < all.height; ++y) {
    screen::Pixel* row = to.row(y);
    for (std::int32_t x = 0; x < all.width; ++x) row[x] = (row[x] >> 2) & 0x3f3f3f;
  }
  to.fill({0, 0, all.width, kBorder}, kHoleColour);
  to.fill({0, all.height - kBorder, all.width, kBorder}, kHoleColour);
  to.fill({0, 0, kBorder, all.height}, kHoleColour);
  to.fill({all.width - kBorder, 0, kBorder, all.height}, kHoleColour);
}

}  // namespace rescue::media
