// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/kernels.hpp"

#include <bit>

#include "screen/impl/history.hpp"

// Not on Windows: its calling convention leaves the stack aligned to 16 bytes, and GCC spills wide registers as if it
// were 32 (GCC PR 54412).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(_WIN32)
#define RESCUE_SCREEN_AVX2 1
#include <immintrin.h>
#endif

namespace rescue::screen {
namespace portable {
bool equal(const Pixel* a, const Pixel* b, std::size_t n) {
  Pixel differs = 0;  // no early exit: the compiler can then use wide registers
  for (std::size_t i = 0; i < n; ++i) differs |= a[i] ^ b[i];
  return (differs & kPixelMask) == 0;
}

std::size_t count_equal(const Pixel* a, const Pixel* b, std::size_t n) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < n; ++i) out += ((a[i] ^ b[i]) & kPixelMask) == 0 ? 1 : 0;
  return out;
}

std::uint32_t anchors16(const Pixel* p) {
  std::uint32_t out = 0;
  for (unsigned k = 0; k < 16; ++k) out |= (is_anchor(p + k) ? 1u : 0u) << k;
  return out;
}

void take_over(const Pixel* now, Pixel* before, Pixel* background, std::size_t n, std::uint32_t picture) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t age = (picture - (background[i] >> 24)) & 0xff;
    const Pixel colour = age >= History::kLongStanding ? before[i] : background[i] & kPixelMask;
    background[i] = now[i] != before[i] ? colour | picture << 24 : background[i];
    before[i] = now[i];
  }
}

void follow(const Pixel* now, const Pixel* before, const Pixel* background, const Pixel* from, Pixel* to, std::size_t n,
            std::uint32_t picture) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t age = (picture - (background[i] >> 24)) & 0xff;
    if (now[i] != before[i] && age >= History::kLongStanding) to[i] = from[i];
  }
}
}  // namespace portable

#ifdef RESCUE_SCREEN_AVX2
namespace avx2 {
#define RESCUE_AVX2 __attribute__((target("avx2,popcnt")))

RESCUE_AVX2 inline __m256i load(const Pixel* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
RESCUE_AVX2 inline void store(Pixel* p, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
RESCUE_AVX2 inline __m256i all(std::uint32_t v) { return _mm256_set1_epi32(static_cast<int>(v)); }

RESCUE_AVX2 bool equal(const Pixel* a, const Pixel* b, std::size_t n) {
  const __m256i mask = all(kPixelMask);
  __m256i differs = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) differs = _mm256_or_si256(differs, _mm256_xor_si256(load(a + i), load(b + i)));
  return _mm256_testz_si256(differs, mask) != 0 && portable::equal(a + i, b + i, n - i);
}

RESCUE_AVX2 std::size_t count_equal(const Pixel* a, const Pixel* b, std::size_t n) {
  const __m256i mask = all(kPixelMask);
  std::size_t out = 0;
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i differs = _mm256_and_si256(_mm256_xor_si256(load(a + i), load(b + i)), mask);
    const __m256i same = _mm256_cmpeq_epi32(differs, _mm256_setzero_si256());
    out +=
        static_cast<std::size_t>(std::popcount(static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(same)))));
  }
  return out + portable::count_equal(a + i, b + i, n - i);
}

RESCUE_AVX2 inline std::uint32_t anchors8(const Pixel* p) {
  const __m256i mask = all(kPixelMask);
  const __m256i at = _mm256_and_si256(load(p), mask);
  const __m256i left = _mm256_and_si256(load(p - 1), mask);
  const __m256i same = _mm256_cmpeq_epi32(at, left);
  const auto edges = ~static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(same))) & 0xffu;
  if (edges == 0) return 0;
  const __m256i right = _mm256_and_si256(load(p + 1), mask);
  const __m256i right2 = _mm256_and_si256(load(p + 2), mask);
  __m256i s = _mm256_xor_si256(_mm256_mullo_epi32(at, all(0x9e3779b1u)), _mm256_mullo_epi32(left, all(0x85ebca6bu)));
  s = _mm256_xor_si256(s, _mm256_mullo_epi32(right, all(0xc2b2ae35u)));
  s = _mm256_xor_si256(s, _mm256_mullo_epi32(right2, all(0x27d4eb2fu)));
  s = _mm256_xor_si256(s, _mm256_srli_epi32(s, 15));
  s = _mm256_srli_epi32(_mm256_mullo_epi32(s, all(0x2c1b3c6du)), 28);
  const __m256i elected = _mm256_cmpeq_epi32(s, _mm256_setzero_si256());
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(elected))) & edges;
}
RESCUE_AVX2 std::uint32_t anchors16(const Pixel* p) { return anchors8(p) | anchors8(p + 8) << 8; }

RESCUE_AVX2 void take_over(const Pixel* now, Pixel* before, Pixel* background, std::size_t n, std::uint32_t picture) {
  const __m256i mask = all(kPixelMask);
  const __m256i number = all(picture);
  const __m256i stamp = _mm256_slli_epi32(number, 24);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i is = load(now + i);
    const __m256i was = load(before + i);
    const __m256i same = _mm256_cmpeq_epi32(is, was);
    if (_mm256_movemask_epi8(same) == -1) continue;
    const __m256i back = load(background + i);
    const __m256i age = _mm256_and_si256(_mm256_sub_epi32(number, _mm256_srli_epi32(back, 24)), all(0xff));
    const __m256i old = _mm256_cmpgt_epi32(age, all(History::kLongStanding - 1));
    const __m256i colour = _mm256_blendv_epi8(_mm256_and_si256(back, mask), was, old);
    store(background + i, _mm256_blendv_epi8(_mm256_or_si256(colour, stamp), back, same));
    store(before + i, is);
  }
  portable::take_over(now + i, before + i, background + i, n - i, picture);
}

RESCUE_AVX2 void follow(const Pixel* now, const Pixel* before, const Pixel* background, const Pixel* from, Pixel* to,
                        std::size_t n, std::uint32_t picture) {
  const __m256i number = all(picture);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i same = _mm256_cmpeq_epi32(load(now + i), load(before + i));
    if (_mm256_movemask_epi8(same) == -1) continue;
    const __m256i age =
        _mm256_and_si256(_mm256_sub_epi32(number, _mm256_srli_epi32(load(background + i), 24)), all(0xff));
    const __m256i old = _mm256_cmpgt_epi32(age, all(History::kLongStanding - 1));
    store(to + i, _mm256_blendv_epi8(load(to + i), load(from + i), _mm256_andnot_si256(same, old)));
  }
  portable::follow(now + i, before + i, background + i, from + i, to + i, n - i, picture);
}
}  // namespace avx2
#endif

std::span<const Kernels> usable_kernels() {
  static constexpr Kernels kAll[]{
      {"portable", portable::equal, portable::count_equal, portable::anchors16, portable::take_over, portable::follow},
#ifdef RESCUE_SCREEN_AVX2
      {"avx2", avx2::equal, avx2::count_equal, avx2::anchors16, avx2::take_over, avx2::follow},
#endif
  };
#ifdef RESCUE_SCREEN_AVX2
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  return std::span(kAll).first(wide ? 2 : 1);
#else
  return kAll;
#endif
}

}  // namespace rescue::screen
