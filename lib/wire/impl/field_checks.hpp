// SPDX-License-Identifier: Apache-2.0
// Checks of single fields of session messages; each error names the field.
#pragma once

#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include "base/utf8.hpp"
#include "wire/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::wire::checks {

using base::Errc;
using base::fail;
using base::Result;

inline Result<void> text_max(const flatbuffers::String* s, std::size_t max, std::string_view field) {
  if (s == nullptr) return {};
  if (s->size() > max)
    return fail(Errc::too_large, fmt::format("{} has {} bytes, at most {} are allowed", field, s->size(), max));
  if (!base::is_valid_utf8(text(s))) return fail(Errc::bad_format, fmt::format("{} is not UTF-8", field));
  return {};
}
inline Result<void> count(std::size_t n, std::size_t min, std::size_t max, std::string_view field) {
  if (n >= min && n <= max) return {};
  return fail(n > max ? Errc::too_large : Errc::bad_format,
              fmt::format("{} has {} entries, {} to {} are allowed", field, n, min, max));
}
template <typename E>
inline Result<void> in_range(E value, std::string_view field) {
  if (value >= E::MIN && value <= E::MAX) return {};
  return fail(Errc::bad_format, fmt::format("{} {} does not exist", field, static_cast<int>(value)));
}
inline Result<void> coordinate(std::int32_t v, std::string_view field) {
  if (v >= -kDesktopCoordinateMax && v <= kDesktopCoordinateMax) return {};
  return fail(Errc::bad_format, fmt::format("{} is {}, beyond any desktop", field, v));
}
inline Result<void> not_zero(std::uint32_t v, std::string_view field) {
  if (v != 0) return {};
  return fail(Errc::bad_format, fmt::format("{} is 0", field));
}
/// Of bytes or of text that somebody else judges: its size alone. Absent is fine.
template <typename V>
inline Result<void> bytes_max(const V* v, std::size_t max, std::string_view field) {
  if (v == nullptr || v->size() <= max) return {};
  return fail(Errc::too_large, fmt::format("{} has {} bytes, at most {} are allowed", field, v->size(), max));
}
inline Result<void> bytes_exactly(const flatbuffers::Vector<std::uint8_t>* v, std::size_t size,
                                  std::string_view field) {
  if (v != nullptr && v->size() == size) return {};
  return fail(Errc::bad_format, fmt::format("{} has {} bytes, not {}", field, v == nullptr ? 0 : v->size(), size));
}

}  // namespace rescue::wire::checks
