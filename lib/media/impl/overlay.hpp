// SPDX-License-Identifier: Apache-2.0
// Draws chat, events and a clock into pictures: libass lays the text out (bidirectional, any script that a font of this
// machine has), so it looks as subtitles do in players.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "media/convert.hpp"
#include "media/impl/notes.hpp"

namespace rescue::media {

class Overlay {
 public:
  /// For pictures of `size`. Errors: unsupported (no font), internal.
  [[nodiscard]] static base::Result<Overlay> create(screen::Size size, OverlayParts parts);
  Overlay(Overlay&&) noexcept;
  Overlay& operator=(Overlay&&) = delete;
  ~Overlay();

  /// A line that stands from `at` for kCueTime, in time order.
  void add(const Note& note, rcrec::Time at);
  /// What the picture shows at `t`, and at which time of day. `changed` is what changed of `plain` since the last call;
  /// returns the picture with text, and in `changed` what changed of that. Valid until the next call.
  [[nodiscard]] base::Result<const screen::Frame*> draw(const screen::FrameView& plain, rcrec::Time t,
                                                        base::WallTime wall, screen::Damage& changed);

 private:
  struct Renderer;
  struct Line {
    rcrec::Time until{};
    std::string text;
  };
  Overlay(screen::Frame shown, OverlayParts parts, std::unique_ptr<Renderer> renderer);
  [[nodiscard]] std::string clock_text(base::WallTime wall) const;

  screen::Frame shown_;
  OverlayParts parts_;
  std::unique_ptr<Renderer> renderer_;
  std::deque<Line> lines_;
  std::string clock_;
  bool stale_ = true;        // the text has to be laid out again
  screen::Damage occupied_;  // where text stands in shown_
};

}  // namespace rescue::media
