// SPDX-License-Identifier: Apache-2.0
// Asymmetric keys. Values share the OpenSSL object by reference count: copying is cheap, both classes are immutable and
// may be used from several threads. OpenSSL wipes private keys when the last copy goes. A public key keeps its encoding
// beside it, because OpenSSL 3 takes longer to encode or decode a key than to verify a signature with it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

struct evp_pkey_st;

namespace rescue::crypto {

/// p256 signs ECDSA-SHA256 (DER), ed25519 per RFC 8032, rsa2048 RSASSA-PKCS1-v1_5 with SHA-256.
enum class KeyKind : std::uint8_t { p256, ed25519, rsa2048 };

/// Longest SubjectPublicKeyInfo that is read: RSA-4096 takes 550 bytes.
inline constexpr std::size_t kMaxSpkiBytes = 600;
inline constexpr std::size_t kEd25519PublicBytes = 32;
/// Longest signature of any supported key (RSA-4096).
inline constexpr std::size_t kMaxSignatureBytes = 512;

class PublicKey {
 public:
  /// DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), nothing behind it. key_malformed, key_unsupported, too_large.
  [[nodiscard]] static base::Result<PublicKey> from_spki(base::ByteView der);
  [[nodiscard]] static base::Result<PublicKey> from_pem(std::string_view pem);
  /// 32 bytes of RFC 8032.
  [[nodiscard]] static base::Result<PublicKey> from_raw_ed25519(base::ByteView raw);
  /// Shares `key` (takes a reference of its own).
  [[nodiscard]] static base::Result<PublicKey> from_native(evp_pkey_st* key);

  [[nodiscard]] KeyKind kind() const { return data_->kind; }
  [[nodiscard]] const base::Bytes& spki() const { return data_->spki; }
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] const Fingerprint& fingerprint() const { return data_->fingerprint; }
  /// key_unsupported unless kind() is ed25519.
  [[nodiscard]] base::Result<base::Bytes> raw_ed25519() const;
  /// signature_invalid when it does not match.
  [[nodiscard]] base::Result<> verify(base::ByteView message, base::ByteView signature) const;
  [[nodiscard]] evp_pkey_st* native() const { return data_->key.get(); }

 private:
  struct Data {
    std::shared_ptr<evp_pkey_st> key;
    KeyKind kind;
    base::Bytes spki;
    Fingerprint fingerprint;
  };
  PublicKey(std::shared_ptr<evp_pkey_st> key, KeyKind kind, base::Bytes spki);
  std::shared_ptr<const Data> data_;
};

class PrivateKey {
 public:
  [[nodiscard]] static base::Result<PrivateKey> generate(KeyKind kind);
  /// PKCS#8 "BEGIN PRIVATE KEY" (or the traditional forms OpenSSL reads), not encrypted.
  [[nodiscard]] static base::Result<PrivateKey> from_pem(std::string_view pem);
  /// Reads a file written by save_new; file_exposed when others may read it.
  [[nodiscard]] static base::Result<PrivateKey> load(const std::filesystem::path& path);

  [[nodiscard]] KeyKind kind() const { return public_.kind(); }
  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] const Fingerprint& fingerprint() const { return public_.fingerprint(); }
  /// PKCS#8 PEM.
  [[nodiscard]] base::SecretBytes pem() const;
  [[nodiscard]] base::Result<base::Bytes> sign(base::ByteView message) const;
  /// Mode 0600, O_EXCL: conflict when the file exists.
  [[nodiscard]] base::Result<> save_new(const std::filesystem::path& path) const;
  [[nodiscard]] evp_pkey_st* native() const { return key_.get(); }

 private:
  [[nodiscard]] static base::Result<PrivateKey> from_owned(std::shared_ptr<evp_pkey_st> key);
  PrivateKey(std::shared_ptr<evp_pkey_st> key, PublicKey pub) : key_(std::move(key)), public_(std::move(pub)) {}
  std::shared_ptr<evp_pkey_st> key_;
  PublicKey public_;  // has no part in the private key
};

}  // namespace rescue::crypto
