// SPDX-License-Identifier: Apache-2.0
// What goes into the verification of a SAML 2.0 response (Web Browser SSO profile, HTTP-POST binding) and what comes
// out of it. Plain values; nothing here parses XML.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "saml/rules.hpp"

namespace rescue::saml {

/// Of the XML after base64; an ordinary response has 5 to 20 KB.
inline constexpr std::size_t kMaxResponseBytes = 256 * 1024;
/// As posted: base64 with line breaks.
inline constexpr std::size_t kMaxResponseText = kMaxResponseBytes / 3 * 4 + 16 * 1024;
inline constexpr std::size_t kMaxMetadataBytes = 1024 * 1024;
inline constexpr std::size_t kMaxEntityIdBytes = 1024;  // saml-core-2.0 section 8.3.6
inline constexpr std::size_t kMaxNameIdBytes = 1024;
inline constexpr std::size_t kMaxAttributes = 256;
inline constexpr std::size_t kMaxAttributeValues = 4096;  // of all attributes: groups of one person
inline constexpr std::size_t kMaxSigningKeys = 8;
/// How far the clocks of the identity provider and ours may be apart.
inline constexpr std::chrono::seconds kClockSkew{60};

/// The identity provider as its metadata describes it (saml-metadata-2.0). Trust comes from whoever installed the
/// metadata: signatures on it are not looked at.
struct IdpMetadata {
  std::string entity_id;
  std::string sso_redirect_url;                   // HTTP-Redirect binding; empty when there is none
  std::vector<std::string> signing_certificates;  // PEM, 1 to kMaxSigningKeys; two while the provider changes keys
  bool wants_signed_requests = false;
  std::optional<base::WallTime> valid_until = {};  // validUntil of the document
};

/// What we are towards the identity provider.
struct ServiceProvider {
  std::string entity_id;  // usually the URL of our metadata
  std::string acs_url;    // assertion consumer service, HTTP-POST binding
};

/// Which request a response must answer.
enum class Answers : std::uint8_t {
  request,  // that of `request_id`
  nothing,  // none: the provider began the sign-in; InResponseTo must be absent everywhere
  any,      // either kind, but the same in all places. The caller MUST look up Identity::in_response_to in its table of
            // open requests (used once, by the same browser) and, where it is empty, whether such sign-ins are allowed.
};

/// One response to check.
struct ResponseCheck {
  IdpMetadata idp;
  ServiceProvider sp;
  Answers answers = Answers::nothing;
  std::string request_id = {};
  base::WallTime now{};
  std::chrono::seconds clock_skew = kClockSkew;
  std::string response = {};                            // as posted (base64), or the XML itself
  std::vector<base::SecretBytes> decryption_keys = {};  // PEM, RSA; none: encrypted assertions are refused
};

struct Attribute {
  std::string name;
  std::string friendly_name = {};
  std::vector<std::string> values = {};  // text only; a value with elements in it is left out
};

/// Who signed in, from digested bytes alone. The response is not consumed by having been checked: the caller refuses
/// an (issuer, assertion_id) that it has seen before, and remembers it until `replay_until`.
struct Identity {
  std::string issuer;
  std::string name_id;
  std::string name_id_format = {};
  std::string assertion_id;
  std::string response_id = {};
  std::string in_response_to = {};  // empty: the provider began
  base::WallTime replay_until{};    // from then on the same assertion is refused as expired
  base::WallTime authn_instant{};
  std::string session_index = {};
  std::optional<base::WallTime> session_not_on_or_after = {};  // the sign-in must not last longer
  std::string authn_context = {};                              // AuthnContextClassRef
  std::vector<Attribute> attributes = {};
  bool response_signed = false;
  bool assertion_signed = false;
  bool encrypted = false;

  /// Values of the attributes whose Name or FriendlyName this is, in order; empty when there is none.
  [[nodiscard]] std::vector<std::string> values(std::string_view attribute) const;
};

using Verdict = std::expected<Identity, Refusal>;

}  // namespace rescue::saml
