// SPDX-License-Identifier: Apache-2.0
// The identity provider's metadata (saml-metadata-2.0).
#pragma once

#include "saml/model.hpp"
#include "saml_xml/impl/checked.hpp"

namespace rescue::saml_xml {

/// The one identity provider that is described. Rules: those of the text, xml, limits, duplicate_id, root (no, or
/// several identity providers), issuer (no entity ID), structure (no usable certificate, no SAML 2.0).
[[nodiscard]] Checked<saml::IdpMetadata> parse_metadata(std::string_view xml);

}  // namespace rescue::saml_xml
