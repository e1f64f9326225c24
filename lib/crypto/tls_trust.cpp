// SPDX-License-Identifier: Apache-2.0
// How a client decides whether a server is the one it means, and the steps all contexts share.
#include <arpa/inet.h>

#include "crypto/gateway_certificate.hpp"
#include "crypto/impl/tls_build.hpp"

namespace rescue::crypto {
namespace impl {
namespace {
using base::fail;
using base::Result;

// The wire form of an ALPN list (RFC 7301): each name behind its length.
using AlpnList = std::vector<unsigned char>;
struct AlpnServer {
  AlpnList ours;
};
AlpnList to_alpn(const std::vector<std::string>& protocols) {
  AlpnList out;
  for (const auto& p : protocols) {
    out.push_back(static_cast<unsigned char>(p.size()));
    out.insert(out.end(), p.begin(), p.end());
  }
  return out;
}
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* theirs,
                unsigned theirs_length, void* arg) {
  const auto& ours = static_cast<const AlpnServer*>(arg)->ours;
  unsigned char* chosen = nullptr;
  const int r = SSL_select_next_proto(&chosen, out_length, ours.data(), static_cast<unsigned>(ours.size()), theirs,
                                      theirs_length);
  *out = chosen;
  return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}
// OpenSSL asks select_alpn only when the client offers ALPN at all.
int demand_alpn(SSL* ssl, int* alert, void*) {
  const unsigned char* data = nullptr;
  std::size_t n = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &n) == 1)
    return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

// A client that nobody told which host it means would take any site's certificate.
bool host_is_set(X509_STORE_CTX* store) {
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(store);
  const std::unique_ptr<char, decltype([](char* p) { OPENSSL_free(p); })> ip(X509_VERIFY_PARAM_get1_ip_asc(param));
  return X509_VERIFY_PARAM_get0_host(param, 0) != nullptr || ip != nullptr;
}
int verify_by_store(X509_STORE_CTX* store, void*) {
  if (!host_is_set(store)) {
    X509_STORE_CTX_set_error(store, kVerifyHostNotSet);
    return 0;
  }
  return X509_verify_cert(store) == 1 ? 1 : 0;
}
// The pinned certificate, taken out of what the server sent, is the one trust anchor; path, times, usage and host are
// then OpenSSL's to check as always.
int verify_by_pin(X509_STORE_CTX* store, void* arg) {
  const auto& pin = static_cast<const TrustPin*>(arg)->pin;
  if (!host_is_set(store)) {
    X509_STORE_CTX_set_error(store, kVerifyHostNotSet);
    return 0;
  }
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  STACK_OF(X509)* anchors = sk_X509_new_null();
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* cert = sk_X509_value(sent, i);
    if (X509_check_ca(cert) == 1 && Certificate::from_native(cert).fingerprint() == pin) sk_X509_push(anchors, cert);
  }
  int ok = 0;
  if (sk_X509_num(anchors) == 0) {
    X509_STORE_CTX_set_error(store, kVerifyPinMissing);
  } else {
    X509_STORE_CTX_set0_trusted_stack(store, anchors);
    ok = X509_verify_cert(store) == 1 ? 1 : 0;
    X509_STORE_CTX_set0_trusted_stack(store, nullptr);
  }
  sk_X509_free(anchors);
  return ok;
}
int accept_any(X509_STORE_CTX* store, void*) {
  X509* cert = X509_STORE_CTX_get0_cert(store);
  const bool supported = cert != nullptr && Certificate::from_native(cert).public_key().has_value();
  X509_STORE_CTX_set_error(store, supported ? X509_V_OK : kVerifyUnexpectedPeer);
  return supported ? 1 : 0;
}
}  // namespace

