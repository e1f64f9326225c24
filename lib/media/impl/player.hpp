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
  bool finished = false;
  std::vector<rcrec::DamagedPlace> damage;  // without a torn tail
  std::uint64_t first_damage_offset = 0;
};
/// Errors: as rcrec::ChunkReader::open; bad_format when no picture can be decoded from it; canceled.
[[nodiscard]] base::Result<Scan> scan(const std::string& path, const std::function<bool()>& canceled);

class Player {
 public:
  using Note = std::function<void(const rcrec::TimelineItem&)>;  // chat, events and gaps, when they come up

  [[nodiscard]] static base::Result<Player> open(const std::string& path, bool draw_cursor, Note note);

  /// Applies everything up to `t`. True when the picture looks different from what paint() gave last.
  [[nodiscard]] base::Result<bool> advance(rcrec::Time t);
  /// Paints the picture in the middle of `to`, black around it. In a hole of the recording it is dimmed with a red
  /// border.
  void paint(screen::Frame& to) const;
  /// Packets that passed the container's checks and did not decode.
  [[nodiscard]] const std::vector<rcrec::DamagedPlace>& undecodable() const { return undecodable_; }

 private:
  Player(rcrec::Timeline timeline, bool draw_cursor, Note note)
      : timeline_(std::move(timeline)), draw_cursor_(draw_cursor), note_(std::move(note)) {}
  [[nodiscard]] bool apply(rcrec::TimelineItem item);
  [[nodiscard]] bool show(const rcrec::VideoItem& video, const rcrec::TimelineItem& item);

  rcrec::Timeline timeline_;
  bool draw_cursor_;
  Note note_;
  screen::Decoder decoder_;
  std::map<std::uint32_t, screen::CursorImage> shapes_;
  rcrec::CursorMove cursor_{0, 0, 0, false};
  bool in_hole_ = false;
  std::optional<rcrec::TimelineItem> next_;
  std::vector<rcrec::DamagedPlace> undecodable_;
};

}  // namespace rescue::media
