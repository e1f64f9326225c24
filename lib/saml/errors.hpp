// SPDX-License-Identifier: Apache-2.0
// What can go wrong with single sign-on. Everything else is base::Errc.
#pragma once

#include "base/error.hpp"

namespace rescue::saml {

enum class Errc : int {
  refused = 1,       // a response or metadata breaks a rule; the context names it
  helper_failed,     // rescue-saml ended without an answer; its last line is in the context
  helper_timed_out,  // rescue-saml was ended after kHelperTimeout
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::saml
