// SPDX-License-Identifier: Apache-2.0
// TLS contexts, one builder per kind of connection (man rescue-protocol(7), CONNECTIONS). All: no session tickets, no
// resumption, no renegotiation, no compression, no early data; OpenSSL security level 2. Contexts are immutable once
// built and thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/certificate.hpp"
#include "crypto/errors.hpp"
#include "crypto/tokens.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace rescue::crypto {

inline constexpr std::string_view kAlpnHttp = "http/1.1";
inline constexpr std::string_view kAlpnGateway = "rescue-gw/1";
inline constexpr std::string_view kAlpnLink = "rescue-link/1";

/// Shares an SSL_CTX; what its callbacks need lives as long as the SSL_CTX does.
class TlsContext {
 public:
  /// Takes over the caller's reference.
  explicit TlsContext(ssl_ctx_st* owned);
  [[nodiscard]] ssl_ctx_st* native() const { return ctx_.get(); }
  /// A reference that the caller owns, e.g. for `boost::asio::ssl::context(context.share())`.
  [[nodiscard]] ssl_ctx_st* share() const;

 private:
  std::shared_ptr<ssl_ctx_st> ctx_;
};

struct SslFree {
  void operator()(ssl_st* s) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslFree>;
/// internal when out of memory.
[[nodiscard]] base::Result<SslPtr> new_ssl(const TlsContext& context);

// ---- Whom a client trusts as server: exactly one of three; host name or address is checked in all of them.
struct TrustSystem {
  bool operator==(const TrustSystem&) const = default;
};
struct TrustCaFile {
  std::filesystem::path path;
  bool operator==(const TrustCaFile&) const = default;
};
/// SHA-256 of the site CA's SubjectPublicKeyInfo. The server sends its chain including that CA.
struct TrustPin {
  Digest256 pin{};
  bool operator==(const TrustPin&) const = default;
};
using ServerTrust = std::variant<TrustSystem, TrustCaFile, TrustPin>;
/// Sets SNI and the expected host on a client's SSL before the handshake. `host`: name or textual IP address, without
/// port. Without this call the handshake of a client context fails: a trusted certificate of another host is nobody.
[[nodiscard]] base::Result<> expect_host(ssl_st* ssl, std::string_view host);

// ---- HTTPS (broker API): TLS 1.2 or 1.3, AES-GCM with ECDHE.
struct HttpsServerOptions {
  /// Ask for, but do not require, a client certificate; any self-signed one with a supported key passes. Who it is, is
  /// the caller's to decide by peer_fingerprint; TLS has proven that the peer holds the key.
  bool ask_client_certificate = true;
  std::vector<std::string> alpn = {std::string(kAlpnHttp)};
};
[[nodiscard]] base::Result<TlsContext> https_server_context(const ServerIdentity& identity,
                                                            const HttpsServerOptions& options = {});
/// `client`: the identity to show when the server asks for one.
[[nodiscard]] base::Result<TlsContext> https_client_context(const ServerTrust& trust,
                                                            const std::optional<SessionIdentity>& client = std::nullopt,
                                                            const std::vector<std::string>& alpn = {
                                                                std::string(kAlpnHttp)});

// ---- Outer TLS of the gateway hand-off: TLS 1.3, ALPN "rescue-gw/1" demanded on both sides, buffers released when
// idle. Used on the bare socket (SSL_set_fd): OpenSSL then reads record by record and nothing behind close_notify.
[[nodiscard]] base::Result<TlsContext> gateway_server_context(const ServerIdentity& identity);
[[nodiscard]] base::Result<TlsContext> gateway_client_context(const ServerTrust& trust);

// ---- Inner TLS between the ends: mutual certificates checked by fingerprint alone.
enum class LinkRole : std::uint8_t { applet, console };  // applet is the TLS server, console the TLS client
/// Called during the handshake with the peer's fingerprint; true when it is expected here. May be called from the
/// thread that drives the handshake; must not throw.
using FingerprintCheck = std::function<bool(const Fingerprint&)>;
/// Profile::modern: TLS 1.3 only, TLS_AES_256_GCM_SHA384 first. Profile::aes256_sha: TLS 1.2 only, AES256-SHA, RSA-2048
/// identity (else invalid_argument), extended master secret (RFC 7627). Call link_established after the handshake.
[[nodiscard]] base::Result<TlsContext> link_context(LinkRole role, Profile profile, const SessionIdentity& identity,
                                                    FingerprintCheck expected);

struct LinkPeer {
  Fingerprint fingerprint{};
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
};
/// After a finished link handshake, before any byte is sent: what was agreed on. tls_profile_refused unless version,
/// cipher, ALPN and, for aes256_sha, the extended master secret are those of the profile.
[[nodiscard]] base::Result<LinkPeer> link_established(ssl_st* ssl, Profile profile);

// ---- What every kind of connection uses.
/// The peer's certificate by fingerprint; nullopt when it showed none.
[[nodiscard]] std::optional<Fingerprint> peer_fingerprint(const ssl_st* ssl);
[[nodiscard]] std::optional<Certificate> peer_certificate(const ssl_st* ssl);
/// RFC 5705 / RFC 8446 section 7.5, without context unless one is given. The handshake must be finished.
[[nodiscard]] base::Result<base::SecretBytes> export_keying(ssl_st* ssl, std::string_view label, std::size_t length,
                                                            std::optional<base::ByteView> context = std::nullopt);
/// The failure of the last OpenSSL call on `ssl`, told apart: certificate_untrusted, certificate_wrong_host,
/// certificate_expired, peer_unexpected, else tls_failed with OpenSSL's reason. Empties this thread's error queue.
/// `ssl` may be null.
[[nodiscard]] base::Error tls_error(const ssl_st* ssl, std::string_view doing);

}  // namespace rescue::crypto
