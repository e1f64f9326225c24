// SPDX-License-Identifier: Apache-2.0
// Hostile bytes at everything that parses XML. First byte: 0 a response, 1 a response whose identity provider is the
// attacker's own key (so that signatures hold and what is behind them is reached), 2 metadata, 3 the words of the helper.
// Corpus: tests/fuzz/saml_response/make_corpus.py. What must hold: no crash, and nobody accepted by a key of a stranger.
#include "base/assert.hpp"
#include "saml/helper_words.hpp"
#include "saml_xml/engine.hpp"
#include "tests/fuzz/saml_response/keys.hpp"

namespace {
using namespace rescue;

saml::ResponseCheck question(std::string_view certificate, std::string response) {
  saml::ResponseCheck q;
  q.idp.entity_id = "https://idp.example/metadata";
  q.idp.signing_certificates = {std::string(certificate)};
  q.sp = {"https://rescue.example/saml/metadata", "https://rescue.example/saml/acs"};
  q.answers = saml::Answers::any;
  q.now = base::parse_rfc3339("2026-11-24T12:00:00Z").value();
  q.response = std::move(response);
  q.decryption_keys.emplace_back(base::to_bytes(base::as_bytes(fuzz::kKey)));
  return q;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  RESCUE_ASSERT(saml_xml::start_libraries());
  std::string input(base::as_text({data + 1, size - 1}));
  switch (data[0] % 4) {
    case 0: {
      const auto verdict = saml_xml::Engine().check(question(fuzz::kStranger, std::move(input)));
      RESCUE_ASSERT(verdict && !*verdict);
      break;
    }
    case 1: {
      const auto verdict = saml_xml::Engine().check(question(fuzz::kCertificate, std::move(input)));
      RESCUE_ASSERT(verdict);
      if (*verdict) RESCUE_ASSERT(!(*verdict)->name_id.empty() && saml::identity_from(saml::to_json(**verdict)));
      break;
    }
    case 2:
      (void)saml_xml::Engine::metadata(input);
      break;
    default:
      (void)saml::read_question(input);
  }
  return 0;
}
