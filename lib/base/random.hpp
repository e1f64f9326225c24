// SPDX-License-Identifier: Apache-2.0
// Random sources. Cores take one; only Env and net make the system's.
#pragma once

#include "base/bytes.hpp"

namespace rescue::base {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(MutableByteView out) = 0;
  [[nodiscard]] std::uint64_t u64();
  /// Uniform in [0, bound), bound > 0, without modulo bias.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

/// The kernel's cryptographic source (getrandom(2)); thread-safe. Aborts when the kernel has none.
RandomSource& system_random();

/// Deterministic (xoshiro256**, seeded by splitmix64); for simulations and harnesses, never for keys.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(MutableByteView out) override;

 private:
  std::uint64_t next();
  std::uint64_t s_[4];
};

}  // namespace rescue::base
