// SPDX-License-Identifier: Apache-2.0
#include "saml/rules.hpp"

#include <fmt/format.h>

#include <array>

#include "base/assert.hpp"

namespace rescue::saml {
namespace {
struct Row {
  Rule rule;
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Row, kRuleCount> kRows{{
    {Rule::size, "size", "no larger than the limit"},
    {Rule::encoding, "encoding", "base64 of XML, or XML, in UTF-8"},
    {Rule::dtd, "dtd", "no document type declaration"},
    {Rule::comment, "comment", "no comments"},
    {Rule::cdata, "cdata", "no CDATA sections"},
    {Rule::processing_instruction, "processing_instruction", "no processing instructions"},
    {Rule::entity, "entity", "no entities but the five of XML and characters by number"},
    {Rule::xml, "xml", "well-formed XML with namespaces"},
    {Rule::limits, "limits", "not deeper, and not more elements and attributes, than the limits"},
    {Rule::relative_namespace, "relative_namespace", "every namespace is an absolute URI"},
    {Rule::root, "root", "the document is a samlp:Response"},
    {Rule::version, "version", "SAML version 2.0"},
    {Rule::duplicate_id, "duplicate_id", "no two elements have the same ID"},
    {Rule::id, "id", "Response and Assertion have an ID, and IDs are XML names"},
    {Rule::structure, "structure", "elements stand where the SAML schema has them, as often as it has them"},
    {Rule::assertion_count, "assertion_count", "exactly one assertion, directly in the Response"},
    {Rule::signature_place, "signature_place", "signatures stand behind the Issuer of Response or Assertion only"},
    {Rule::signature_structure, "signature_structure", "a signature is SignedInfo, SignatureValue and KeyInfo only"},
    {Rule::signature_missing, "signature_missing", "Response or Assertion is signed"},
    {Rule::canonicalization, "canonicalization", "SignedInfo is canonicalised exclusively, without comments"},
    {Rule::signature_algorithm, "signature_algorithm", "RSA or ECDSA with SHA-256, SHA-384 or SHA-512"},
    {Rule::reference_count, "reference_count", "a signature has exactly one reference"},
    {Rule::reference_uri, "reference_uri", "a signature refers to the element that it stands in"},
    {Rule::transforms, "transforms", "exactly enveloped signature, then exclusive canonicalisation"},
    {Rule::digest_algorithm, "digest_algorithm", "SHA-256, SHA-384 or SHA-512"},
    {Rule::signature_invalid, "signature_invalid", "the signature is by a key of the identity provider's metadata"},
    {Rule::digested_bytes, "digested_bytes", "what was digested is the element that was to be signed"},
    {Rule::encryption_structure, "encryption_structure", "one EncryptedData with one EncryptedKey"},
    {Rule::encryption_algorithm, "encryption_algorithm",
     "RSA-OAEP with AES-GCM, or with AES-CBC where the Response around it is signed"},
    {Rule::encryption_key, "encryption_key", "there is a key to open the assertion with"},
    {Rule::decryption_failed, "decryption_failed", "the assertion opens with our key"},
    {Rule::metadata_expired, "metadata_expired", "the identity provider's metadata has not expired"},
    {Rule::issuer, "issuer", "issued by the identity provider of the metadata"},
    {Rule::destination, "destination", "sent to our assertion consumer service"},
    {Rule::status, "status", "the identity provider reports success"},
    {Rule::issue_instant, "issue_instant", "issued at a time that is not in the future"},
    {Rule::in_response_to, "in_response_to", "answers the request that was made, or none where none was made"},
    {Rule::subject, "subject", "the assertion has one subject with a NameID"},
    {Rule::name_id, "name_id", "a name without control characters and blanks around it"},
    {Rule::subject_confirmation, "subject_confirmation", "the subject is confirmed by bearer"},
    {Rule::recipient, "recipient", "the confirmation is for our assertion consumer service"},
    {Rule::confirmation_expired, "confirmation_expired", "the confirmation has an end that has not passed"},
    {Rule::confirmation_not_before, "confirmation_not_before", "a bearer confirmation has no NotBefore"},
    {Rule::conditions, "conditions", "the assertion has conditions, and all are understood"},
    {Rule::not_yet_valid, "not_yet_valid", "the assertion is valid already"},
    {Rule::expired, "expired", "the assertion is still valid"},
    {Rule::audience, "audience", "the assertion is for our entity ID"},
    {Rule::authn_statement, "authn_statement", "the assertion says when the person signed in"},
    {Rule::session_expired, "session_expired", "the session at the identity provider has not ended"},
    {Rule::attributes, "attributes", "attributes are named and not more than the limit"},
}};
constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].rule) != i) return false;
  return true;
}
static_assert(in_order(), "one row for each rule, in the order of the enum");

const Row& row(Rule rule) {
  RESCUE_ASSERT(static_cast<std::size_t>(rule) < kRows.size());
  return kRows[static_cast<std::size_t>(rule)];
}
}  // namespace

std::string_view rule_name(Rule rule) { return row(rule).name; }
std::string_view rule_meaning(Rule rule) { return row(rule).meaning; }

std::optional<Rule> find_rule(std::string_view name) {
  for (const auto& r : kRows)
    if (r.name == name) return r.rule;
  return std::nullopt;
}

std::string Refusal::message() const {
  return detail.empty() ? fmt::format("{}: {}", rule_name(rule), rule_meaning(rule))
                        : fmt::format("{}: {}", rule_name(rule), detail);
}

}  // namespace rescue::saml
