// SPDX-License-Identifier: Apache-2.0
// Our side of SAML 2.0: key, metadata, requests. Only writes XML, so it needs no parser.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/certificate.hpp"
#include "saml/model.hpp"

namespace rescue::saml {

/// Longest relay state (saml-bindings-2.0 section 3.4.3).
inline constexpr std::size_t kMaxRelayState = 80;

/// Key and self-signed certificate that sign requests and open assertions: RSA-2048, valid for ten years. Keep `key`
/// sealed; it is a secret of the site.
struct ProviderKey {
  base::SecretBytes key_pem;
  std::string certificate_pem;
};
[[nodiscard]] base::Result<ProviderKey> make_provider_key(std::string_view common_name, base::WallTime now);

/// EntityDescriptor (saml-metadata-2.0) with one SPSSODescriptor: assertion consumer service by HTTP-POST, the
/// certificates for signing and encryption (two while keys change, the one that signs first), signed requests, signed
/// assertions wanted. invalid_argument: an entity ID or URL that is empty, too long or not printable ASCII.
[[nodiscard]] base::Result<std::string> metadata_xml(const ServiceProvider& sp,
                                                     const std::vector<std::string>& certificates_pem);

struct AuthnRequest {
  std::string id;            // '_' and 32 hexadecimal digits: remember it for InResponseTo
  std::string redirect_url;  // send the browser there (302)
};
struct AuthnRequestOptions {
  std::string relay_state = {};  // comes back beside the response; at most kMaxRelayState bytes
  bool force_authn = false;      // the provider must ask for credentials anew
};
/// A signed request by HTTP-Redirect (saml-bindings-2.0 section 3.4: DEFLATE, base64, RSA-SHA256 over the query).
/// unsupported: the provider offers no HTTP-Redirect. key_malformed, key_unsupported: the key.
[[nodiscard]] base::Result<AuthnRequest> make_authn_request(const ServiceProvider& sp, const IdpMetadata& idp,
                                                            const base::SecretBytes& key_pem, base::WallTime now,
                                                            base::RandomSource& random,
                                                            const AuthnRequestOptions& options = {});

}  // namespace rescue::saml
