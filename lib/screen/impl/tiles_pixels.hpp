// SPDX-License-Identifier: Apache-2.0
// The pixels of a run of tiles of the codec "tiles": by colour table (text, windows) or by residual planes (photos).
#pragma once

#include "base/bytes.hpp"
#include "screen/impl/tiles_state.hpp"

namespace rescue::screen {

/// Paints `r`; false when the bytes end too early.
[[nodiscard]] bool read_table_run(base::ByteReader& in, Rect r, ColourTable& table, Frame& frame);
[[nodiscard]] bool read_photo_run(base::ByteReader& in, Rect r, Frame& frame);

}  // namespace rescue::screen
