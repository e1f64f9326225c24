// SPDX-License-Identifier: Apache-2.0
// OpenSSL handles that free themselves, and its error queue as one Error.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/bytes.hpp"
#include "crypto/errors.hpp"

namespace rescue::crypto::impl {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CertPtr = std::unique_ptr<X509, Freer<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

/// Empties this thread's error queue; the last reason in words, "unknown reason" when there is none.
inline std::string openssl_reason() {
  std::string out = "unknown reason";
  while (const unsigned long e = ERR_get_error()) {
    if (const char* reason = ERR_reason_error_string(e)) out = reason;
  }
  return out;
}
inline std::unexpected<base::Error> openssl_fail(base::ErrorCode code, std::string_view doing) {
  return base::fail(code, std::string(doing) + ": " + openssl_reason());
}

/// A memory BIO that reads `b`; `b` must outlive it.
inline BioPtr reading_bio(std::string_view b) { return BioPtr(BIO_new_mem_buf(b.data(), static_cast<int>(b.size()))); }

/// What was written into a memory BIO.
inline std::string_view bio_content(BIO* bio) {
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);
  return n > 0 ? std::string_view(data, static_cast<std::size_t>(n)) : std::string_view();
}

/// DER of any object with an i2d function.
template <typename T, typename Encode>
base::Bytes to_der(const T* object, Encode encode) {
  const int n = encode(object, nullptr);
  if (n <= 0) return {};
  base::Bytes out(static_cast<std::size_t>(n));
  unsigned char* at = out.data();
  encode(object, &at);
  return out;
}

}  // namespace rescue::crypto::impl
