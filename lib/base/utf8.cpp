// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.hpp"

#include <cstdint>

namespace rescue::base {
namespace {
struct Decoded {
  char32_t point;
  std::size_t length;  // bytes consumed, at least 1
  bool valid;
};

/// Unicode 15, table 3-7: the second byte's range depends on the first.
Decoded decode(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const auto b0 = byte(at);
  if (b0 < 0x80) return {b0, 1, true};
  std::size_t need = 0;
  std::uint8_t low = 0x80, high = 0xbf;
  char32_t point = 0;
  if (b0 >= 0xc2 && b0 <= 0xdf)
    need = 1, point = b0 & 0x1f;
  else if (b0 >= 0xe0 && b0 <= 0xef) {
    need = 2, point = b0 & 0x0f;
    if (b0 == 0xe0) low = 0xa0;
    if (b0 == 0xed) high = 0x9f;
  } else if (b0 >= 0xf0 && b0 <= 0xf4) {
    need = 3, point = b0 & 0x07;
    if (b0 == 0xf0) low = 0x90;
    if (b0 == 0xf4) high = 0x8f;
  } else
    return {0xfffd, 1, false};
  for (std::size_t i = 1; i <= need; ++i) {
    if (at + i >= s.size() || byte(at + i) < low || byte(at + i) > high) return {0xfffd, i, false};
    point = (point << 6) | (byte(at + i) & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return {point, need + 1, true};
}

}  // namespace

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool is_valid_utf8(std::string_view s) {
  for (std::size_t at = 0; at < s.size();) {
    const auto d = decode(s, at);
    if (!d.valid) return false;
    at += d.length;
  }
  return true;
}

char32_t next_code_point(std::string_view s, std::size_t& at) {
  const auto d = decode(s, at);
  at += d.length;
  return d.point;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t v) { out += static_cast<char>(static_cast<std::uint8_t>(v)); };
  if (c < 0x80)
    put(c);
  else if (c < 0x800)
    put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  else if (c < 0x10000)
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  else
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

std::string to_valid_utf8(std::string_view s) {
  if (is_valid_utf8(s)) return std::string(s);
  std::string out;
  for (std::size_t at = 0; at < s.size();) append_utf8(out, next_code_point(s, at));
  return out;
}

std::string to_display_text(std::string_view s, bool keep_lines) {
  std::string out;
  for (std::size_t at = 0; at < s.size();) {
    const auto c = next_code_point(s, at);
    const bool kept = keep_lines && (c == '\n' || c == '\t');
    append_utf8(out, is_control(c) && !kept ? char32_t{0xfffd} : c);
  }
  return out;
}

}  // namespace rescue::base
