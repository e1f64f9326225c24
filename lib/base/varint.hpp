// SPDX-License-Identifier: Apache-2.0
// Unsigned LEB128: seven bits a byte, low ones first, the top bit says that more follow. Small numbers cost one byte.
#pragma once

#include "base/bytes.hpp"

namespace rescue::base {

inline constexpr int kMaxVarintBytes = 10;

inline void append_varint(Bytes& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<std::uint8_t>(v | 0x80));
  out.push_back(static_cast<std::uint8_t>(v));
}

/// nullopt when it is cut off, does not fit 64 bits, or ends in a zero byte that carries nothing (one number, one
/// form).
[[nodiscard]] inline std::optional<std::uint64_t> read_varint(ByteReader& in) {
  std::uint64_t v = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    const auto b = in.u8();
    if (!b) return std::nullopt;
    if (i == kMaxVarintBytes - 1 && *b > 1) return std::nullopt;
    v |= std::uint64_t{*b & 0x7fu} << (7 * i);
    if ((*b & 0x80) == 0) return i > 0 && *b == 0 ? std::nullopt : std::optional(v);
  }
  return std::nullopt;
}

/// Signed numbers near zero as small unsigned ones: 0, -1, 1, -2 … become 0, 1, 2, 3 …
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

}  // namespace rescue::base
