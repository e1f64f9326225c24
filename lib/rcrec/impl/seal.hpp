// SPDX-License-Identifier: Apache-2.0
// Encryption of one recording (man rcrec(5), ENCRYPTION): the file key, its wrapping for recipients, and the seal of a
// chunk. A seal carries the number of its sealing, which is the nonce and is never used twice, and the number of the
// sealed chunk before it in the file, so that order and completeness are part of what is authenticated.
#pragma once

#include <optional>
#include <span>

#include "crypto/x25519.hpp"
#include "rcrec/format.hpp"
#include "rcrec/keys.hpp"

namespace rescue::rcrec {

struct WrappedKey {
  crypto::RecipientId recipient{};
  base::Bytes sealed;  // HPKE: enc, ciphertext, tag
};
/// KEYS: 0 suite u8 (1) | 1 reserved u8 | 2 count u16 | 4 entries: recipient[8], wrapped file key[80]
[[nodiscard]] base::Bytes encode_keys(std::span<const WrappedKey> keys);
[[nodiscard]] std::optional<std::vector<WrappedKey>> decode_keys(base::ByteView payload);

/// Seals the chunks of a file that is being written.
class Sealer {
 public:
  /// A new file key. It leaves this object only wrapped, and is wiped with it. `header` as it stands in the file.
  [[nodiscard]] static base::Result<Sealer> create(base::ByteView header,
                                                   std::span<const crypto::X25519Public> recipients,
                                                   base::RandomSource& random);
  /// Payload of the KEYS chunk.
  [[nodiscard]] const base::Bytes& keys() const { return keys_; }
  /// The payload as it goes into the file; sets `h.flags`. Each call takes a new number, also when what it made never
  /// gets into the file. too_large when numbers are used up.
  [[nodiscard]] base::Result<base::Bytes> seal(ChunkHeader& h, base::ByteView payload);
  /// The last sealed payload is in the file.
  void written() { before_ = number_; }

 private:
  Sealer() = default;
  base::SecretBytes key_;
  base::Bytes keys_;
  std::uint32_t number_ = 0;  // of the last sealing; the first is 1
  std::uint32_t before_ = 0;
};

struct Opened {
  base::Bytes payload;
  std::uint32_t number = 0;
  std::uint32_t before = 0;
};
/// Opens the chunks of a file.
class Unsealer {
 public:
  /// The file key by the first of `ring` that fits; nullopt when none does.
  [[nodiscard]] static std::optional<Unsealer> unlock(base::ByteView header, std::span<const WrappedKey> keys,
                                                      const KeyRing& ring);
  /// nullopt when the seal does not fit the chunk.
  [[nodiscard]] std::optional<Opened> open(const ChunkHeader& h, base::ByteView payload) const;

 private:
  explicit Unsealer(base::SecretBytes key) : key_(std::move(key)) {}
  base::SecretBytes key_;
};

}  // namespace rescue::rcrec
