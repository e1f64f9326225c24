// SPDX-License-Identifier: Apache-2.0
#include "base/base64.hpp"

#include <algorithm>

namespace rescue::base {

// The two alphabets differ in their last two characters alone.
std::string to_base64(ByteView b) {
  auto out = to_base64url(b);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  while (out.size() % 4 != 0) out += '=';
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Errc::bad_format, "base64 text whose length is no multiple of four");
  if (text.find_first_of("-_") != std::string_view::npos)
    return fail(Errc::bad_format, "base64 text with a character of another alphabet");
  std::string digits(text);
  if (digits.ends_with('=')) digits.pop_back();
  if (digits.ends_with('=')) digits.pop_back();
  std::ranges::replace(digits, '+', '-');
  std::ranges::replace(digits, '/', '_');
  auto out = from_base64url(digits);
  // "A===" has the padding of nothing that can be encoded.
  if (out && to_base64(*out).size() != text.size()) return fail(Errc::bad_format, "base64 text with wrong padding");
  return out;
}

}  // namespace rescue::base
