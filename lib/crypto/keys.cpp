// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "base/assert.hpp"
#include "crypto/impl/openssl.hpp"
#include "crypto/secret_file.hpp"

namespace rescue::crypto {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

// A P-256 or Ed25519 SubjectPublicKeyInfo is a fixed head (RFC 5480, RFC 8410) and the key. Reading those two here
// costs a tenth of what OpenSSL's decoder takes, and leaves one form for each key.
constexpr std::array<std::uint8_t, 26> kP256Prefix{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::array<std::uint8_t, 12> kEd25519Prefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::size_t kP256PointBytes = 65;
constexpr std::uint8_t kUncompressedPoint = 4;

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

std::optional<ByteView> behind_prefix(ByteView der, ByteView prefix, std::size_t rest) {
  if (der.size() != prefix.size() + rest || !std::ranges::equal(der.first(prefix.size()), prefix)) return std::nullopt;
  return der.subspan(prefix.size());
}
// Null unless it is an uncompressed point on the curve.
std::shared_ptr<EVP_PKEY> p256_from_point(ByteView point) {
  static const std::shared_ptr<EVP_PKEY> parameters = [] {
    const impl::KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* out = nullptr;
    RESCUE_ASSERT(context && EVP_PKEY_paramgen_init(context.get()) == 1 &&
                  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), NID_X9_62_prime256v1) == 1 &&
                  EVP_PKEY_paramgen(context.get(), &out) == 1);
    return owned(out);
  }();
  auto key = owned(EVP_PKEY_new());
  const bool ok = key && point[0] == kUncompressedPoint && EVP_PKEY_copy_parameters(key.get(), parameters.get()) == 1 &&
                  EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) == 1;
  if (ok) return key;
  ERR_clear_error();
  return nullptr;
}

// The closed list of keys that this project works with; a key of any other kind is not worth its parser.
Result<KeyKind> kind_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return KeyKind::ed25519;
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
    default:
      return fail(Errc::key_unsupported, "neither P-256 nor Ed25519 nor RSA");
  }
}
// By libsodium: it takes three fifths of OpenSSL's time and refuses keys of small order, under which one signature fits
// every message. Needs no sodium_init(): nothing in it is chosen at run time.
bool verifies_ed25519(ByteView key, ByteView message, ByteView signature) {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}
// Ed25519 hashes inside; the others sign a SHA-256.
const EVP_MD* digest_of(KeyKind kind) { return kind == KeyKind::ed25519 ? nullptr : EVP_sha256(); }
}  // namespace

PublicKey::PublicKey(std::shared_ptr<evp_pkey_st> key, KeyKind kind, Bytes spki)
    : data_([&] {
        const auto fingerprint = sha256(spki);
        return std::make_shared<const Data>(Data{std::move(key), kind, std::move(spki), fingerprint});
      }()) {}

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  if (der.size() > kMaxSpkiBytes)
    return fail(base::Errc::too_large,
                fmt::format("public key of {} bytes, at most {} are accepted", der.size(), kMaxSpkiBytes));
  if (const auto point = behind_prefix(der, kP256Prefix, kP256PointBytes)) {
    auto key = p256_from_point(*point);
    if (!key) return fail(Errc::key_malformed, "not a point of P-256");
    return PublicKey(std::move(key), KeyKind::p256, base::to_bytes(der));
  }
  if (const auto raw = behind_prefix(der, kEd25519Prefix, kEd25519PublicBytes)) return from_raw_ed25519(*raw);
  const unsigned char* at = der.data();
  auto key = owned(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != der.data() + der.size()) {
    ERR_clear_error();
    return fail(Errc::key_malformed, "SubjectPublicKeyInfo");
  }
  RESCUE_TRY(const auto kind, kind_of(key.get()));
  // One key has one encoding, because fingerprints are taken over it: no compressed points, no padding of lengths.
  auto encoded = impl::to_der(key.get(), i2d_PUBKEY);
  if (kind != KeyKind::rsa2048 || !std::ranges::equal(encoded, der))
    return fail(Errc::key_malformed, "SubjectPublicKeyInfo is not in canonical form");
  return PublicKey(std::move(key), kind, std::move(encoded));
}
Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  const auto key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "public key PEM");
  return from_native(key.get());
}
Result<PublicKey> PublicKey::from_raw_ed25519(ByteView raw) {
  if (raw.size() != kEd25519PublicBytes)
    return fail(Errc::key_malformed, fmt::format("an Ed25519 public key has 32 bytes, not {}", raw.size()));
  auto key = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "Ed25519 public key");
  Bytes spki(kEd25519Prefix.begin(), kEd25519Prefix.end());
  base::append(spki, raw);
  return PublicKey(std::move(key), KeyKind::ed25519, std::move(spki));
}
// Through the encoding: the value then has no part in a private key that `key` may hold.
Result<PublicKey> PublicKey::from_native(evp_pkey_st* key) {
  RESCUE_TRY(const auto kind, kind_of(key));
  (void)kind;
  return from_spki(impl::to_der(key, i2d_PUBKEY));
}

