// SPDX-License-Identifier: Apache-2.0
// What a response says, against what it must say (saml-profiles-2.0 section 4.1.4). The caller passes elements of
// documents that were made of digested bytes, wherever there is a signature over them.
#pragma once

#include "saml/model.hpp"
#include "saml_xml/impl/structure.hpp"

namespace rescue::saml_xml {

/// What the Response says around the assertion. `is_signed`: it must then name its destination.
/// Rules: metadata_expired, issuer, destination, status, issue_instant, in_response_to.
[[nodiscard]] Checked<> check_response(const ResponseParts& response, bool is_signed, const saml::ResponseCheck& q);

/// Who signed in. Rules: issuer to attributes. The members that are not the assertion's own are the caller's to fill.
[[nodiscard]] Checked<saml::Identity> check_assertion(const AssertionParts& assertion, const saml::ResponseCheck& q);

}  // namespace rescue::saml_xml