Result<ContextPtr> new_context(Side side, Versions versions) {
  ContextPtr ctx(SSL_CTX_new(side == Side::server ? TLS_server_method() : TLS_client_method()));
  if (!ctx || SSL_CTX_set_min_proto_version(ctx.get(), versions.min) != 1 ||
      SSL_CTX_set_max_proto_version(ctx.get(), versions.max) != 1)
    return openssl_fail(base::Errc::internal, "make TLS context");
  SSL_CTX_set_security_level(ctx.get(), 2);
  SSL_CTX_set_options(
      ctx.get(), SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  // Without tickets the server writes nothing after its Finished, so nothing of OpenSSL's can follow a close_notify
  // either.
  SSL_CTX_set_num_tickets(ctx.get(), 0);
  SSL_CTX_set_mode(ctx.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ctx.get(), 0);
  return ctx;
}

Result<> use_gcm_ciphers(SSL_CTX* ctx) {
  if (SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") == 1 &&
      SSL_CTX_set_cipher_list(ctx,
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") == 1)
    return {};
  return openssl_fail(base::Errc::internal, "TLS cipher list");
}

Result<> use_identity(SSL_CTX* ctx, const PrivateKey& key, std::span<const Certificate> chain) {
  if (chain.empty()) return fail(base::Errc::invalid_argument, "a TLS identity without certificate");
  bool ok = SSL_CTX_use_certificate(ctx, chain.front().native()) == 1 &&
            SSL_CTX_use_PrivateKey(ctx, key.native()) == 1 && SSL_CTX_check_private_key(ctx) == 1;
  for (const auto& cert : chain.subspan(1)) ok = ok && SSL_CTX_add1_chain_cert(ctx, cert.native()) == 1;
  if (!ok) return openssl_fail(Errc::key_malformed, "TLS key and certificate");
  return {};
}

Result<> use_alpn(SSL_CTX* ctx, Side side, const std::vector<std::string>& protocols, bool demanded) {
  if (protocols.empty()) return {};
  if (side == Side::client) {
    const auto list = to_alpn(protocols);
    // Unlike its neighbours this function returns 0 for success.
    if (SSL_CTX_set_alpn_protos(ctx, list.data(), static_cast<unsigned>(list.size())) == 0) return {};
    return openssl_fail(base::Errc::internal, "TLS ALPN");
  }
  auto* kept = attach(ctx, std::make_unique<AlpnServer>(AlpnServer{to_alpn(protocols)}));
  if (kept == nullptr) return openssl_fail(base::Errc::internal, "TLS ALPN");
  SSL_CTX_set_alpn_select_cb(ctx, select_alpn, kept);
  if (demanded) SSL_CTX_set_client_hello_cb(ctx, demand_alpn, nullptr);
  return {};
}

Result<> use_server_trust(SSL_CTX* ctx, const ServerTrust& trust) {
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (const auto* pin = std::get_if<TrustPin>(&trust)) {
    auto* kept = attach(ctx, std::make_unique<TrustPin>(*pin));
    if (kept == nullptr) return openssl_fail(base::Errc::internal, "TLS pin");
    SSL_CTX_set_cert_verify_callback(ctx, verify_by_pin, kept);
    return {};
  }
  SSL_CTX_set_cert_verify_callback(ctx, verify_by_store, nullptr);
  if (const auto* file = std::get_if<TrustCaFile>(&trust)) {
    if (SSL_CTX_load_verify_file(ctx, file->path.c_str()) == 1) return {};
    return openssl_fail(Errc::key_malformed, fmt::format("CA file '{}'", file->path.string()));
  }
  if (SSL_CTX_set_default_verify_paths(ctx) == 1) return {};
  return openssl_fail(base::Errc::internal, "system certificate store");
}

namespace {
bool is_for_gateways(X509* cert) {
  const std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE_free>> uses(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(cert, NID_ext_key_usage, nullptr, nullptr)));
  const std::unique_ptr<ASN1_OBJECT, Freer<ASN1_OBJECT_free>> gateway(OBJ_txt2obj(std::string(kGatewayUse).c_str(), 1));
  for (int i = 0; uses && gateway && i < sk_ASN1_OBJECT_num(uses.get()); ++i)
    if (OBJ_cmp(sk_ASN1_OBJECT_value(uses.get(), i), gateway.get()) == 0) return true;
  return false;
}
// Stands in for OpenSSL's check of the leaf's purpose, which knows no gateways. Called for each certificate of a good
// path.
int check_gateway_purpose(int ok, X509_STORE_CTX* store) {
  if (ok != 1 || X509_STORE_CTX_get_error_depth(store) != 0) return ok;
  X509* leaf = X509_STORE_CTX_get_current_cert(store);
  if (is_for_gateways(leaf) || X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) == 1) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
  return 0;
}
}  // namespace

Result<> take_gateway_certificates(SSL_CTX* ctx) {
  if (SSL_CTX_set_purpose(ctx, X509_PURPOSE_ANY) != 1) return openssl_fail(base::Errc::internal, "TLS purpose");
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, check_gateway_purpose);
  return {};
}

void accept_any_certificate(SSL_CTX* ctx) { SSL_CTX_set_cert_verify_callback(ctx, accept_any, nullptr); }

}  // namespace impl

base::Result<> expect_host(ssl_st* ssl, std::string_view host) {
  std::string name(host);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  if (name.empty() || name.size() > 255 || name.find('\0') != std::string::npos)
    return base::fail(base::Errc::invalid_argument, "host name to check");
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  unsigned char address[16];
  const bool is_ip = inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
  bool ok = false;
  if (is_ip) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;  // RFC 6066: no address in SNI
  } else {
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    // SSL_set_tlsext_host_name without the macro's old-style cast.
    ok = X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1 &&
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
  }
  if (!ok) return impl::openssl_fail(base::Errc::invalid_argument, fmt::format("host name '{}'", name));
  return {};
}

}  // namespace rescue::crypto
