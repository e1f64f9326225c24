// SPDX-License-Identifier: Apache-2.0
// The inner TLS between applet and console: who the peer is, is decided by its fingerprint alone.
#include "crypto/impl/tls_build.hpp"

namespace rescue::crypto {
namespace {
using base::fail;
using base::Result;
using impl::Side;

constexpr std::string_view kLegacyCipher = "AES256-SHA";

struct LinkCheck {
  FingerprintCheck expected;
};
int verify_link_peer(X509_STORE_CTX* store, void* arg) {
  const auto& check = *static_cast<const LinkCheck*>(arg);
  X509* native = X509_STORE_CTX_get0_cert(store);
  bool ok = false;
  if (native != nullptr) {
    const auto cert = Certificate::from_native(native);
    ok = cert.public_key().has_value() && check.expected(cert.fingerprint());
  }
  X509_STORE_CTX_set_error(store, ok ? X509_V_OK : impl::kVerifyUnexpectedPeer);
  return ok ? 1 : 0;
}

bool offers(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t n = 0;
  return SSL_client_hello_get0_ext(ssl, type, &data, &n) == 1;
}
// RFC 7627: without the extended master secret a man in the middle can give two connections the same keys, and
// exporters and RSA key exchange prove nothing.
int demand_alpn_and_ems(SSL* ssl, int* alert, void*) {
  if (!offers(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)) {
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (!offers(ssl, TLSEXT_TYPE_extended_master_secret)) {
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

Result<> use_legacy_profile(SSL_CTX* ctx, Side side) {
  if (SSL_CTX_set_cipher_list(ctx, std::string(kLegacyCipher).c_str()) != 1)
    return impl::openssl_fail(base::Errc::internal, "TLS cipher AES256-SHA");
  if (side == Side::server) SSL_CTX_set_client_hello_cb(ctx, demand_alpn_and_ems, nullptr);
  return {};
}
}  // namespace

Result<TlsContext> link_context(LinkRole role, Profile profile, const SessionIdentity& identity,
                                FingerprintCheck expected) {
  const bool legacy = profile == Profile::aes256_sha;
  if (legacy && identity.key.kind() != KeyKind::rsa2048)
    return fail(base::Errc::invalid_argument, "profile aes256-sha needs an RSA-2048 identity");
  const Side side = role == LinkRole::applet ? Side::server : Side::client;
  const int version = legacy ? TLS1_2_VERSION : TLS1_3_VERSION;
  RESCUE_TRY(auto ctx, impl::new_context(side, {version, version}));
  RESCUE_CHECK(impl::use_identity(ctx.get(), identity.key, std::span(&identity.certificate, 1)));
  RESCUE_CHECK(impl::use_alpn(ctx.get(), side, {std::string(kAlpnLink)}, true));
  RESCUE_CHECK(legacy ? use_legacy_profile(ctx.get(), side) : impl::use_gcm_ciphers(ctx.get()));
  auto* check = impl::attach(ctx.get(), std::make_unique<LinkCheck>(LinkCheck{std::move(expected)}));
  if (check == nullptr) return impl::openssl_fail(base::Errc::internal, "TLS link context");
  SSL_CTX_set_cert_verify_callback(ctx.get(), verify_link_peer, check);
  SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return TlsContext(ctx.release());
}

Result<LinkPeer> link_established(ssl_st* ssl, Profile profile) {
  const bool legacy = profile == Profile::aes256_sha;
  const auto refuse = [](std::string_view what) { return fail(Errc::tls_profile_refused, std::string(what)); };
  if (SSL_is_init_finished(ssl) != 1) return refuse("the handshake is not finished");
  const auto fingerprint = peer_fingerprint(ssl);
  if (!fingerprint) return refuse("the peer showed no certificate");
  LinkPeer out{*fingerprint, SSL_get_version(ssl), SSL_get_cipher_name(ssl)};
  const unsigned char* alpn = nullptr;
  unsigned n = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &n);
  if (std::string_view(reinterpret_cast<const char*>(alpn), n) != kAlpnLink) return refuse("ALPN is not rescue-link/1");
  if (SSL_version(ssl) != (legacy ? TLS1_2_VERSION : TLS1_3_VERSION)) return refuse(out.version);
  if (legacy && out.cipher != kLegacyCipher) return refuse(out.cipher);
  if (legacy && SSL_get_extms_support(ssl) != 1) return refuse("no extended master secret");
  return out;
}

}  // namespace rescue::crypto
