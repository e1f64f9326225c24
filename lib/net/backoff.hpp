// SPDX-License-Identifier: Apache-2.0
// Exponential back-off with full jitter: after a failure of many clients at once they come back spread out.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"

namespace rescue::net {

struct BackoffOptions {
  base::Duration initial = std::chrono::milliseconds(250);  // upper bound of the first delay
  base::Duration longest = std::chrono::seconds(30);        // upper bound of every delay
  double factor = 2.0;

  BackoffOptions() = default;
  BackoffOptions(base::Duration first, base::Duration most) : initial(first), longest(most) {}
};

/// Delay n is uniform in [0, min(longest, initial * factor^n)]. `random` must outlive the object. One owner, no
/// locking.
class Backoff {
 public:
  Backoff(BackoffOptions options, base::RandomSource& random) : options_(options), random_(&random) {}
  [[nodiscard]] base::Duration next();
  /// To be called after a success that lasted.
  void reset() { attempt_ = 0; }
  /// Failures since the last reset.
  [[nodiscard]] unsigned attempt() const { return attempt_; }

 private:
  BackoffOptions options_;
  base::RandomSource* random_;
  unsigned attempt_ = 0;
};

}  // namespace rescue::net
