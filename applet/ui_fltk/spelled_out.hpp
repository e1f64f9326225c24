// SPDX-License-Identifier: Apache-2.0
// Text of a technician's that the user has to judge by what is written there.
#pragma once

#include <string>
#include <string_view>

namespace rescue::applet::fltk {

/// Nothing of a script or an address may hide: what has no width, moves the cursor or turns the order of text around is
/// spelled out ("⟨U+202E⟩"), and so are bytes that are no UTF-8. Newline and tab stay.
[[nodiscard]] std::string spelled_out(std::string_view text);

}  // namespace rescue::applet::fltk
