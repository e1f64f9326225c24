// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/assert.hpp"
#include "crypto/impl/openssl.hpp"
#include "crypto/secret_file.hpp"

namespace rescue::crypto {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

constexpr std::size_t kP256SpkiBytes = 91;

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

// The closed list of keys that this project works with; a key of any other kind is not worth its parser.
Result<KeyKind> kind_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return KeyKind::ed25519;
    case EVP_PKEY_RSA: {
      const int bits = EVP_PKEY_get_bits(key);
      if (bits >= 2048 && bits <= 4096) return KeyKind::rsa2048;
      return fail(Errc::key_unsupported, fmt::format("RSA key of {} bits, 2048 to 4096 are accepted", bits));
    }
    case EVP_PKEY_EC: {
      char group[32] = {};
      std::size_t n = 0;
      if (EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1 && std::string_view(group, n) == "prime256v1")
        return KeyKind::p256;
      return fail(Errc::key_unsupported, "elliptic curve other than P-256");
    }
    default: return fail(Errc::key_unsupported, "neither P-256 nor Ed25519 nor RSA");
  }
}
// Ed25519 hashes inside; the others sign a SHA-256.
const EVP_MD* digest_of(KeyKind kind) { return kind == KeyKind::ed25519 ? nullptr : EVP_sha256(); }
}  // namespace

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  if (der.size() > kMaxSpkiBytes)
    return fail(base::Errc::too_large, fmt::format("public key of {} bytes, at most {} are accepted", der.size(), kMaxSpkiBytes));
  const unsigned char* at = der.data();
  auto key = owned(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != der.data() + der.size()) {
    ERR_clear_error();
    return fail(Errc::key_malformed, "SubjectPublicKeyInfo");
  }
  RESCUE_TRY(const auto kind, kind_of(key.get()));
  PublicKey out(std::move(key), kind);
  // One key has one encoding, because fingerprints are taken over it: no compressed points, no padding of lengths.
  const bool compressed = kind == KeyKind::p256 && der.size() != kP256SpkiBytes;
  if (compressed || !std::ranges::equal(out.spki(), der))
    return fail(Errc::key_malformed, "SubjectPublicKeyInfo is not in canonical form");
  return out;
}
Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  auto key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "public key PEM");
  RESCUE_TRY(const auto kind, kind_of(key.get()));
  return PublicKey(std::move(key), kind);
}
Result<PublicKey> PublicKey::from_raw_ed25519(ByteView raw) {
  if (raw.size() != kEd25519PublicBytes)
    return fail(Errc::key_malformed, fmt::format("an Ed25519 public key has 32 bytes, not {}", raw.size()));
  auto key = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "Ed25519 public key");
  return PublicKey(std::move(key), KeyKind::ed25519);
}
Result<PublicKey> PublicKey::from_native(evp_pkey_st* key) {
  RESCUE_TRY(const auto kind, kind_of(key));
  EVP_PKEY_up_ref(key);
  return PublicKey(owned(key), kind);
}

Bytes PublicKey::spki() const { return impl::to_der(key_.get(), i2d_PUBKEY); }
std::string PublicKey::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_mem()));
  RESCUE_ASSERT(bio && PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1);
  return std::string(impl::bio_content(bio.get()));
}
Result<Bytes> PublicKey::raw_ed25519() const {
  if (kind_ != KeyKind::ed25519) return fail(Errc::key_unsupported, "an Ed25519 key is needed here");
  Bytes out(kEd25519PublicBytes);
  std::size_t n = out.size();
  RESCUE_ASSERT(EVP_PKEY_get_raw_public_key(key_.get(), out.data(), &n) == 1 && n == out.size());
  return out;
}
Result<> PublicKey::verify(ByteView message, ByteView signature) const {
  const impl::DigestContextPtr context(EVP_MD_CTX_new());
  const bool ok = context && signature.size() <= kMaxSignatureBytes &&
                  EVP_DigestVerifyInit(context.get(), nullptr, digest_of(kind_), nullptr, key_.get()) == 1 &&
                  EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  if (ok) return {};
  ERR_clear_error();
  return fail(Errc::signature_invalid, "");
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::p256: key = EVP_EC_gen("P-256"); break;
    case KeyKind::ed25519: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
    case KeyKind::rsa2048: key = EVP_RSA_gen(2048); break;
  }
  if (key == nullptr) return impl::openssl_fail(base::Errc::internal, "generate key");
  return PrivateKey(owned(key), kind);
}
Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  // The callback refuses encrypted files instead of asking on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "private key PEM");
  RESCUE_TRY(const auto kind, kind_of(key.get()));
  return PrivateKey(std::move(key), kind);
}
Result<PrivateKey> PrivateKey::load(const std::filesystem::path& path) {
  RESCUE_TRY(const auto content, read_secret_file(path));
  auto key = from_pem(base::as_text(content.view()));
  if (!key) return fail(key.error().within(fmt::format("'{}'", path.string())));
  return key;
}

PublicKey PrivateKey::public_key() const {
  // Through the encoding, so that the public value does not keep the private part alive.
  auto key = PublicKey::from_spki(impl::to_der(key_.get(), i2d_PUBKEY));
  RESCUE_ASSERT(key);
  return *std::move(key);
}
base::SecretBytes PrivateKey::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_secmem()));
  RESCUE_ASSERT(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return base::SecretBytes(base::to_bytes(base::as_bytes(impl::bio_content(bio.get()))));
}
Result<Bytes> PrivateKey::sign(ByteView message) const {
  const impl::DigestContextPtr context(EVP_MD_CTX_new());
  std::size_t n = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  Bytes out(n);
  const bool ok = context && EVP_DigestSignInit(context.get(), nullptr, digest_of(kind_), nullptr, key_.get()) == 1 &&
                  EVP_DigestSign(context.get(), out.data(), &n, message.data(), message.size()) == 1;
  if (!ok) return impl::openssl_fail(base::Errc::internal, "sign");
  out.resize(n);
  return out;
}
Result<> PrivateKey::save_new(const std::filesystem::path& path) const { return write_new_secret_file(path, pem().view()); }

}  // namespace rescue::crypto
