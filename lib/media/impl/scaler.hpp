// SPDX-License-Identifier: Apache-2.0
// Pictures to another size.
#pragma once

#include "media/impl/ffmpeg.hpp"
#include "screen/frame.hpp"

namespace rescue::media {

/// Scales to fit, in the middle of black. Sides are even.
class Scaler {
 public:
  [[nodiscard]] static base::Result<Scaler> create(screen::Size from, screen::Size to);
  /// Valid until the next call.
  [[nodiscard]] base::Result<const screen::Frame*> scale(const screen::Frame& picture);

 private:
  Scaler(screen::Frame frame, screen::Rect place) : frame_(std::move(frame)), place_(place) {}
  screen::Frame frame_;
  screen::Rect place_;  // of the picture in it
  Owned<SwsContext> context_;
};

}  // namespace rescue::media
