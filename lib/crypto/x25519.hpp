// SPDX-License-Identifier: Apache-2.0
// X25519 keys (RFC 7748) of people who may open what was sealed for them (hpke.hpp). Files are PEM as OpenSSL makes
// them: `openssl genpkey -algorithm X25519` (PKCS#8, RFC 8410), `openssl pkey -pubout` (SubjectPublicKeyInfo). Copies
// share the OpenSSL object, which wipes itself; both classes are immutable and may be used from several threads.
#pragma once

#include <array>
#include <compare>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/random.hpp"

struct evp_pkey_st;

namespace rescue::crypto {

inline constexpr std::size_t kX25519Bytes = 32;
/// Key files of more bytes are refused; one takes about 120.
inline constexpr std::size_t kMaxX25519FileBytes = std::size_t{16} << 10;

/// The first 8 bytes of SHA-256 of the 32 bytes of a public key: how a recipient is named.
using RecipientId = std::array<std::uint8_t, 8>;

class X25519Public {
 public:
  /// key_malformed unless 32 bytes.
  [[nodiscard]] static base::Result<X25519Public> from_raw(base::ByteView raw);
  /// "BEGIN PUBLIC KEY". key_malformed, key_unsupported (another kind of key).
  [[nodiscard]] static base::Result<X25519Public> from_pem(std::string_view pem);
  /// Errors with the path: those of from_pem, not_found, io, too_large.
  [[nodiscard]] static base::Result<X25519Public> load(const std::filesystem::path& path);

  [[nodiscard]] base::ByteView raw() const { return raw_; }
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] RecipientId id() const;
  bool operator==(const X25519Public&) const = default;

 private:
  explicit X25519Public(std::array<std::uint8_t, kX25519Bytes> raw) : raw_(raw) {}
  std::array<std::uint8_t, kX25519Bytes> raw_;
};

class X25519Private {
 public:
  [[nodiscard]] static base::Result<X25519Private> generate(base::RandomSource& random);
  /// "BEGIN PRIVATE KEY", without password. key_malformed, key_unsupported (another kind of key).
  [[nodiscard]] static base::Result<X25519Private> from_pem(std::string_view pem);
  /// Errors with the path: those of from_pem and of read_secret_file (file_exposed when others may read it).
  [[nodiscard]] static base::Result<X25519Private> load(const std::filesystem::path& path);

  [[nodiscard]] const X25519Public& public_key() const { return public_; }
  /// PKCS#8.
  [[nodiscard]] base::SecretBytes pem() const;
  /// Mode 0600; conflict when the file exists.
  [[nodiscard]] base::Result<> save_new(const std::filesystem::path& path) const;
  /// The shared secret. key_malformed when the result is zero: `peer` is a point of small order (RFC 7748 section 6.1).
  [[nodiscard]] base::Result<base::SecretBytes> agree(const X25519Public& peer) const;

 private:
  [[nodiscard]] static base::Result<X25519Private> from_owned(std::shared_ptr<evp_pkey_st> key);
  X25519Private(std::shared_ptr<evp_pkey_st> key, X25519Public pub) : key_(std::move(key)), public_(pub) {}
  std::shared_ptr<evp_pkey_st> key_;
  X25519Public public_;
};

}  // namespace rescue::crypto
