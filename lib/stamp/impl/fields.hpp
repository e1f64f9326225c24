// SPDX-License-Identifier: Apache-2.0
// Little-endian fields of program files, and ranges within them that cannot overflow.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace rescue::stamp::impl {

/// Whether `n` bytes at `at` are within `size`.
inline bool within(std::uint64_t at, std::uint64_t n, std::uint64_t size) { return at <= size && n <= size - at; }

struct Range {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::uint64_t end() const { return at + size; }
  /// Both must be within a file: their ends cannot overflow.
  [[nodiscard]] bool intersects(const Range& o) const {
    return size != 0 && o.size != 0 && at < o.end() && o.at < end();
  }
};

/// A field; its place must have been checked.
template <typename T>
T field(base::ByteView image, std::uint64_t at) {
  RESCUE_ASSERT(within(at, sizeof(T), image.size()));
  T v = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    v = static_cast<T>(v | static_cast<T>(static_cast<T>(image[at + i]) << (8 * i)));
  return v;
}
inline std::uint16_t u16(base::ByteView image, std::uint64_t at) { return field<std::uint16_t>(image, at); }
inline std::uint32_t u32(base::ByteView image, std::uint64_t at) { return field<std::uint32_t>(image, at); }
inline std::uint64_t u64(base::ByteView image, std::uint64_t at) { return field<std::uint64_t>(image, at); }

inline void put_u32(base::MutableByteView out, std::size_t at, std::uint32_t v) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::uint8_t>(v >> (8 * i));
}
inline void append_u16(base::Bytes& out, std::uint16_t v) {
  for (std::size_t i = 0; i < 2; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}
inline void append_u32(base::Bytes& out, std::uint32_t v) {
  for (std::size_t i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

}  // namespace rescue::stamp::impl
