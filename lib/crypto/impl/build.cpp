// SPDX-License-Identifier: Apache-2.0
#include "crypto/impl/build.hpp"

#include <arpa/inet.h>
#include <openssl/rand.h>

namespace rescue::crypto::impl {
namespace {
using base::fail;
using base::Result;

using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;
// RFC 5280: at most 20 octets and positive; 16 random ones with the top bit clear.
constexpr std::size_t kSerialBytes = 16;

bool set_serial(X509* cert) {
  unsigned char serial[kSerialBytes];
  if (RAND_bytes(serial, sizeof serial) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert)) != nullptr;
}
bool set_time(ASN1_TIME* out, base::WallTime t) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
  return ASN1_TIME_set(out, seconds) != nullptr;
}
bool add_name(GENERAL_NAMES* names, GeneralNamePtr name) {
  if (!name || sk_GENERAL_NAME_push(names, name.get()) == 0) return false;
  name.release();  // NOLINT(bugprone-unused-return-value): the stack owns it now
  return true;
}
GeneralNamePtr dns_name(const std::string& dns) {
  GeneralNamePtr name(GENERAL_NAME_new());
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (!name || text == nullptr || ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size())) != 1) return nullptr;
  GENERAL_NAME_set0_value(name.get(), GEN_DNS, text);
  return name;
}
GeneralNamePtr ip_name(const std::string& ip) {
  GeneralNamePtr name(GENERAL_NAME_new());
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(ip.c_str());
  if (!name || address == nullptr) return nullptr;
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
  return name;
}
bool add_extensions(X509* cert, X509* issuer, const CertificateRecipe& recipe) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  for (const auto& [nid, value] : recipe.extensions) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (!extension || X509_add_ext(cert, extension.get(), -1) != 1) return false;
  }
  return true;
}
}  // namespace

Result<NamesPtr> general_names(const ServerNames& names) {
  NamesPtr out(GENERAL_NAMES_new());
  bool ok = out != nullptr;
  for (const auto& dns : names.dns) ok = ok && add_name(out.get(), dns_name(dns));
  for (const auto& ip : names.ip) ok = ok && add_name(out.get(), ip_name(ip));
  if (!ok) return openssl_fail(base::Errc::invalid_argument, "subjectAltName");
  return out;
}

ServerNames read_general_names(const GENERAL_NAMES* names) {
  ServerNames out;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if (type == GEN_DNS) {
      out.dns.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<std::size_t>(ASN1_STRING_length(text)));
    } else if (type == GEN_IPADD) {
      char printed[INET6_ADDRSTRLEN] = {};
      const int family = ASN1_STRING_length(text) == 4    ? AF_INET
                         : ASN1_STRING_length(text) == 16 ? AF_INET6
                                                          : AF_UNSPEC;
      if (family != AF_UNSPEC && inet_ntop(family, ASN1_STRING_get0_data(text), printed, sizeof printed) != nullptr)
        out.ip.emplace_back(printed);
    }
  }
  return out;
}

bool set_common_name(X509_NAME* name, std::string_view common_name) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

std::string read_common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (n < 0) return {};
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(n));
  OPENSSL_free(utf8);
  return out;
}

Result<Certificate> build_certificate(const CertificateRecipe& recipe, const PrivateKey& signer) {
  const CertPtr cert(X509_new());
  if (!cert) return openssl_fail(base::Errc::internal, "make certificate");
  X509* issuer = recipe.issuer != nullptr ? recipe.issuer->native() : cert.get();
  bool ok = X509_set_version(cert.get(), X509_VERSION_3) == 1 && set_serial(cert.get()) &&
            set_common_name(X509_get_subject_name(cert.get()), recipe.common_name) &&
            X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer)) == 1 &&
            set_time(X509_getm_notBefore(cert.get()), recipe.not_before) &&
            set_time(X509_getm_notAfter(cert.get()), recipe.not_after) &&
            X509_set_pubkey(cert.get(), recipe.subject->native()) == 1 && add_extensions(cert.get(), issuer, recipe);
  if (ok && !recipe.names.empty()) {
    RESCUE_TRY(const auto names, general_names(recipe.names));
    ok = X509_add1_ext_i2d(cert.get(), NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
  }
  if (!ok || X509_sign(cert.get(), signer.native(), signing_digest(signer.kind())) == 0)
    return openssl_fail(base::Errc::internal, fmt::format("make certificate '{}'", recipe.common_name));
  return Certificate::from_native(cert.get());
}

}  // namespace rescue::crypto::impl
