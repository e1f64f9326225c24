// SPDX-License-Identifier: Apache-2.0
// Fallible functions return Result<T>; the happy path runs straight down with RESCUE_TRY.
#pragma once

#include <expected>
#include <utility>

#include "base/error.hpp"

namespace rescue::base {

template <typename T = void>
using Result = std::expected<T, Error>;

/// `return fail(Errc::not_found, "user 'ada'");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string context, std::error_code cause = {}) {
  return std::unexpected<Error>(Error(code, std::move(context), cause));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error e) { return std::unexpected<Error>(std::move(e)); }

}  // namespace rescue::base

#define RESCUE_CONCAT_(a, b) a##b
#define RESCUE_CONCAT(a, b) RESCUE_CONCAT_(a, b)
#define RESCUE_TRY_IMPL_(tmp, decl, expr, ret)        \
  auto tmp = (expr);                                  \
  if (!tmp) [[unlikely]]                              \
    ret ::rescue::base::fail(std::move(tmp).error()); \
  decl = std::move(*tmp)
/// RESCUE_TRY(auto x, f()); declares x or returns f's error.
#define RESCUE_TRY(decl, expr) RESCUE_TRY_IMPL_(RESCUE_CONCAT(try_, __COUNTER__), decl, expr, return )
/// RESCUE_CHECK(f()); for Result<void>: returns f's error.
#define RESCUE_CHECK(expr)                                    \
  do {                                                        \
    if (auto check_ = (expr); !check_) [[unlikely]]           \
      return ::rescue::base::fail(std::move(check_).error()); \
  } while (false)
/// The same two inside coroutines. The awaited call must follow the coroutine rules of CONTRIBUTING.md.
#define RESCUE_CO_TRY(decl, expr) RESCUE_TRY_IMPL_(RESCUE_CONCAT(try_, __COUNTER__), decl, expr, co_return )
#define RESCUE_CO_CHECK(expr)                                    \
  do {                                                           \
    if (auto check_ = (expr); !check_) [[unlikely]]              \
      co_return ::rescue::base::fail(std::move(check_).error()); \
  } while (false)
