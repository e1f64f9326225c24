// SPDX-License-Identifier: Apache-2.0
// Hostile bytes at everything a peer can present as a token, key, certificate or request. First byte: which parser; the
// rest is its input. Kinds 3 to 5 sign the rest with a key of ours first, so that the fuzzer reaches the payload behind
// the signature. Corpus: tests/fuzz/tokens/make_corpus.py.
#include "base/assert.hpp"
#include "base/clock.hpp"
#include "crypto/certificate.hpp"
#include "crypto/possession.hpp"
#include "crypto/tokens.hpp"

namespace {
using namespace rescue;

const crypto::PrivateKey& site_key() {
  static const auto key = crypto::PrivateKey::from_pem(
      // RFC 8410 section 10.3: a published private key
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
      "KEY-----\n");
  RESCUE_ASSERT(key);
  return *key;
}

template <typename T>
void touch_times(const T& token) {
  (void)base::to_rfc3339(token.issued);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input(data + 1, size - 1);
  const std::vector keys{site_key().public_key()};
  const base::WallTime now(std::chrono::seconds(1'800'000'000));
  const auto signed_as = [&](std::string_view domain) {
    return crypto::sign_envelope(domain, input, site_key()).value_or(base::Bytes{});
  };
  switch (data[0] % 10) {
    case 0:
      (void)crypto::open_ticket(input, keys, now);
      break;
    case 1:
      (void)crypto::open_grant(input, keys, now);
      break;
    case 2:
      (void)crypto::open_invite_unanchored(input, now);
      break;
    case 3:
      if (const auto t = crypto::open_ticket(signed_as(crypto::kTicketDomain), keys, now)) touch_times(*t);
      break;
    case 4:
      if (const auto g = crypto::open_grant(signed_as(crypto::kGrantDomain), keys, now)) touch_times(*g);
      break;
    case 5:
      if (const auto i = crypto::open_invite(signed_as(crypto::kInviteDomain), keys, now)) touch_times(*i);
      break;
    case 6:
      if (const auto key = crypto::PublicKey::from_spki(input)) RESCUE_ASSERT(std::ranges::equal(key->spki(), input));
      break;
    case 7:
      if (const auto cert = crypto::Certificate::from_der(input)) {
        (void)cert->common_name();
        (void)cert->fingerprint();
        (void)cert->not_after();
        (void)cert->public_key();
      }
      break;
    case 8:
      (void)crypto::read_csr(base::as_text(input));
      break;
    case 9:
      (void)crypto::parse_chain_pem(base::as_text(input));
      break;
    default:
      break;
  }
  return 0;
}
