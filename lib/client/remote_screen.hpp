// SPDX-License-Identifier: Apache-2.0
// The supported desktop as this end sees it: decoded canvas and cursor.
#pragma once

#include <optional>
#include <string>

#include "rcrec/format.hpp"
#include "screen/codec.hpp"
#include "screen/cursor.hpp"
#include "session/console_session.hpp"

namespace rescue::client {

/// One strand.
class RemoteScreen {
 public:
  /// What changed, or an error: then a keyframe must be asked for.
  [[nodiscard]] base::Result<screen::Damage> apply(const session::ScreenArrived& packet);
  /// False for a shape that cannot be (sizes that do not fit).
  bool apply(const session::CursorShapeChanged& shape);
  void apply(const session::CursorMoved& move);
  /// The view ended: what is shown is old, and the next packet must be a keyframe.
  void reset();

  [[nodiscard]] bool has_picture() const { return !decoder_.canvas().empty(); }
  [[nodiscard]] bool current() const { return fresh_; }
  [[nodiscard]] screen::Size size() const { return decoder_.canvas().size(); }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint32_t display() const { return display_; }
  /// The canvas as one packet that decodes by itself; not_found without a picture, the encoder's errors.
  [[nodiscard]] base::Result<base::Bytes> keyframe() const;
  /// Canvas with the cursor drawn in, as PNG; not_found without a picture.
  [[nodiscard]] base::Result<> save_png(const std::string& path) const;
  /// For recordings.
  [[nodiscard]] std::optional<rcrec::CursorShape> cursor_shape() const;
  [[nodiscard]] std::optional<rcrec::CursorMove> cursor_move() const;

 private:
  screen::Decoder decoder_;
  std::uint32_t display_ = 0;
  std::uint64_t frames_ = 0;
  bool fresh_ = false;
  std::optional<screen::CursorImage> cursor_;
  std::uint32_t cursor_id_ = 0;
  std::optional<screen::CursorState> position_;
};

}  // namespace rescue::client
