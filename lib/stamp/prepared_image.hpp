// SPDX-License-Identifier: Apache-2.0
// An applet's program file, made ready once so that each download costs little: what precedes the slot is hashed
// already.
#pragma once

#include <memory>

#include "stamp/code_signer.hpp"
#include "stamp/slot.hpp"

namespace rescue::stamp {

struct StampedImage {
  /// The program file. It holds the payload, and with it the session authentication GUID: a secret.
  base::Bytes bytes;
  /// SHA-256 of `bytes`, to be shown beside the download; absent when StampOptions did not ask.
  std::optional<crypto::Digest256> sha256;
  /// ELF with a signer: CodeSigner::sign_detached of it. A PE file has its signature within.
  base::Bytes detached_signature;
};

/// The same in pieces, for who sends them one behind the other: all but a few kilobytes is the template's, which no
/// download copies.
class StampedPieces {
 public:
  /// In order; they live as long as this object and no copy of it.
  [[nodiscard]] std::vector<base::ByteView> pieces() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const std::optional<crypto::Digest256>& sha256() const { return sha256_; }
  [[nodiscard]] const base::Bytes& detached_signature() const { return detached_signature_; }

 private:
  friend class PreparedImage;
  struct Patch {
    std::size_t at;
    base::Bytes bytes;  // in place of as many of the template's
  };
  std::shared_ptr<const base::Bytes> template_;
  std::vector<Patch> patches_;  // ascending
  base::Bytes tail_;            // behind the template
  std::optional<crypto::Digest256> sha256_;
  base::Bytes detached_signature_;
};

struct StampOptions {
  /// Who signs; null: nobody, and a PE file goes out without a signature.
  const CodeSigner* signer = nullptr;
  /// For a PE file this is the greater part of the cost: its checksum, near the front, changes with each signature, so
  /// all of the file is hashed. For ELF files it is made anyway when they are signed.
  bool file_digest = false;
};

/// Immutable; may be used from several threads. Copies share the file.
class PreparedImage {
 public:
  /// `image`: an applet as built (stamp/slot.hpp says how). A signature that a PE file has is dropped, what its slot
  /// holds is overwritten later. Errors of find_slot.
  [[nodiscard]] static base::Result<PreparedImage> make(base::Bytes image);

  [[nodiscard]] ImageFormat format() const;
  /// Length before a signature is put on.
  [[nodiscard]] std::size_t size() const;
  /// How much is hashed anew for each download (beside StampOptions::file_digest of a PE file): from the slot to the
  /// end.
  [[nodiscard]] std::size_t hashed_each_time() const;

  /// A copy with `payload` (a signed envelope: crypto::make_invite) in its slot. PE: signature, certificate table and
  /// checksum are made anew. Errors of make_slot and of the signer.
  [[nodiscard]] base::Result<StampedImage> stamp(base::ByteView payload, const StampOptions& options) const;
  [[nodiscard]] base::Result<StampedPieces> stamp_pieces(base::ByteView payload, const StampOptions& options) const;

 private:
  struct Parts;
  explicit PreparedImage(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  [[nodiscard]] base::Result<StampedPieces> stamp_pe(base::ByteView slot, const StampOptions& options) const;
  [[nodiscard]] base::Result<StampedPieces> stamp_elf(base::ByteView slot, const StampOptions& options) const;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace rescue::stamp
