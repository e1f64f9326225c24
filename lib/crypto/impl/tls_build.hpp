// SPDX-License-Identifier: Apache-2.0
// Steps that the TLS context builders share.
#pragma once

#include <span>

#include "crypto/impl/openssl.hpp"
#include "crypto/tls.hpp"

namespace rescue::crypto::impl {

enum class Side : std::uint8_t { server, client };
struct Versions {
  int min;
  int max;
};
/// A context with versions set and everything off that no connection of ours uses.
[[nodiscard]] base::Result<ContextPtr> new_context(Side side, Versions versions);
/// TLS_AES_256_GCM_SHA384 first, then TLS_AES_128_GCM_SHA256; TLS 1.2: the ECDHE AES-GCM suites.
[[nodiscard]] base::Result<> use_gcm_ciphers(SSL_CTX* ctx);
[[nodiscard]] base::Result<> use_identity(SSL_CTX* ctx, const PrivateKey& key, std::span<const Certificate> chain);
/// Client: offers `protocols`. Server: picks the first of the client's that is in `protocols`; a client that offers
/// only others is refused. `demanded`: a client that offers none is refused too.
[[nodiscard]] base::Result<> use_alpn(SSL_CTX* ctx, Side side, const std::vector<std::string>& protocols,
                                      bool demanded);
[[nodiscard]] base::Result<> use_server_trust(SSL_CTX* ctx, const ServerTrust& trust);
/// After use_server_trust: takes certificates for gateways (crypto/gateway_certificate.hpp) beside those for any TLS
/// server.
[[nodiscard]] base::Result<> take_gateway_certificates(SSL_CTX* ctx);
/// Any single certificate with a supported key passes.
void accept_any_certificate(SSL_CTX* ctx);

/// Gives `value` to the context, which deletes it when it goes. Returns the stored object.
template <typename T>
T* attach(SSL_CTX* ctx, std::unique_ptr<T> value) {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                               [](void*, void* p, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<T*>(p); });
  T* raw = value.release();
  if (index < 0 || SSL_CTX_set_ex_data(ctx, index, raw) != 1) {
    delete raw;
    return nullptr;
  }
  return raw;
}

/// Verification results of our own, above OpenSSL's (X509_V_ERR_APPLICATION_VERIFICATION is one value for everything).
inline constexpr int kVerifyUnexpectedPeer = 10'001;
inline constexpr int kVerifyHostNotSet = 10'002;
inline constexpr int kVerifyPinMissing = 10'003;

}  // namespace rescue::crypto::impl
