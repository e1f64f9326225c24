// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.hpp"

#include "crypto/impl/openssl.hpp"

namespace rescue::crypto {
namespace {
using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, impl::Freer<EVP_CIPHER_CTX_free>>;

base::Result<> check_sizes(base::ByteView key, base::ByteView nonce) {
  if (key.size() == kAeadKeyBytes && nonce.size() == kAeadNonceBytes) return {};
  return base::fail(
      base::Errc::invalid_argument,
      fmt::format("AES-256-GCM takes a key of 32 and a nonce of 12 bytes, not {} and {}", key.size(), nonce.size()));
}
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const c = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return c;
}
}  // namespace

base::Result<base::Bytes> aead_seal(base::ByteView key, base::ByteView nonce, base::ByteView associated,
                                    base::ByteView plaintext) {
  RESCUE_CHECK(check_sizes(key, nonce));
  const CipherPtr c(EVP_CIPHER_CTX_new());
  base::Bytes out(plaintext.size() + kAeadTagBytes);
  int n = 0;
  const bool ok =
      c && EVP_EncryptInit_ex2(c.get(), cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() ||
       EVP_EncryptUpdate(c.get(), nullptr, &n, associated.data(), static_cast<int>(associated.size())) == 1) &&
      (plaintext.empty() ||
       EVP_EncryptUpdate(c.get(), out.data(), &n, plaintext.data(), static_cast<int>(plaintext.size())) == 1) &&
      EVP_EncryptFinal_ex(c.get(), out.data() + plaintext.size(), &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagBytes, out.data() + plaintext.size()) == 1;
  if (!ok) return impl::openssl_fail(base::Errc::internal, "AES-256-GCM seal");
  return out;
}

base::Result<base::Bytes> aead_open(base::ByteView key, base::ByteView nonce, base::ByteView associated,
                                    base::ByteView sealed) {
  RESCUE_CHECK(check_sizes(key, nonce));
  if (sealed.size() < kAeadTagBytes)
    return base::fail(base::Errc::verification_failed, "sealed bytes shorter than their tag");
  const base::ByteView body = sealed.first(sealed.size() - kAeadTagBytes);
  base::Bytes tag = base::to_bytes(sealed.last(kAeadTagBytes));
  const CipherPtr c(EVP_CIPHER_CTX_new());
  base::Bytes out(body.size());
  std::uint8_t end[kAeadTagBytes];  // GCM writes nothing here; the call wants a valid pointer
  int n = 0;
  const bool ready =
      c && EVP_DecryptInit_ex2(c.get(), cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() ||
       EVP_DecryptUpdate(c.get(), nullptr, &n, associated.data(), static_cast<int>(associated.size())) == 1) &&
      (body.empty() || EVP_DecryptUpdate(c.get(), out.data(), &n, body.data(), static_cast<int>(body.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagBytes, tag.data()) == 1;
  if (!ready) return impl::openssl_fail(base::Errc::internal, "AES-256-GCM open");
  if (EVP_DecryptFinal_ex(c.get(), end, &n) != 1) {
    ERR_clear_error();
    base::wipe(out);
    return base::fail(base::Errc::verification_failed, "AES-256-GCM tag");
  }
  return out;
}

}  // namespace rescue::crypto
