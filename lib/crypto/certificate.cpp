// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.hpp"

#include <ctime>
#include <fstream>

#include <openssl/pem.h>

#include "base/assert.hpp"
#include "crypto/errors.hpp"
#include "crypto/gateway_certificate.hpp"
#include "crypto/impl/build.hpp"
#include "crypto/impl/openssl.hpp"

namespace rescue::crypto {
namespace {
using base::Bytes;
using base::fail;
using base::Result;

// Clocks of strangers' machines are wrong by minutes all the time; a certificate of today begins an hour ago.
constexpr std::chrono::hours kBackdate{1};
constexpr std::chrono::days kSessionValidity{2};
constexpr std::chrono::days kCaValidity{3652};

base::WallTime to_wall(const ASN1_TIME* t) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(t, &parts) != 1) return {};
  return base::WallTime(std::chrono::seconds(timegm(&parts)));
}
}  // namespace

Certificate Certificate::from_native(x509_st* certificate) {
  X509_up_ref(certificate);
  return Certificate(std::shared_ptr<X509>(certificate, X509_free));
}
Result<Certificate> Certificate::from_pem(std::string_view pem) {
  RESCUE_TRY(auto chain, parse_chain_pem(pem));
  if (chain.size() != 1) return fail(Errc::key_malformed, "one certificate was expected, not a chain");
  return chain.front();
}
Result<Certificate> Certificate::from_der(base::ByteView der) {
  if (der.size() > kMaxCertificateBytes) return fail(base::Errc::too_large, "certificate");
  const unsigned char* at = der.data();
  const impl::CertPtr cert(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!cert || at != der.data() + der.size()) return impl::openssl_fail(Errc::key_malformed, "certificate");
  return from_native(cert.get());
}

std::string Certificate::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_mem()));
  RESCUE_ASSERT(bio && PEM_write_bio_X509(bio.get(), cert_.get()) == 1);
  return std::string(impl::bio_content(bio.get()));
}
Bytes Certificate::der() const { return impl::to_der(cert_.get(), i2d_X509); }
Result<PublicKey> Certificate::public_key() const {
  return PublicKey::from_spki(impl::to_der(X509_get_X509_PUBKEY(cert_.get()), i2d_X509_PUBKEY));
}
Fingerprint Certificate::fingerprint() const {
  return sha256(impl::to_der(X509_get_X509_PUBKEY(cert_.get()), i2d_X509_PUBKEY));
}
std::string Certificate::common_name() const { return impl::read_common_name(X509_get_subject_name(cert_.get())); }
base::WallTime Certificate::not_before() const { return to_wall(X509_get0_notBefore(cert_.get())); }
base::WallTime Certificate::not_after() const { return to_wall(X509_get0_notAfter(cert_.get())); }
bool Certificate::is_ca() const { return X509_check_ca(cert_.get()) == 1; }

Result<std::vector<Certificate>> parse_chain_pem(std::string_view pem) {
  if (pem.size() > kMaxChainCertificates * kMaxCertificateBytes)
    return fail(base::Errc::too_large, "certificate chain");
  const auto bio = impl::reading_bio(pem);
  std::vector<Certificate> out;
  while (const impl::CertPtr cert{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (out.size() == kMaxChainCertificates)
      return fail(base::Errc::too_large, fmt::format("chain of more than {} certificates", kMaxChainCertificates));
    out.push_back(Certificate::from_native(cert.get()));
  }
  // The end of the text reports "no start line"; anything else is a damaged certificate.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (out.empty() || !at_end) return impl::openssl_fail(Errc::key_malformed, "certificate PEM");
  ERR_clear_error();
  return out;
}
std::string to_pem(std::span<const Certificate> chain) {
  std::string out;
  for (const auto& cert : chain) out += cert.pem();
  return out;
}

Result<SessionIdentity> make_session_identity(base::WallTime now, KeyKind kind) {
  RESCUE_TRY(const auto key, PrivateKey::generate(kind));
  return make_identity(key, kSessionIdentityName, now, kSessionValidity);
}
Result<SessionIdentity> make_identity(const PrivateKey& key, std::string_view common_name, base::WallTime now,
                                      std::chrono::days validity) {
  const auto subject = key.public_key();
  impl::CertificateRecipe recipe;
  recipe.common_name = common_name;
  recipe.not_before = now - kBackdate;
  recipe.not_after = now + validity;
  // keyEncipherment is what the RSA key exchange of profile aes256-sha needs.
  recipe.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, key.kind() == KeyKind::rsa2048 ? "critical,digitalSignature,keyEncipherment"
                                                                      : "critical,digitalSignature"},
                       {NID_ext_key_usage, "serverAuth,clientAuth"}};
  recipe.subject = &subject;
  RESCUE_TRY(auto certificate, impl::build_certificate(recipe, key));
  return SessionIdentity{key, std::move(certificate)};
}

