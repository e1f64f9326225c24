// SPDX-License-Identifier: Apache-2.0
// The rules that a SAML response must keep, each with the name that programs, logs and tests see. They are applied in
// this order; the first that is broken is the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rescue::saml {

enum class Rule : std::uint8_t {
  // ---- text, before any XML parser sees it
  size,      // kMaxResponseBytes and the like
  encoding,  // base64 or UTF-8
  dtd,       // no document type, hence no entities of one's own
  comment,   // a comment can cut a value in two
  cdata,
  processing_instruction,
  entity,  // only &lt; &gt; &amp; &quot; &apos; and characters by number
  // ---- the document
  xml,                 // well-formed, namespaces bound
  limits,              // depth, number of elements, attributes of one element
  relative_namespace,  // canonicalisation of such is undefined
  root,                // samlp:Response
  version,             // 2.0
  duplicate_id,
  id,               // missing, or not an XML name
  structure,        // an element where, or as often as, the schema has none
  assertion_count,  // exactly one Assertion or EncryptedAssertion, a child of Response
  // ---- signatures
  signature_place,      // only as child of Response and of its Assertion, right behind the Issuer
  signature_structure,  // SignedInfo, SignatureValue, KeyInfo: no Object, no Manifest
  signature_missing,    // neither of the two is signed
  canonicalization,     // of SignedInfo: exclusive, without comments
  signature_algorithm,  // RSA or ECDSA with SHA-256, -384 or -512
  reference_count,      // exactly one
  reference_uri,        // '#' and the ID of the element that the Signature stands in
  transforms,           // enveloped signature, then exclusive canonicalisation
  digest_algorithm,     // SHA-256, -384 or -512
  signature_invalid,    // by none of the keys in the metadata
  digested_bytes,       // what was digested is not the element that was to be signed
  // ---- encryption
  encryption_structure,
  encryption_algorithm,  // AES-GCM, or AES-CBC inside a signed Response; RSA-OAEP
  encryption_key,        // there is no key of ours to open it with
  decryption_failed,     // for whatever reason: it is not told
  // ---- meaning; read from digested bytes wherever there are any
  metadata_expired,
  issuer,                // of Response and Assertion: the identity provider's entity ID
  destination,           // our assertion consumer service
  status,                // Success
  issue_instant,         // missing, malformed or in the future
  in_response_to,        // the request that was made, or none for a sign-in that the provider began
  subject,               // exactly one, with a NameID
  name_id,               // not empty, no control characters, no blanks around
  subject_confirmation,  // no confirmation by bearer
  recipient,             // of the confirmation: our assertion consumer service
  confirmation_expired,
  confirmation_not_before,  // must be absent (saml-profiles-2.0 section 4.1.4.2)
  conditions,               // missing, or one that is not understood
  not_yet_valid,
  expired,
  audience,         // missing, or somebody else
  authn_statement,  // missing: nobody signed in
  session_expired,  // SessionNotOnOrAfter has passed
  attributes,       // malformed or over the limits
};

inline constexpr std::size_t kRuleCount = static_cast<std::size_t>(Rule::attributes) + 1;

/// "subject_confirmation": stable, for programs and logs.
[[nodiscard]] std::string_view rule_name(Rule rule);
/// One line for people: what the rule demands.
[[nodiscard]] std::string_view rule_meaning(Rule rule);
[[nodiscard]] std::optional<Rule> find_rule(std::string_view name);

/// Why something was not accepted. `detail` may quote hostile text, but only with control characters replaced and cut.
struct Refusal {
  Rule rule{};
  std::string detail = {};
  /// "audience: the response is for 'https://other', not for us": for logs.
  [[nodiscard]] std::string message() const;
};

}  // namespace rescue::saml
