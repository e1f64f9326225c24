// SPDX-License-Identifier: Apache-2.0
// A value, or the rule that was broken.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

#include "saml/rules.hpp"

namespace rescue::saml_xml {

using saml::Rule;

template <typename T = void>
using Checked = std::expected<T, saml::Refusal>;

[[nodiscard]] inline std::unexpected<saml::Refusal> refuse(Rule rule, std::string detail = {}) {
  return std::unexpected(saml::Refusal{rule, std::move(detail)});
}

/// Hostile text for a message: cut, control characters replaced, in quotes.
[[nodiscard]] std::string quote_text(std::string_view text);

}  // namespace rescue::saml_xml

#define RESCUE_SAML_CONCAT_(a, b) a##b
#define RESCUE_SAML_CONCAT(a, b) RESCUE_SAML_CONCAT_(a, b)
#define RESCUE_SAML_TRY_IMPL_(tmp, decl, expr)                             \
  auto tmp = (expr);                                                       \
  if (!tmp) [[unlikely]]                                                   \
    return std::unexpected<rescue::saml::Refusal>(std::move(tmp).error()); \
  decl = std::move(*tmp)
/// RESCUE_SAML_TRY(auto x, f()); declares x or returns f's refusal.
#define RESCUE_SAML_TRY(decl, expr) RESCUE_SAML_TRY_IMPL_(RESCUE_SAML_CONCAT(try_, __COUNTER__), decl, expr)
/// RESCUE_SAML_CHECK(f()); for Checked<void>: returns f's refusal.
#define RESCUE_SAML_CHECK(expr)                                                 \
  do {                                                                          \
    if (auto check_ = (expr); !check_) [[unlikely]]                             \
      return std::unexpected<rescue::saml::Refusal>(std::move(check_).error()); \
  } while (false)