Result<ServerIdentity> load_server_identity(const std::filesystem::path& chain_pem,
                                            const std::filesystem::path& key_pem) {
  std::ifstream in(chain_pem, std::ios::binary);
  if (!in) return fail(base::errno_error(fmt::format("open '{}'", chain_pem.string())));
  std::string text(kMaxChainCertificates * kMaxCertificateBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto chain = parse_chain_pem(text);
  if (!chain) return fail(chain.error().within(fmt::format("'{}'", chain_pem.string())));
  RESCUE_TRY(auto key, PrivateKey::load(key_pem));
  if (chain->front().fingerprint() != key.fingerprint())
    return fail(base::Errc::verification_failed, fmt::format("the first certificate of '{}' is not for the key in '{}'",
                                                             chain_pem.string(), key_pem.string()));
  return ServerIdentity{std::move(key), *std::move(chain)};
}

Result<Certificate> make_ca(const PrivateKey& key, std::string_view common_name, base::WallTime now) {
  const auto subject = key.public_key();
  impl::CertificateRecipe recipe;
  recipe.common_name = common_name;
  recipe.not_before = now - kBackdate;
  recipe.not_after = now + kCaValidity;
  recipe.extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"}};
  recipe.subject = &subject;
  return impl::build_certificate(recipe, key);
}

namespace {
Result<Certificate> issue(const PrivateKey& ca_key, const Certificate& ca, const PublicKey& subject,
                          const ServerNames& names, base::WallTime now, std::chrono::days validity,
                          std::string_view extended_use) {
  if (names.empty()) return fail(base::Errc::invalid_argument, "a server certificate needs at least one name");
  if (ca.fingerprint() != ca_key.fingerprint())
    return fail(base::Errc::invalid_argument, "the CA's key is another one");
  impl::CertificateRecipe recipe;
  // CN holds at most 64 characters and nobody checks it; the names stand in subjectAltName.
  recipe.common_name = (names.dns.empty() ? names.ip.front() : names.dns.front()).substr(0, 64);
  recipe.not_before = now - kBackdate;
  recipe.not_after = std::min(now + validity, ca.not_after());
  recipe.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, "critical,digitalSignature"},
                       {NID_ext_key_usage, std::string(extended_use)},
                       {NID_subject_key_identifier, "hash"},
                       {NID_authority_key_identifier, "keyid:always"}};
  recipe.names = names;
  recipe.subject = &subject;
  recipe.issuer = &ca;
  return impl::build_certificate(recipe, ca_key);
}
}  // namespace

Result<Certificate> issue_server_certificate(const PrivateKey& ca_key, const Certificate& ca, const PublicKey& subject,
                                             const ServerNames& names, base::WallTime now, std::chrono::days validity) {
  return issue(ca_key, ca, subject, names, now, validity, "serverAuth,clientAuth");
}

Result<Certificate> issue_gateway_certificate(const PrivateKey& ca_key, const Certificate& ca, const PublicKey& subject,
                                              const ServerNames& names, base::WallTime now,
                                              std::chrono::days validity) {
  return issue(ca_key, ca, subject, names, now, validity, kGatewayUse);
}

}  // namespace rescue::crypto
