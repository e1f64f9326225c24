// SPDX-License-Identifier: Apache-2.0
// Signs program files with a code-signing key: Authenticode for PE files ("Windows Authenticode Portable Executable
// Signature Format", Microsoft, 2008), and detached signatures for others. SHA-256 throughout. Signatures carry no time
// stamp of a third party: they end to be valid with the certificate, which outlives a session by far.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "crypto/certificate.hpp"

namespace rescue::stamp {

inline constexpr std::size_t kMaxProgramName = 128;  // characters
inline constexpr std::size_t kMaxPublisherUrl = 512;
/// Longest signature of an image; a chain of crypto::kMaxChainCertificates long certificates would pass it.
inline constexpr std::size_t kMaxSignatureBytes = 48 * 1024;

/// What Windows shows beside the publisher's name. Both may be empty.
struct ProgramInfo {
  std::string name;  // UTF-8, of the basic multilingual plane
  std::string url;   // http or https, ASCII
};

/// Immutable; may be used from several threads. Copies share the key.
class CodeSigner {
 public:
  /// `chain`: leaf first, each one issued by the next; with the root or without. Refused with the reason, so that it
  /// shows before a user sees it: invalid_argument (name, URL), verification_failed (key and certificate, order of the
  /// chain, a leaf that is not for code signing), crypto::Errc::certificate_expired at `now`, key_unsupported (Ed25519,
  /// which Windows does not know), too_large.
  [[nodiscard]] static base::Result<CodeSigner> make(crypto::PrivateKey key, std::vector<crypto::Certificate> chain,
                                                     const ProgramInfo& info, base::WallTime now);
  /// Reads a PEM chain, and the key from a file that only its owner may read (crypto::load_server_identity).
  [[nodiscard]] static base::Result<CodeSigner> load(const std::filesystem::path& chain_pem,
                                                     const std::filesystem::path& key_pem, const ProgramInfo& info,
                                                     base::WallTime now);

  /// The first end of validity in the chain. From then on what was signed no longer verifies.
  [[nodiscard]] base::WallTime not_after() const { return parts_->not_after; }
  [[nodiscard]] const crypto::Certificate& certificate() const { return parts_->leaf; }

  /// PKCS#7 SignedData over an SpcIndirectDataContent with this digest of a PE image: what stands in its certificate
  /// table.
  [[nodiscard]] base::Result<base::Bytes> sign_authenticode(const crypto::Digest256& image_digest) const;
  /// A signature over a whole file whose SHA-256 this is: RSA PKCS#1 v1.5 or ECDSA in DER, as
  /// `openssl dgst -sha256 -verify PUBLIC_KEY -signature FILE.sig FILE` checks it.
  [[nodiscard]] base::Result<base::Bytes> sign_detached(const crypto::Digest256& file_digest) const;

 private:
  // DER that is the same in every signature.
  struct Parts {
    crypto::PrivateKey key;
    crypto::Certificate leaf;
    base::WallTime not_after;
    base::Bytes certificates;
    base::Bytes issuer_and_serial;
    base::Bytes signature_algorithm;
    std::vector<base::Bytes> attributes;
  };
  explicit CodeSigner(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace rescue::stamp
