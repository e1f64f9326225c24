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

/// A whole picture: what the packets since the last one were together.
struct WholePicture {
  bool keyframe = false;
  bool exact = false;  // every pixel is as it is there
  unsigned packets = 0;
  std::size_t bytes = 0;
  screen::Damage changed;
};

/// One strand.
class RemoteScreen {
 public:
  /// A view may begin soon: gets the decoder's memory and tables ready, which takes as long as a picture.
  void prepare();
  /// Decodes one packet. An error: a keyframe must be asked for.
  [[nodiscard]] base::Result<screen::Damage> apply(const session::ScreenArrived& packet);
  /// False for a shape that cannot be (sizes that do not fit).
  bool apply(const session::CursorShapeChanged& shape);
  void apply(const session::CursorMoved& move);
  /// The view ended, or begins anew with a keyframe of this display: what is shown is old until that is whole.
  void reset(std::optional<std::uint32_t> next_display = std::nullopt);

  [[nodiscard]] bool has_picture() const { return begun_; }
  /// Nothing of the picture is still to come. False between the parts of one that came in several packets.
  [[nodiscard]] bool complete() const { return begun_ && decoder_.complete(); }
  /// Packets of the view that was told to reset() have come.
  [[nodiscard]] bool under_way() const { return begun_ && !awaited_; }
  /// The whole picture that the last packet completed; once.
  [[nodiscard]] std::optional<WholePicture> take_picture();
  /// A whole picture of the running view has come.
  [[nodiscard]] bool current() const { return fresh_; }
  [[nodiscard]] const screen::Frame& canvas() const { return decoder_.canvas(); }
  [[nodiscard]] screen::Size size() const { return decoder_.canvas().size(); }
  /// Whole pictures so far.
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint32_t display() const { return display_; }
  /// Canvas with the cursor drawn in, as PNG; not_found without a whole picture.
  [[nodiscard]] base::Result<> save_png(const std::string& path) const;
  /// For recordings.
  [[nodiscard]] std::optional<rcrec::CursorShape> cursor_shape() const;
  [[nodiscard]] std::optional<rcrec::CursorMove> cursor_move() const;

 private:
  screen::Decoder decoder_;
  std::uint32_t display_ = 0;
  std::uint64_t frames_ = 0;
  bool begun_ = false;  // a packet was decoded
  bool fresh_ = false;
  std::optional<std::uint32_t> awaited_;  // a keyframe of this display
  WholePicture gathered_;
  std::optional<screen::CursorImage> cursor_;
  std::uint32_t cursor_id_ = 0;
  std::optional<screen::CursorState> position_;
};

}  // namespace rescue::client
