// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls.hpp"

#include "crypto/impl/tls_build.hpp"

namespace rescue::crypto {
namespace {
using base::fail;
using base::Result;
using impl::Side;

constexpr impl::Versions kTls12And13{TLS1_2_VERSION, TLS1_3_VERSION};
constexpr impl::Versions kTls13Only{TLS1_3_VERSION, TLS1_3_VERSION};

// Browsers offer their user's certificates only when the list of acceptable issuers names their issuer. These names
// keep them from asking people; our own clients show theirs in any case.
Result<> name_acceptable_issuers(SSL_CTX* ctx) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  X509_NAME* name = X509_NAME_new();
  const bool ok = names != nullptr && name != nullptr &&
                  X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                             reinterpret_cast<const unsigned char*>(kSessionIdentityName.data()),
                                             static_cast<int>(kSessionIdentityName.size()), -1, 0) == 1 &&
                  sk_X509_NAME_push(names, name) != 0;
  if (!ok) {
    X509_NAME_free(name);
    sk_X509_NAME_free(names);
    return impl::openssl_fail(base::Errc::internal, "TLS client CA list");
  }
  SSL_CTX_set_client_CA_list(ctx, names);
  return {};
}
}  // namespace

TlsContext::TlsContext(ssl_ctx_st* owned) : ctx_(owned, SSL_CTX_free) {}
ssl_ctx_st* TlsContext::share() const {
  SSL_CTX_up_ref(ctx_.get());
  return ctx_.get();
}
void SslFree::operator()(ssl_st* s) const { SSL_free(s); }

Result<SslPtr> new_ssl(const TlsContext& context) {
  SslPtr ssl(SSL_new(context.native()));
  if (!ssl) return impl::openssl_fail(base::Errc::internal, "make TLS connection");
  return ssl;
}

Result<TlsContext> https_server_context(const ServerIdentity& identity, const HttpsServerOptions& options) {
  RESCUE_TRY(auto ctx, impl::new_context(Side::server, kTls12And13));
  RESCUE_CHECK(impl::use_gcm_ciphers(ctx.get()));
  RESCUE_CHECK(impl::use_identity(ctx.get(), identity.key, identity.chain));
  RESCUE_CHECK(impl::use_alpn(ctx.get(), Side::server, options.alpn, false));
  if (options.ask_client_certificate) {
    impl::accept_any_certificate(ctx.get());
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    RESCUE_CHECK(name_acceptable_issuers(ctx.get()));
  }
  return TlsContext(ctx.release());
}

Result<TlsContext> https_client_context(const ServerTrust& trust, const std::optional<SessionIdentity>& client,
                                        const std::vector<std::string>& alpn) {
  RESCUE_TRY(auto ctx, impl::new_context(Side::client, kTls12And13));
  RESCUE_CHECK(impl::use_gcm_ciphers(ctx.get()));
  RESCUE_CHECK(impl::use_server_trust(ctx.get(), trust));
  RESCUE_CHECK(impl::use_alpn(ctx.get(), Side::client, alpn, false));
  if (client) RESCUE_CHECK(impl::use_identity(ctx.get(), client->key, std::span(&client->certificate, 1)));
  return TlsContext(ctx.release());
}

Result<TlsContext> gateway_server_context(const ServerIdentity& identity) {
  RESCUE_TRY(auto ctx, impl::new_context(Side::server, kTls13Only));
  RESCUE_CHECK(impl::use_gcm_ciphers(ctx.get()));
  RESCUE_CHECK(impl::use_identity(ctx.get(), identity.key, identity.chain));
  RESCUE_CHECK(impl::use_alpn(ctx.get(), Side::server, {std::string(kAlpnGateway)}, true));
  return TlsContext(ctx.release());
}

Result<TlsContext> gateway_client_context(const ServerTrust& trust) {
  RESCUE_TRY(auto ctx, impl::new_context(Side::client, kTls13Only));
  RESCUE_CHECK(impl::use_gcm_ciphers(ctx.get()));
  RESCUE_CHECK(impl::use_server_trust(ctx.get(), trust));
  RESCUE_CHECK(impl::take_gateway_certificates(ctx.get()));
  RESCUE_CHECK(impl::use_alpn(ctx.get(), Side::client, {std::string(kAlpnGateway)}, true));
  return TlsContext(ctx.release());
}

std::optional<Certificate> peer_certificate(const ssl_st* ssl) {
  X509* cert = SSL_get0_peer_certificate(ssl);
  if (cert == nullptr) return std::nullopt;
  return Certificate::from_native(cert);
}
std::optional<Fingerprint> peer_fingerprint(const ssl_st* ssl) {
  const auto cert = peer_certificate(ssl);
  if (!cert) return std::nullopt;
  return cert->fingerprint();
}

Result<base::SecretBytes> export_keying(ssl_st* ssl, std::string_view label, std::size_t length,
                                        std::optional<base::ByteView> context) {
  base::SecretBytes out(length);
  const base::ByteView c = context.value_or(base::ByteView{});
  const int ok = SSL_export_keying_material(ssl, out.data().data(), length, label.data(), label.size(), c.data(),
                                            c.size(), context.has_value() ? 1 : 0);
  if (ok != 1) return impl::openssl_fail(base::Errc::internal, "TLS exporter");
  return out;
}

base::Error tls_error(const ssl_st* ssl, std::string_view doing) {
  std::string reason = impl::openssl_reason();
  const long verdict = ssl == nullptr ? X509_V_OK : SSL_get_verify_result(ssl);
  const auto because = [&](Errc code, std::string_view why) {
    return base::Error(code, fmt::format("{}: {}", doing, why));
  };
  switch (verdict) {
    case X509_V_OK:
      return because(Errc::tls_failed, reason);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return because(Errc::certificate_wrong_host, X509_verify_cert_error_string(verdict));
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return because(Errc::certificate_expired, X509_verify_cert_error_string(verdict));
    case impl::kVerifyUnexpectedPeer:
      return because(Errc::peer_unexpected, "its fingerprint is not expected here");
    case impl::kVerifyHostNotSet:
      return because(Errc::certificate_wrong_host, "no host name was set to check");
    case impl::kVerifyPinMissing:
      return because(Errc::certificate_untrusted, "the pinned CA is not in its chain");
    default:
      return because(Errc::certificate_untrusted, X509_verify_cert_error_string(verdict));
  }
}

}  // namespace rescue::crypto
