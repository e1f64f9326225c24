// SPDX-License-Identifier: Apache-2.0
#include "crypto/errors.hpp"

#include <array>

namespace rescue::crypto {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::token_malformed), "TOKEN_MALFORMED", "not a valid signed token", Exit::verification_failed,
               false},
    ErrorEntry{int(Errc::token_key_unknown), "TOKEN_KEY_UNKNOWN", "signed by an unknown key", Exit::verification_failed,
               false},
    ErrorEntry{int(Errc::signature_invalid), "SIGNATURE_INVALID", "the signature does not match",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::token_expired), "TOKEN_EXPIRED", "expired", Exit::denied, true},
    ErrorEntry{int(Errc::token_not_yet_valid), "TOKEN_NOT_YET_VALID", "not valid yet; is this machine's clock right?",
               Exit::denied, true},
    ErrorEntry{int(Errc::token_wrong_kind), "TOKEN_WRONG_KIND", "a token of another kind", Exit::verification_failed,
               false},
    ErrorEntry{int(Errc::wrong_holder), "WRONG_HOLDER", "the peer does not hold the ticket's key", Exit::denied, false},
    ErrorEntry{int(Errc::key_unsupported), "KEY_UNSUPPORTED", "a kind of key that is not accepted", Exit::failed,
               false},
    ErrorEntry{int(Errc::key_malformed), "KEY_MALFORMED", "not a valid key or certificate", Exit::failed, false},
    ErrorEntry{int(Errc::file_exposed), "FILE_EXPOSED", "others may read this secret file; chmod 600", Exit::failed,
               false},
    ErrorEntry{int(Errc::certificate_untrusted), "CERTIFICATE_UNTRUSTED", "the server's certificate is not trusted",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::certificate_wrong_host), "CERTIFICATE_WRONG_HOST", "the certificate is for another host",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::certificate_expired), "CERTIFICATE_EXPIRED", "the certificate is outside its validity",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::peer_unexpected), "PEER_UNEXPECTED", "the peer's key is not the expected one",
               Exit::verification_failed, false},
    ErrorEntry{int(Errc::tls_failed), "TLS_FAILED", "TLS failed", Exit::unreachable, true},
    ErrorEntry{int(Errc::tls_profile_refused), "TLS_PROFILE_REFUSED",
               "the connection is weaker than its profile demands", Exit::verification_failed, false},
};
constexpr base::ErrorDomain kDomain{"crypto", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

}  // namespace rescue::crypto
