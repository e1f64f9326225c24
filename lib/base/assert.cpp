// SPDX-License-Identifier: Apache-2.0
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace rescue::base {
void assert_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "rescue: bug: assertion '%s' failed at %s:%d\n", expression, file, line);
  std::abort();
}
}  // namespace rescue::base
