// SPDX-License-Identifier: Apache-2.0
#include "saml/errors.hpp"

#include <array>

namespace rescue::saml {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::refused), "SSO_REFUSED", "single sign-on was refused", Exit::verification_failed, false},
    ErrorEntry{int(Errc::helper_failed), "SSO_HELPER_FAILED", "the helper rescue-saml failed", Exit::failed, true},
    ErrorEntry{int(Errc::helper_timed_out), "SSO_HELPER_TIMED_OUT", "the helper rescue-saml took too long",
               Exit::timed_out, true},
};
constexpr base::ErrorDomain kDomain{"saml", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

}  // namespace rescue::saml
