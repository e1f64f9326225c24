// SPDX-License-Identifier: Apache-2.0
// What can go wrong between the applet and its site, beside base::Errc.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace rescue::applet {

enum class Errc : int {
  pin_unknown = 1,
  pin_expired,
  pin_spent,
  key_already_bound,
  session_not_found,
  session_ended,
  rate_limited,
  unavailable,
  refused,     // any other refusal; the context has the site's words
  bad_answer,  // the site said something that the API does not have
};
const base::ErrorDomain& error_domain(Errc);

/// From the `error` of a refusal and its HTTP status.
[[nodiscard]] Errc errc_of(std::string_view name, unsigned status);

}  // namespace rescue::applet
