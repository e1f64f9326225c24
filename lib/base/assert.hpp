// SPDX-License-Identifier: Apache-2.0
// RESCUE_ASSERT is for our own bugs only: on in every build, prints and aborts. Never for what a peer or disk may do.
#pragma once

namespace rescue::base {
[[noreturn]] void assert_failed(const char* expression, const char* file, int line);
}  // namespace rescue::base

#define RESCUE_ASSERT(expr)                                     \
  do {                                                          \
    if (!(expr)) [[unlikely]]                                   \
      ::rescue::base::assert_failed(#expr, __FILE__, __LINE__); \
  } while (false)
