// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace rescue::base {
namespace {
constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr Tables make_tables() {
  Tables t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? kPolynomial : 0);
    t[0][i] = c;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xff];
  }
  return t;
}
constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteView b, std::uint32_t crc) {
  std::uint64_t c = crc;
  const std::uint8_t* p = b.data();
  std::size_t left = b.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  auto tail = static_cast<std::uint32_t>(c);
  for (; left > 0; --left, ++p) tail = _mm_crc32_u8(tail, *p);
  return tail;
}
const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
#endif
}  // namespace

std::uint32_t crc32c_portable(ByteView b, std::uint32_t previous) {
  std::uint32_t c = ~previous;
  std::size_t i = 0;
  for (; b.size() - i >= 8; i += 8) {
    const std::uint32_t low = c ^ (std::uint32_t{b[i]} | std::uint32_t{b[i + 1]} << 8 | std::uint32_t{b[i + 2]} << 16 |
                                   std::uint32_t{b[i + 3]} << 24);
    c = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
        kTables[4][low >> 24] ^ kTables[3][b[i + 4]] ^ kTables[2][b[i + 5]] ^ kTables[1][b[i + 6]] ^
        kTables[0][b[i + 7]];
  }
  for (; i < b.size(); ++i) c = (c >> 8) ^ kTables[0][(c ^ b[i]) & 0xff];
  return ~c;
}

std::optional<std::uint32_t> crc32c_hardware(ByteView b, std::uint32_t previous) {
#if defined(__x86_64__)
  if (kHasInstruction) return ~by_instruction(b, ~previous);
#endif
  static_cast<void>(b);
  static_cast<void>(previous);
  return std::nullopt;
}

std::uint32_t crc32c(ByteView b, std::uint32_t previous) {
#if defined(__x86_64__)
  if (kHasInstruction) return ~by_instruction(b, ~previous);
#endif
  return crc32c_portable(b, previous);
}

}  // namespace rescue::base
