// SPDX-License-Identifier: Apache-2.0
// Secrets that a server has to read again, sealed for its database: AES-256-GCM under a key derived from the site
// secret, which the database never holds. A stolen database gives nothing away; a row copied to another place does not
// open.
#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "crypto/hash.hpp"

namespace rescue::crypto {

/// Thread-safe.
class Sealer {
 public:
  /// `purpose` separates the uses of one site secret (at least 32 bytes).
  Sealer(base::ByteView site_secret, std::string_view purpose);

  /// 12 random bytes, ciphertext, tag. `context` says where the sealed text belongs: the id of its row.
  [[nodiscard]] base::Result<base::Bytes> seal(base::ByteView plaintext, base::ByteView context,
                                               base::RandomSource& random) const;
  /// verification_failed for anything that was not sealed here for this `context`.
  [[nodiscard]] base::Result<base::SecretBytes> open(base::ByteView sealed, base::ByteView context) const;
  /// A keyed hash, for secrets that need only be recognised: without the site secret they cannot be tried out.
  [[nodiscard]] Digest256 digest(base::ByteView secret, base::ByteView context) const;

 private:
  base::SecretBytes seal_key_;
  base::SecretBytes digest_key_;
};

}  // namespace rescue::crypto
