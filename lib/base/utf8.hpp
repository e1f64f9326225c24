// SPDX-License-Identifier: Apache-2.0
// UTF-8: validation, repair, and making untrusted text safe to show on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace rescue::base {

/// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view s);
/// Each maximal invalid part becomes one U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view s);
/// For text from a peer on a terminal or in a dialog: C0, C1, DEL, bidi overrides and isolates become U+FFFD;
/// newline and tab stay only where `keep_lines`.
[[nodiscard]] std::string to_display_text(std::string_view s, bool keep_lines = false);
/// What to_display_text() does not let through: it would move a terminal, or turn the order of text around.
[[nodiscard]] bool is_control(char32_t c);
/// Decodes one code point at `at` and moves it; U+FFFD for invalid bytes. `at` must be < s.size().
[[nodiscard]] char32_t next_code_point(std::string_view s, std::size_t& at);
void append_utf8(std::string& out, char32_t c);

}  // namespace rescue::base
