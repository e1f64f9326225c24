// SPDX-License-Identifier: Apache-2.0
// The verifier itself, in this process. Programs do not link it: they ask rescue-saml (saml/verifier.hpp).
#pragma once

#include "saml/verifier.hpp"

namespace rescue::saml_xml {

/// Sets up libxml2 and xmlsec1 once: no files, no network, no entities, no messages on stderr. Call it before confining
/// the process. internal when xmlsec1 does not start.
[[nodiscard]] base::Result<> start_libraries();

/// Keeps nothing between questions. One thread at a time.
class Engine final : public saml::Verifier {
 public:
  [[nodiscard]] base::Result<saml::IdpMetadata> read_metadata(const std::string& xml) override;
  [[nodiscard]] base::Result<saml::Verdict> check(const saml::ResponseCheck& question) override;
  /// The same with the rule as a value.
  [[nodiscard]] static std::expected<saml::IdpMetadata, saml::Refusal> metadata(const std::string& xml);
};

}  // namespace rescue::saml_xml
