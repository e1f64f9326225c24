// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <cstring>

#if defined(__linux__)
#include <sys/random.h>
#endif

#include "base/assert.hpp"

namespace rescue::base {
namespace {
std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

class SystemRandom final : public RandomSource {
 public:
  void fill(MutableByteView out) override {
    while (!out.empty()) {
      const auto n = ::getrandom(out.data(), out.size(), 0);
      RESCUE_ASSERT(n > 0 || errno == EINTR);
      if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
    }
  }
};
}  // namespace

std::uint64_t RandomSource::u64() {
  std::uint64_t v = 0;
  fill({reinterpret_cast<std::uint8_t*>(&v), sizeof v});
  return v;
}

std::uint64_t RandomSource::below(std::uint64_t bound) {
  RESCUE_ASSERT(bound > 0);
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const auto v = u64();
    if (v < limit) return v % bound;
  }
}

RandomSource& system_random() {
  static SystemRandom r;
  return r;
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& s : s_) {  // splitmix64, Steele, Lea and Flood 2014
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    s = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {  // xoshiro256**, Blackman and Vigna 2018
  const auto result = rotl(s_[1] * 5, 7) * 9;
  const auto t = s_[1] << 17;
  s_[2] ^= s_[0];
  s_[3] ^= s_[1];
  s_[1] ^= s_[2];
  s_[0] ^= s_[3];
  s_[2] ^= t;
  s_[3] = rotl(s_[3], 45);
  return result;
}

void SeededRandom::fill(MutableByteView out) {
  while (!out.empty()) {
    const auto v = next();
    const auto n = out.size() < sizeof v ? out.size() : sizeof v;
    std::memcpy(out.data(), &v, n);
    out = out.subspan(n);
  }
}

}  // namespace rescue::base
