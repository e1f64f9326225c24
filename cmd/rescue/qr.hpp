// SPDX-License-Identifier: Apache-2.0
// A QR code (ISO/IEC 18004, through libqrencode) as lines of half blocks, two modules a character, with the quiet zone
// that readers need.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::program {

inline constexpr std::size_t kMaxQrBytes = 1000;  // larger ones fit no terminal

/// `color`: black on white by escape sequences, right on every terminal. Without it the light modules are drawn in the
/// terminal's foreground, which is right where that is lighter than the background. too_large.
[[nodiscard]] base::Result<std::string> qr_text(std::string_view content, bool color);

}  // namespace rescue::program
