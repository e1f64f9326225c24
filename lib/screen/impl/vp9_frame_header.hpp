// SPDX-License-Identifier: Apache-2.0
// Judges the beginning of a VP9 frame before any of it reaches the VP9 library: what a video region may hold, and no
// other. VP9 lets every frame carry a size of its own, up to 65,536 x 65,536 pixels, for which a decoder would take
// memory at once. Source: VP9 Bitstream & Decoding Process Specification, section 6.2.
#pragma once

#include "base/bytes.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// nullptr when `frame` begins as one frame of profile 0 (8 bit, 4:2:0) that is shown and has this size: a key frame
/// if `key` is set, else a frame that takes its size from one before it. Otherwise what is wrong.
[[nodiscard]] const char* check_vp9_frame(base::ByteView frame, Size size, bool key);

}  // namespace rescue::screen
