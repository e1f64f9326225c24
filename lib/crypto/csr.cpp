// SPDX-License-Identifier: Apache-2.0
// Certificate requests (PKCS#10, RFC 2986) and the names in them.
#include <arpa/inet.h>
#include <openssl/pem.h>

#include "base/assert.hpp"
#include "crypto/certificate.hpp"
#include "crypto/errors.hpp"
#include "crypto/impl/build.hpp"

namespace rescue::crypto {
namespace {
using base::fail;
using base::Result;

constexpr std::size_t kMaxRequestBytes = 16 * 1024;
constexpr std::size_t kMaxNames = 32;
constexpr std::size_t kMaxDnsName = 253;  // RFC 1035
constexpr std::size_t kMaxDnsLabel = 63;
using ExtensionsPtr =
    std::unique_ptr<STACK_OF(X509_EXTENSION),
                    decltype([](STACK_OF(X509_EXTENSION) * s) { sk_X509_EXTENSION_pop_free(s, X509_EXTENSION_free); })>;

bool is_ip(const std::string& s) {
  unsigned char out[16];
  return inet_pton(AF_INET, s.c_str(), out) == 1 || inet_pton(AF_INET6, s.c_str(), out) == 1;
}
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxDnsLabel || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}
// Host name in ASCII (RFC 1123), the first label may be "*".
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxDnsName) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  while (true) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}
}  // namespace

Result<ServerNames> ServerNames::from(std::span<const std::string> names) {
  if (names.size() > kMaxNames) return fail(base::Errc::too_large, fmt::format("more than {} names", kMaxNames));
  ServerNames out;
  for (auto name : names) {
    if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
    if (is_ip(name)) {
      out.ip.push_back(name);
    } else if (is_host_name(name)) {
      out.dns.push_back(name);
    } else {
      return fail(base::Errc::invalid_argument, fmt::format("'{}' is neither a host name nor an IP address", name));
    }
  }
  return out;
}

Result<std::string> make_csr(const PrivateKey& key, std::string_view common_name, const ServerNames& names) {
  const impl::RequestPtr request(X509_REQ_new());
  bool ok = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
            impl::set_common_name(X509_REQ_get_subject_name(request.get()), common_name.substr(0, 64)) &&
            X509_REQ_set_pubkey(request.get(), key.native()) == 1;
  if (ok && !names.empty()) {
    RESCUE_TRY(const auto general, impl::general_names(names));
    const ExtensionsPtr extensions(sk_X509_EXTENSION_new_null());
    X509_EXTENSION* extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, general.get());
    ok = extensions && extension != nullptr && sk_X509_EXTENSION_push(extensions.get(), extension) != 0 &&
         X509_REQ_add_extensions(request.get(), extensions.get()) == 1;
  }
  const impl::BioPtr bio(BIO_new(BIO_s_mem()));
  if (!ok || !bio || X509_REQ_sign(request.get(), key.native(), impl::signing_digest(key.kind())) == 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
    return impl::openssl_fail(base::Errc::internal, "make certificate request");
  return std::string(impl::bio_content(bio.get()));
}

Result<CertificateRequest> read_csr(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) return fail(base::Errc::too_large, "certificate request");
  const auto bio = impl::reading_bio(pem);
  const impl::RequestPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (!request) return impl::openssl_fail(Errc::key_malformed, "certificate request PEM");
  EVP_PKEY* native = X509_REQ_get0_pubkey(request.get());
  if (native == nullptr) return impl::openssl_fail(Errc::key_malformed, "certificate request's key");
  RESCUE_TRY(auto key, PublicKey::from_native(native));
  if (X509_REQ_verify(request.get(), native) != 1) {
    ERR_clear_error();
    return fail(Errc::signature_invalid, "certificate request");
  }
  std::vector<std::string> wanted;
  const ExtensionsPtr extensions(X509_REQ_get_extensions(request.get()));
  const int at = extensions ? X509v3_get_ext_by_NID(extensions.get(), NID_subject_alt_name, -1) : -1;
  if (at >= 0) {
    const impl::NamesPtr general(static_cast<GENERAL_NAMES*>(X509V3_EXT_d2i(X509v3_get_ext(extensions.get(), at))));
    const auto read = impl::read_general_names(general.get());
    wanted = read.dns;
    wanted.insert(wanted.end(), read.ip.begin(), read.ip.end());
  }
  RESCUE_TRY(auto names, ServerNames::from(wanted));
  return CertificateRequest{std::move(key), impl::read_common_name(X509_REQ_get_subject_name(request.get())),
                            std::move(names)};
}

}  // namespace rescue::crypto