std::string PublicKey::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_mem()));
  RESCUE_ASSERT(bio && PEM_write_bio_PUBKEY(bio.get(), native()) == 1);
  return std::string(impl::bio_content(bio.get()));
}
Result<Bytes> PublicKey::raw_ed25519() const {
  if (kind() != KeyKind::ed25519) return fail(Errc::key_unsupported, "an Ed25519 key is needed here");
  return base::to_bytes(ByteView(spki()).last(kEd25519PublicBytes));
}
Result<> PublicKey::verify(ByteView message, ByteView signature) const {
  if (kind() == KeyKind::ed25519) {
    if (verifies_ed25519(ByteView(spki()).last(kEd25519PublicBytes), message, signature)) return {};
    return fail(Errc::signature_invalid, "");
  }
  const impl::DigestContextPtr context(EVP_MD_CTX_new());
  const bool ok =
      context && signature.size() <= kMaxSignatureBytes &&
      EVP_DigestVerifyInit(context.get(), nullptr, digest_of(kind()), nullptr, native()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  if (ok) return {};
  ERR_clear_error();
  return fail(Errc::signature_invalid, "");
}

Result<PrivateKey> PrivateKey::from_owned(std::shared_ptr<evp_pkey_st> key) {
  RESCUE_TRY(auto pub, PublicKey::from_native(key.get()));
  return PrivateKey(std::move(key), std::move(pub));
}
Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::p256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyKind::ed25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyKind::rsa2048:
      key = EVP_RSA_gen(2048);
      break;
  }
  if (key == nullptr) return impl::openssl_fail(base::Errc::internal, "generate key");
  return from_owned(owned(key));
}
Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  // The callback refuses encrypted files instead of asking on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "private key PEM");
  return from_owned(std::move(key));
}
Result<PrivateKey> PrivateKey::load(const std::filesystem::path& path) {
  RESCUE_TRY(const auto content, read_secret_file(path));
  auto key = from_pem(base::as_text(content.view()));
  if (!key) return fail(key.error().within(fmt::format("'{}'", path.string())));
  return key;
}

base::SecretBytes PrivateKey::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_secmem()));
  RESCUE_ASSERT(bio &&
                PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return base::SecretBytes(base::to_bytes(base::as_bytes(impl::bio_content(bio.get()))));
}
Result<Bytes> PrivateKey::sign(ByteView message) const {
  const impl::DigestContextPtr context(EVP_MD_CTX_new());
  std::size_t n = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  Bytes out(n);
  const bool ok = context && EVP_DigestSignInit(context.get(), nullptr, digest_of(kind()), nullptr, key_.get()) == 1 &&
                  EVP_DigestSign(context.get(), out.data(), &n, message.data(), message.size()) == 1;
  if (!ok) return impl::openssl_fail(base::Errc::internal, "sign");
  out.resize(n);
  return out;
}
Result<> PrivateKey::save_new(const std::filesystem::path& path) const {
  return write_new_secret_file(path, pem().view());
}

}  // namespace rescue::crypto
