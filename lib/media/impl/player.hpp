// SPDX-License-Identifier: Apache-2.0
// Plays one recording onto a picture of fixed size.
#pragma once

#include <map>

#include "media/convert.hpp"
#include "rcrec/reader.hpp"
#include "screen/codec.hpp"
#include "screen/cursor.hpp"

namespace rescue::media {

/// What a first pass over a recording finds.
struct Scan {
  std::string path;
  screen::Size largest;  // each side the largest of any picture
  rcrec::Time duration{};
  base::WallTime start;  // of the recording
  bool finished = false;
  std::vector<rcrec::DamagedPlace> damage;  // without a torn tail
  std::vector<rcrec::Time> checkpoints;     // where decoding may start, some distance between them
};
/// Errors: as rcrec::ChunkReader::open; bad_format when no picture can be decoded from it; canceled.
[[nodiscard]] base::Result<Scan> scan(const std::string& path, const rcrec::KeyRing& keys,
                                      const std::function<bool()>& canceled);

class Player {
 public:
  using Note = std::function<void(const rcrec::TimelineItem&)>;  // chat, events and gaps, when they come up

  [[nodiscard]] static base::Result<Player> open(const std::string& path, const rcrec::KeyRing& keys, bool draw_cursor,
                                                 Note note);

  /// Goes to the last checkpoint at or before `t`, so that advance(t) gives its picture; before the first advance().
  [[nodiscard]] base::Result<> seek(rcrec::Time t) { return timeline_.seek(t); }
  /// Applies everything up to `t`.
  [[nodiscard]] base::Result<> advance(rcrec::Time t);
  /// Paints the picture in the middle of `to`, black around it. In a hole of the recording it is dimmed with a red
  /// border. `to` must hold what this painted last, and hardly more than what changed since is painted; the first time
  /// everything is. Returns what was touched: empty when the picture is the same.
  [[nodiscard]] screen::Damage paint(screen::Frame& to);
  /// A packet that passed the container's checks and did not decode.
  struct Undecodable {
    rcrec::Time t{};
    rcrec::DamagedPlace place;
  };
  [[nodiscard]] const std::vector<Undecodable>& undecodable() const { return undecodable_; }

 private:
  Player(rcrec::Timeline timeline, bool draw_cursor, Note note)
      : timeline_(std::move(timeline)), draw_cursor_(draw_cursor), note_(std::move(note)) {}
  void apply(rcrec::TimelineItem item);
  void show(const rcrec::VideoItem& video, const rcrec::TimelineItem& item);
  void paint_all(screen::Frame& to);
  void paint_part(screen::Frame& to, screen::Rect part, screen::Point corner) const;
  [[nodiscard]] screen::Rect paint_cursor(screen::Frame& to, screen::Point corner) const;

  rcrec::Timeline timeline_;
  bool draw_cursor_;
  Note note_;
  screen::Decoder decoder_;
  std::map<std::uint32_t, screen::CursorImage> shapes_;
  rcrec::CursorMove cursor_{0, 0, 0, false};
  bool in_hole_ = false;

  // What paint() has to do.
  bool all_dirty_ = true;
  bool cursor_dirty_ = false;
  screen::Damage dirty_;       // of the canvas
  screen::Rect cursor_place_;  // where the cursor was painted
  std::optional<rcrec::TimelineItem> next_;
  std::vector<Undecodable> undecodable_;
};

}  // namespace rescue::media
