// SPDX-License-Identifier: Apache-2.0
// OpenSSL objects that free themselves, and a SHA-256 whose state can be copied.
#pragma once

#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/assert.hpp"
#include "crypto/hash.hpp"

namespace rescue::stamp::impl {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, Freer<PKCS7_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using StackPtr = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * s) { sk_X509_free(s); })>;

/// Empties this thread's error queue; the last reason in words.
inline std::string openssl_reason() {
  std::string out = "unknown reason";
  while (const unsigned long e = ERR_get_error())
    if (const char* reason = ERR_reason_error_string(e)) out = reason;
  return out;
}

/// SHA-256 that may be copied in the middle: what many messages begin with is hashed once. Several threads may copy
/// one.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    // Fetched once: an implicit fetch each time costs more than hashing a short message.
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    RESCUE_ASSERT(context_ && algorithm && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1);
  }
  Sha256(const Sha256& o) : context_(EVP_MD_CTX_new()) {
    RESCUE_ASSERT(context_ && EVP_MD_CTX_copy_ex(context_.get(), o.context_.get()) == 1);
  }
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;
  Sha256& operator=(const Sha256& o) = delete;
  ~Sha256() = default;

  void update(base::ByteView data) { RESCUE_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1); }
  /// To be called once.
  [[nodiscard]] crypto::Digest256 finish() {
    crypto::Digest256 out{};
    unsigned n = 0;
    RESCUE_ASSERT(EVP_DigestFinal_ex(context_.get(), out.data(), &n) == 1 && n == out.size());
    return out;
  }

 private:
  DigestContextPtr context_;
};

}  // namespace rescue::stamp::impl
