// SPDX-License-Identifier: Apache-2.0
// Puts whole chunks behind one another: sequence, chain, CRC, running hash of the file, and the seals of an encrypted
// one. A chunk is in the file completely or not at all.
#pragma once

#include "rcrec/impl/seal.hpp"
#include "rcrec/impl/sha256.hpp"
#include "rcrec/sink.hpp"

namespace rescue::rcrec {

class ChunkAppender {
 public:
  explicit ChunkAppender(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}

  [[nodiscard]] base::Result<> begin(const FileHeader& header);
  /// From here on chunks are sealed; first the KEYS chunk is written. Right after begin() with a header that says so.
  [[nodiscard]] base::Result<> encrypt(const FileHeader& header, std::span<const crypto::X25519Public> recipients,
                                       base::RandomSource& random);
  [[nodiscard]] bool encrypts() const { return sealer_.has_value(); }
  /// The KEYS chunk once more: were the first one damaged, nobody could open the file.
  [[nodiscard]] base::Result<> repeat_keys(Time t0);
  /// Returns the offset of the new chunk. After an error the file is (or, when even that fails, will be made before the
  /// next append) what it was before.
  [[nodiscard]] base::Result<std::uint64_t> append(ChunkType type, Time t0, Time span, base::ByteView payload);
  /// A chunk of another file with its type, flags, times and payload, sealed or not; it gets this file's sequence
  /// number and chain.
  [[nodiscard]] base::Result<std::uint64_t> append(ChunkHeader header, base::ByteView payload);
  [[nodiscard]] base::Result<> sync() { return sink_->sync(); }

  [[nodiscard]] const ChainHash& tip() const { return tip_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t chunks() const { return sequence_; }
  [[nodiscard]] std::string sha256_hex() const { return sha_.hex(); }
  [[nodiscard]] const std::string& name() const { return sink_->name(); }

 private:
  [[nodiscard]] base::Result<> put(base::ByteView whole);
  std::unique_ptr<Sink> sink_;
  Sha256 sha_;
  std::optional<Sealer> sealer_;
  ChainHash tip_{};
  std::uint64_t bytes_ = 0;
  std::uint32_t sequence_ = 0;
  bool torn_ = false;  // part of a failed chunk may stand behind bytes_
};

}  // namespace rescue::rcrec
