// SPDX-License-Identifier: Apache-2.0
// The vocabulary of Authenticode signatures (Spc: "software publishing certificate").
#pragma once

#include "crypto/hash.hpp"

namespace rescue::stamp::impl {

inline constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2";
inline constexpr std::string_view kContentType = "1.2.840.113549.1.9.3";
inline constexpr std::string_view kMessageDigest = "1.2.840.113549.1.9.4";
inline constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr std::string_view kRsaEncryption = "1.2.840.113549.1.1.1";
inline constexpr std::string_view kEcdsaWithSha256 = "1.2.840.10045.4.3.2";
inline constexpr std::string_view kSpcIndirectData = "1.3.6.1.4.1.311.2.1.4";
inline constexpr std::string_view kSpcStatementType = "1.3.6.1.4.1.311.2.1.11";
inline constexpr std::string_view kSpcSpOpusInfo = "1.3.6.1.4.1.311.2.1.12";
inline constexpr std::string_view kSpcPeImageData = "1.3.6.1.4.1.311.2.1.15";
inline constexpr std::string_view kSpcIndividual = "1.3.6.1.4.1.311.2.1.21";

/// DigestInfo: SHA-256 and this digest.
[[nodiscard]] base::Bytes digest_info(const crypto::Digest256& digest);
/// The value, without tag and length, of the SpcIndirectDataContent that says that a PE image has this digest: what
/// kind of file it is, and the DigestInfo.
[[nodiscard]] base::Bytes spc_indirect_data(const crypto::Digest256& image_digest);

/// WIN_CERTIFICATE ("PE Format", Attribute Certificate Table): length, revision, type, content, zeros to 8 bytes.
inline constexpr std::size_t kCertificateHeader = 8;
inline constexpr std::uint16_t kCertificateRevision = 0x0200;
inline constexpr std::uint16_t kCertificatePkcs7 = 0x0002;
[[nodiscard]] base::Bytes certificate_table(base::ByteView pkcs7);

}  // namespace rescue::stamp::impl
