// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/spelled_out.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::applet::fltk {
namespace {

/// Takes no place on the screen, or one that cannot be told from an ordinary space.
bool is_unseen(char32_t c) {
  return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
         (c >= 0x180b && c <= 0x180f) || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
         (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
         c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff) || c == 0xa0;
}

}  // namespace

std::string spelled_out(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto from = at;
    const auto c = base::next_code_point(text, at);
    const bool broken = c == 0xfffd && text.substr(from, at - from) != "\xef\xbf\xbd";
    if (broken) {
      for (auto i = from; i < at; ++i) out += fmt::format("⟨{:02X}⟩", static_cast<unsigned char>(text[i]));
    } else if (c == '\n' || c == '\t') {
      out += static_cast<char>(c);
    } else if (base::is_control(c) || is_unseen(c)) {
      out += fmt::format("⟨U+{:04X}⟩", static_cast<std::uint32_t>(c));
    } else {
      base::append_utf8(out, c);
    }
  }
  return out;
}

}  // namespace rescue::applet::fltk
