// SPDX-License-Identifier: Apache-2.0
// Digests, HMAC (RFC 2104) and HKDF (RFC 5869). MD5 only names files in the session log; it secures nothing. SHA-1 is
// here for one-time codes alone, whose applications know nothing else.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.hpp"

struct evp_md_ctx_st;

namespace rescue::crypto {

using Digest256 = std::array<std::uint8_t, 32>;
using Md5Digest = std::array<std::uint8_t, 16>;
using Sha1Mac = std::array<std::uint8_t, 20>;
/// SHA-256 of a key's DER SubjectPublicKeyInfo: how keys are named everywhere ("fp").
using Fingerprint = Digest256;

[[nodiscard]] Digest256 sha256(base::ByteView data);
[[nodiscard]] Md5Digest md5(base::ByteView data);

enum class HashAlgorithm : std::uint8_t { sha256, md5 };

/// Incremental digest. Not thread-safe; move only.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  void update(base::ByteView data);
  /// The digest (32 or 16 bytes) of all that was put in; the hasher starts again from nothing.
  [[nodiscard]] base::Bytes finish();
  /// The digest of what was put in so far; more may follow.
  [[nodiscard]] base::Bytes so_far() const;

 private:
  void restart();
  struct Free {
    void operator()(evp_md_ctx_st* c) const;
  };
  HashAlgorithm algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] Digest256 hmac_sha256(base::ByteView key, base::ByteView data);
[[nodiscard]] Sha1Mac hmac_sha1(base::ByteView key, base::ByteView data);  // RFC 6238, for crypto/totp.hpp
/// RFC 5869 extract and expand; `length` at most 8160 (255 blocks), else invalid_argument.
[[nodiscard]] base::Result<base::SecretBytes> hkdf_sha256(base::ByteView input_key, base::ByteView salt,
                                                          base::ByteView info, std::size_t length);

/// 32 bytes from 64 hex digits (a CA pin, a fingerprint). bad_format otherwise.
[[nodiscard]] base::Result<Digest256> parse_digest256(std::string_view hex);
/// Copies exactly 32 bytes; bad_format for any other length.
[[nodiscard]] base::Result<Digest256> to_digest256(base::ByteView bytes);

/// guid_id: how databases and tokens name a session authentication GUID without holding it.
[[nodiscard]] inline Digest256 guid_id(base::ByteView guid) { return sha256(guid); }

}  // namespace rescue::crypto
