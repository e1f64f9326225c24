// SPDX-License-Identifier: Apache-2.0
#include "base/guid.hpp"

#include <algorithm>
#include <cstring>

namespace rescue::base {

Guid Guid::random(RandomSource& random) {
  Guid g;
  random.fill(g.b_);
  g.b_[6] = static_cast<std::uint8_t>((g.b_[6] & 0x0f) | 0x40);
  g.b_[8] = static_cast<std::uint8_t>((g.b_[8] & 0x3f) | 0x80);
  return g;
}

Result<Guid> Guid::parse(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
    return fail(Errc::bad_format, "'" + std::string(text.substr(0, 64)) +
                                      "' is not an identifier of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
  std::string digits(text);
  std::erase(digits, '-');
  if (digits.size() != 32) return fail(Errc::bad_format, "identifier with misplaced dashes");
  RESCUE_TRY(auto b, from_hex(digits));
  return from_bytes(b);
}

Result<Guid> Guid::from_bytes(ByteView b) {
  if (b.size() != kSize) return fail(Errc::bad_format, "identifier of " + std::to_string(b.size()) + " bytes, not 16");
  Guid g;
  std::copy(b.begin(), b.end(), g.b_.begin());
  return g;
}

std::string Guid::text() const {
  auto s = to_hex(b_);
  for (std::size_t at : {20U, 16U, 12U, 8U}) s.insert(at, "-");
  return s;
}

}  // namespace rescue::base

std::size_t std::hash<rescue::base::Guid>::operator()(const rescue::base::Guid& g) const noexcept {
  std::size_t h = 0;
  std::memcpy(&h, g.bytes().data(), sizeof h);
  return h;
}
