// SPDX-License-Identifier: Apache-2.0
// Drawing on frames, for those who show or convert them.
#pragma once

#include "screen/cursor.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// Blends the cursor over `frame`; what lies outside is cut. Returns the rectangle that was touched.
Rect draw_cursor(Frame& frame, const CursorImage& image, const CursorState& state);

/// Copies `from` to `to` with its top left corner at `at`; what lies outside is cut.
void blit(Frame& to, Point at, const FrameView& from);

}  // namespace rescue::screen
