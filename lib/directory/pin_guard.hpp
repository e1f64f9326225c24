// SPDX-License-Identifier: Apache-2.0
// Limits guessing of PINs (and of passwords: one object each) by remote address. Sans-IO: addresses and `now` in,
// verdicts out. An address (IPv4; an IPv6 /64, which is what one subscriber has) and its networks (IPv4 /24, IPv6 /56
// and /48) have an allowance of wrong guesses that refills with time. When wrong guesses come from everywhere at once,
// everybody is delayed and nobody is refused for it.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace rescue::directory {

struct PinGuardLimits {
  std::uint32_t per_address = 10;  // wrong guesses at once; one more each `refill`
  std::uint32_t per_network = 50;  // IPv4 /24 and IPv6 /56
  std::uint32_t per_site = 400;    // IPv6 /48
  std::chrono::seconds refill{60};
  std::uint32_t surge_per_minute = 120;        // wrong guesses of all together before delays begin
  std::chrono::milliseconds surge_delay{250};  // for each further surge_per_minute, up to max_delay
  std::chrono::milliseconds max_delay{3000};
  std::size_t max_entries = 65'536;  // addresses and networks remembered; the longest unused one is forgotten
};

/// Not thread-safe: keep it on one strand.
class PinGuard {
 public:
  explicit PinGuard(PinGuardLimits limits = {}) : limits_(limits) {}

  struct Verdict {
    bool allowed = true;
    std::chrono::milliseconds delay{0};   // wait this long before the attempt is made
    std::chrono::seconds retry_after{0};  // when refused
    // When refused: only because of attempts that still run. Ask again when one of them has ended; they may be right
    // ones, of many people behind one address.
    bool undecided = false;
  };
  /// Before an attempt, which it charges to the address, so that attempts running at once are counted. `address`
  /// without port; an address that cannot be read shares one bucket with its like. Every allowed attempt is to be ended
  /// by one of failed(), succeeded() and abandoned().
  [[nodiscard]] Verdict check(std::string_view address, base::SteadyTime now);
  /// After an attempt that named nothing that exists: it stays charged, and counts towards a surge.
  void failed(std::string_view address, base::SteadyTime now);
  /// After a right one, which costs nothing: the attempt is given back and no more, so that somebody who has one right
  /// answer cannot buy wrong ones with it.
  void succeeded(std::string_view address, base::SteadyTime now);
  /// After one of which nobody knows whether it was right (the client left, the broker was busy): it stays charged.
  void abandoned(std::string_view address, base::SteadyTime now);

  [[nodiscard]] std::size_t entries() const { return buckets_.size(); }

 private:
  struct Bucket {
    double used = 0;
    std::uint32_t running = 0;  // part of `used` that is not decided yet
    base::SteadyTime at;
    std::list<std::string>::iterator age;
  };
  struct Key {
    std::string text;
    std::uint32_t allowance;
  };
  [[nodiscard]] std::vector<Key> keys_of(std::string_view address) const;
  [[nodiscard]] double used(const Key& key, base::SteadyTime now) const;
  [[nodiscard]] std::uint32_t running(const Key& key) const;
  [[nodiscard]] double rate_per_s(const Key& key) const;
  void charge(const Key& key, double amount, int running, base::SteadyTime now);
  [[nodiscard]] std::chrono::milliseconds surge(base::SteadyTime now) const;

  PinGuardLimits limits_;
  std::unordered_map<std::string, Bucket> buckets_;
  std::list<std::string> by_age_;  // oldest first
  double recent_ = 0;              // wrong guesses of all together, decaying with a time constant of a minute
  base::SteadyTime recent_at_;
};

}  // namespace rescue::directory
