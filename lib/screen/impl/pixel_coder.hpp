// SPDX-License-Identifier: Apache-2.0
// The pixels of a run of tiles as bytes, and back: by colour table (text, windows) or by residual planes (photos).
#pragma once

#include "base/bytes.hpp"
#include "screen/impl/canvas.hpp"

namespace rescue::screen {

/// Appends the rows of `r`; new colours enter the table.
void write_table_run(const FrameView& frame, Rect r, ColourTable& table, base::Bytes& out);
/// Paints `r`; false when the bytes end too early.
[[nodiscard]] bool read_table_run(base::ByteReader& in, Rect r, ColourTable& table, Frame& frame);

void write_photo_run(const FrameView& frame, Rect r, base::Bytes& out);
[[nodiscard]] bool read_photo_run(base::ByteReader& in, Rect r, Frame& frame);

/// What the encoder asks per tile: too many colours, and too few neighbours alike, for the colour table to pay.
[[nodiscard]] bool looks_like_photo(const FrameView& frame, Rect tile);
/// The one colour of a tile, when it has only one.
[[nodiscard]] std::optional<Pixel> solid_colour(const FrameView& frame, Rect tile);

}  // namespace rescue::screen
