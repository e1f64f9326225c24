// SPDX-License-Identifier: Apache-2.0
// X.509 (RFC 5280): self-made session identities, the site's CA, server certificates and requests for them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "crypto/keys.hpp"

struct x509_st;

namespace rescue::crypto {

/// Chains longer than this are refused.
inline constexpr std::size_t kMaxChainCertificates = 8;
inline constexpr std::size_t kMaxCertificateBytes = 16 * 1024;
inline constexpr std::string_view kSessionIdentityName = "rescue session";

/// Immutable; copies share the OpenSSL object.
class Certificate {
 public:
  [[nodiscard]] static base::Result<Certificate> from_pem(std::string_view pem);
  [[nodiscard]] static base::Result<Certificate> from_der(base::ByteView der);
  /// Shares `certificate` (takes a reference of its own).
  [[nodiscard]] static Certificate from_native(x509_st* certificate);

  [[nodiscard]] std::string pem() const;
  [[nodiscard]] base::Bytes der() const;
  [[nodiscard]] base::Result<PublicKey> public_key() const;
  /// SHA-256 of the SubjectPublicKeyInfo, also for key kinds that PublicKey refuses.
  [[nodiscard]] Fingerprint fingerprint() const;
  /// First common name of the subject, empty when there is none.
  [[nodiscard]] std::string common_name() const;
  [[nodiscard]] base::WallTime not_before() const;
  [[nodiscard]] base::WallTime not_after() const;
  [[nodiscard]] bool is_ca() const;
  [[nodiscard]] x509_st* native() const { return cert_.get(); }

 private:
  explicit Certificate(std::shared_ptr<x509_st> c) : cert_(std::move(c)) {}
  std::shared_ptr<x509_st> cert_;
};

/// One or more PEM certificates, leaf first. key_malformed, too_large (more than kMaxChainCertificates).
[[nodiscard]] base::Result<std::vector<Certificate>> parse_chain_pem(std::string_view pem);
[[nodiscard]] std::string to_pem(std::span<const Certificate> chain);

/// A key with its certificate. Session identities are self-signed; what counts is the fingerprint.
struct SessionIdentity {
  PrivateKey key;
  Certificate certificate;
  [[nodiscard]] Fingerprint fingerprint() const { return key.fingerprint(); }
};
/// CN "rescue session", valid from an hour before `now` for two days. rsa2048 only for profile aes256-sha.
[[nodiscard]] base::Result<SessionIdentity> make_session_identity(base::WallTime now, KeyKind kind = KeyKind::p256);
/// The same for a key that exists already (an enrolled gateway, a resumed applet) with a validity of its own.
[[nodiscard]] base::Result<SessionIdentity> make_identity(const PrivateKey& key, std::string_view common_name,
                                                          base::WallTime now, std::chrono::days validity);

/// A server's private key and its chain, leaf first, CA last.
struct ServerIdentity {
  PrivateKey key;
  std::vector<Certificate> chain;
};
/// Reads the chain, and the key from a 0600 file. verification_failed when they do not belong together.
[[nodiscard]] base::Result<ServerIdentity> load_server_identity(const std::filesystem::path& chain_pem,
                                                                const std::filesystem::path& key_pem);

/// The site's CA certificate for `key`: self-signed, path length 0, valid for ten years.
[[nodiscard]] base::Result<Certificate> make_ca(const PrivateKey& key, std::string_view common_name,
                                                base::WallTime now);

/// Names a server answers to: host names (also "*.example.org") and textual IPv4/IPv6 addresses; sorted out by their
/// form.
struct ServerNames {
  std::vector<std::string> dns;
  std::vector<std::string> ip;
  /// "localhost", "broker.example.org", "127.0.0.1", "::1", "[::1]"; invalid_argument names the offending one.
  [[nodiscard]] static base::Result<ServerNames> from(std::span<const std::string> names);
  [[nodiscard]] bool empty() const { return dns.empty() && ip.empty(); }
};
/// A TLS server certificate (subjectAltName as given, extendedKeyUsage serverAuth and clientAuth) signed by the CA.
[[nodiscard]] base::Result<Certificate> issue_server_certificate(const PrivateKey& ca_key, const Certificate& ca,
                                                                 const PublicKey& subject, const ServerNames& names,
                                                                 base::WallTime now,
                                                                 std::chrono::days validity = std::chrono::days(397));

struct CertificateRequest {
  PublicKey key;
  std::string common_name;
  ServerNames names;
};
/// PKCS#10 PEM with subjectAltName.
[[nodiscard]] base::Result<std::string> make_csr(const PrivateKey& key, std::string_view common_name,
                                                 const ServerNames& names);
/// Parses and checks the request's own signature. The names are what the requester wants, not what it may have.
[[nodiscard]] base::Result<CertificateRequest> read_csr(std::string_view pem);

}  // namespace rescue::crypto
