// SPDX-License-Identifier: Apache-2.0
// What can go wrong with keys, tokens and TLS. Everything else is base::Errc.
#pragma once

#include "base/error.hpp"

namespace rescue::crypto {

enum class Errc : int {
  token_malformed = 1,     // not a signed envelope, or its payload does not verify as FlatBuffer or breaks a cap
  token_key_unknown,       // signed by a key that is not in the caller's list
  signature_invalid,       // the signature does not match key, domain and content
  token_expired,           // its time is over
  token_not_yet_valid,     // issued later than this machine's clock plus kMaxClockSkew
  token_wrong_kind,        // a ticket where a grant was expected, and so on
  wrong_holder,            // possession was not proven by the key that the ticket names
  key_unsupported,         // not P-256, Ed25519 or RSA of 2048 to 4096 bits
  key_malformed,           // not a key or certificate in the expected encoding
  file_exposed,            // a secret file that others than its owner may read
  certificate_untrusted,   // no path to what the caller trusts (store, CA file or pin)
  certificate_wrong_host,  // trusted, but for another host name or address
  certificate_expired,     // outside its validity, by this machine's clock
  peer_unexpected,         // the peer's key is not one that was expected on this connection
  tls_failed,              // the handshake or record layer failed; the context has OpenSSL's words
  tls_profile_refused,     // handshake done, but version, cipher, ALPN or extended master secret are not as demanded
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::crypto
