// SPDX-License-Identifier: Apache-2.0
// Bodies of single sign-on: pure functions from untrusted text to checked values, invalid_argument names the field.
// tests/fuzz/broker_json feeds them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "directory/single_sign_on.hpp"
#include "net/http.hpp"
#include "saml/model.hpp"

namespace rescue::broker {

/// A posted response: base64, of which browsers send "+", "/" and "=" as three bytes each, and the relay state.
inline constexpr std::size_t kMaxAcsForm = saml::kMaxResponseText / 8 * 9 + 4096;
/// Metadata as JSON text, quotes and line ends escaped.
inline constexpr std::size_t kMaxSsoChange = saml::kMaxMetadataBytes + saml::kMaxMetadataBytes / 4;

/// Where a sign-in began: what only the beginner can prove, and where its outcome goes.
struct SsoStart {
  base::Bytes challenge;
  directory::sso::Target target;
};
/// {"challenge", "port"?, "state"?}
[[nodiscard]] base::Result<SsoStart> read_sso_start(std::string_view body);
/// The same in the query of /saml/login.
[[nodiscard]] base::Result<SsoStart> read_sso_query(const net::HttpRequest& request);
/// "challenge=…&port=…&state=…"
[[nodiscard]] std::string sso_query(const SsoStart& start);

struct SsoFinish {
  std::string code, verifier, device;
};
/// {"code", "verifier"?, "device"?}
[[nodiscard]] base::Result<SsoFinish> read_sso_finish(std::string_view body);

/// SAMLResponse of a form (saml-bindings-2.0 section 3.5); a relay state is passed over, what else there is refused.
[[nodiscard]] base::Result<std::string> read_saml_response(std::string_view form);

struct SsoChange {
  std::optional<bool> enabled, idp_initiated, provision;
  std::optional<std::string> entity_id, email_attribute, name_attribute, group_attribute;
  std::optional<std::vector<directory::sso::GroupRule>> group_map;
  std::optional<std::string> idp_metadata;  // "": none any more
};
[[nodiscard]] base::Result<SsoChange> read_sso_change(std::string_view body);

}  // namespace rescue::broker
