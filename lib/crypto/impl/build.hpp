// SPDX-License-Identifier: Apache-2.0
// Making certificates and requests: extensions, names, serials.
#pragma once

#include "crypto/certificate.hpp"
#include "crypto/impl/openssl.hpp"

namespace rescue::crypto::impl {

struct CertificateRecipe {
  std::string common_name;
  base::WallTime not_before;
  base::WallTime not_after;
  std::vector<std::pair<int, std::string>> extensions;  // NID and value in OpenSSL's own notation; never from outside
  ServerNames names;                                    // subjectAltName when not empty
  const PublicKey* subject = nullptr;
  const Certificate* issuer = nullptr;  // null: self-signed
};
[[nodiscard]] base::Result<Certificate> build_certificate(const CertificateRecipe& recipe, const PrivateKey& signer);

/// subjectAltName content. Built from parts, not from text, so that no name can smuggle a second one in.
[[nodiscard]] base::Result<NamesPtr> general_names(const ServerNames& names);
[[nodiscard]] ServerNames read_general_names(const GENERAL_NAMES* names);
[[nodiscard]] bool set_common_name(X509_NAME* name, std::string_view common_name);
[[nodiscard]] std::string read_common_name(const X509_NAME* name);
/// Ed25519 hashes inside: null.
[[nodiscard]] inline const EVP_MD* signing_digest(KeyKind kind) {
  return kind == KeyKind::ed25519 ? nullptr : EVP_sha256();
}

}  // namespace rescue::crypto::impl
