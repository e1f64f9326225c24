// SPDX-License-Identifier: Apache-2.0
#include "media/impl/player.hpp"

#include <fmt/format.h>

#include "rcrec/inspect.hpp"
#include "screen/compose.hpp"

namespace rescue::media {
namespace {
constexpr std::int32_t kBorder = 6;  // pixels
constexpr screen::Pixel kHoleColour = 0xd02020;
constexpr auto kCheckpointDistance = std::chrono::seconds(20);
constexpr std::uint64_t kCancelEvery = 1024;  // items between two questions

bool concerns_video(const rcrec::DamagedPlace& p) {
  return p.kind != rcrec::DamageKind::torn_tail &&
         (p.chunk_type == 0 || p.chunk_type == static_cast<std::uint8_t>(rcrec::ChunkType::video) ||
          p.chunk_type == static_cast<std::uint8_t>(rcrec::ChunkType::ckpt));
}
}  // namespace

base::Result<Scan> scan(const std::string& path, const rcrec::KeyRing& keys, const std::function<bool()>& canceled) {
  RESCUE_TRY(auto info, rcrec::info(path, keys));
  Scan out;
  out.path = path;
  out.duration = info.duration;
  out.start = info.header.start;
  out.finished = info.finished;
  for (auto& place : info.damage) {
    if (place.kind != rcrec::DamageKind::torn_tail) out.damage.push_back(std::move(place));
  }
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path, keys));
  std::optional<base::Error> undecodable;
  for (std::uint64_t n = 0;; ++n) {
    RESCUE_TRY(const auto item, timeline.next());
    if (!item) break;
    if (n % kCancelEvery == 0 && canceled && canceled())
      return base::fail(base::Errc::canceled, "convert '" + path + "'");
    const auto* video = std::get_if<rcrec::VideoItem>(&item->item);
    if (video == nullptr) continue;
    if (video->checkpoint && (out.checkpoints.empty() || item->t - out.checkpoints.back() >= kCheckpointDistance))
      out.checkpoints.push_back(item->t);
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

base::Result<Player> Player::open(const std::string& path, const rcrec::KeyRing& keys, bool draw_cursor, Note note) {
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path, keys));
  return Player(std::move(timeline), draw_cursor, std::move(note));
}

base::Result<> Player::advance(rcrec::Time t) {
  for (;;) {
    if (!next_) {
      RESCUE_TRY(next_, timeline_.next());
      if (!next_) return {};
    }
    if (next_->t > t) return {};
    rcrec::TimelineItem item = std::move(*next_);
    next_.reset();
    apply(std::move(item));
  }
}

void Player::show(const rcrec::VideoItem& video, const rcrec::TimelineItem& item) {
  if (in_hole_ && !video.checkpoint) return;
  const screen::Size before = decoder_.canvas().size();
  const auto changed = decoder_.decode(video.packet);
  if (changed) {
    all_dirty_ = all_dirty_ || in_hole_ || before != decoder_.canvas().size();
    dirty_.add(*changed);
    in_hole_ = false;
    return;
  }
  rcrec::DamagedPlace place{rcrec::DamageKind::bad_content, item.offset, 0,
                            static_cast<std::uint8_t>(rcrec::ChunkType::video), changed.error().message()};
  note_({item.t, item.offset, rcrec::GapItem{place}});
  if (undecodable_.size() < rcrec::kMaxReportedDamage) undecodable_.push_back({item.t, std::move(place)});
  in_hole_ = true;
  all_dirty_ = true;
}

void Player::apply(rcrec::TimelineItem item) {
  if (const auto* video = std::get_if<rcrec::VideoItem>(&item.item)) return show(*video, item);
  if (auto* shape = std::get_if<rcrec::CursorShape>(&item.item)) {
    if (shapes_.size() >= rcrec::kMaxCursorShapes && !shapes_.contains(shape->id)) shapes_.erase(shapes_.begin());
    shapes_[shape->id] = {{shape->width, shape->height}, {shape->hotspot_x, shape->hotspot_y}, std::move(shape->argb)};
    cursor_dirty_ = draw_cursor_;
    return;
  }
  if (const auto* move = std::get_if<rcrec::CursorMove>(&item.item)) {
    if (*move == cursor_) return;
    cursor_ = *move;
    cursor_dirty_ = draw_cursor_;
    return;
  }
  note_(item);
  const auto* gap = std::get_if<rcrec::GapItem>(&item.item);
  if (gap == nullptr || !concerns_video(gap->place)) return;
  in_hole_ = true;
  all_dirty_ = true;
}

screen::Rect Player::paint_cursor(screen::Frame& to, screen::Point corner) const {
  const auto shape = shapes_.find(cursor_.shape);
  if (!draw_cursor_ || shape == shapes_.end() || decoder_.canvas().empty()) return {};
  const std::int64_t x = std::int64_t{cursor_.x} + corner.x;
  const std::int64_t y = std::int64_t{cursor_.y} + corner.y;
  if (x < 0 || y < 0 || x >= to.size().width || y >= to.size().height) return {};
  return screen::draw_cursor(to, shape->second,
                             {{static_cast<std::int32_t>(x), static_cast<std::int32_t>(y)}, cursor_.visible});
}

/// `part` of `to` from the canvas, black where the canvas is not.
void Player::paint_part(screen::Frame& to, screen::Rect part, screen::Point corner) const {
  const screen::Frame& canvas = decoder_.canvas();
  const screen::Rect place{corner.x, corner.y, canvas.size().width, canvas.size().height};
  const screen::Rect inside = part.intersected(place);
  if (inside != part) to.fill(part, 0);
  if (inside.empty()) return;
  screen::blit(
      to, {inside.x, inside.y},
      {canvas.row(inside.y - corner.y) + (inside.x - corner.x), {inside.width, inside.height}, canvas.stride()});
}

void Player::paint_all(screen::Frame& to) {
  const screen::Size all = to.size();
  const screen::Size size = decoder_.canvas().size();
  const screen::Point corner{(all.width - size.width) / 2, (all.height - size.height) / 2};
  paint_part(to, screen::whole(all), corner);
  cursor_place_ = paint_cursor(to, corner);
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

screen::Damage Player::paint(screen::Frame& to) {
  screen::Damage touched;
  if (all_dirty_ || (in_hole_ && cursor_dirty_)) {
    paint_all(to);
    touched.add(screen::whole(to.size()));
  } else if (cursor_dirty_ || !dirty_.empty()) {
    const screen::Size size = decoder_.canvas().size();
    const screen::Point corner{(to.size().width - size.width) / 2, (to.size().height - size.height) / 2};
    for (const screen::Rect& r : dirty_.rects()) {
      const screen::Rect part =
          screen::Rect{r.x + corner.x, r.y + corner.y, r.width, r.height}.intersected(screen::whole(to.size()));
      if (part.empty()) continue;
      paint_part(to, part, corner);
      touched.add(part);
    }
    // The cursor may have lost pixels to what changed below it, so it is taken off and painted again.
    if (!cursor_place_.empty()) {
      paint_part(to, cursor_place_, corner);
      touched.add(cursor_place_);
    }
    cursor_place_ = paint_cursor(to, corner);
    if (!cursor_place_.empty()) touched.add(cursor_place_);
  }
  all_dirty_ = false;
  cursor_dirty_ = false;
  dirty_.clear();
  return touched;
}

}  // namespace rescue::media
