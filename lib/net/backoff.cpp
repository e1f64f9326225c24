// SPDX-License-Identifier: Apache-2.0
#include "net/backoff.hpp"

#include <algorithm>

namespace rescue::net {

base::Duration Backoff::next() {
  double bound = static_cast<double>(options_.initial.count());
  const double most = static_cast<double>(options_.longest.count());
  for (unsigned i = 0; i < attempt_ && bound < most; ++i) bound *= options_.factor;
  ++attempt_;
  const auto limit = static_cast<std::uint64_t>(std::clamp(bound, 0.0, most));
  return base::Duration(static_cast<std::int64_t>(random_->below(limit + 1)));
}

}  // namespace rescue::net
