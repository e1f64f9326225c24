// SPDX-License-Identifier: Apache-2.0
// Frames as PNG (RGB, 8 bits), for stills of a session.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

/// Errors: invalid_argument for an empty frame, internal when libpng refuses.
[[nodiscard]] base::Result<base::Bytes> to_png(const FrameView& frame);

/// Writes a new file (mode 0600 less the umask) or replaces one, whole or not at all: a temporary name beside it, then
/// rename. Errors as to_png, and io, no_space, not_found with the path.
[[nodiscard]] base::Result<> write_png(const std::string& path, const FrameView& frame);

/// For tests and tools: only what to_png writes and other plain 8-bit PNG; not for hostile files.
[[nodiscard]] base::Result<Frame> from_png(base::ByteView png);

}  // namespace rescue::screen
