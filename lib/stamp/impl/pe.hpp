// SPDX-License-Identifier: Apache-2.0
// PE32+ program files ("PE Format", Microsoft): headers, sections, the resource tree, the place of the signature.
//
// A file is taken only when its sections follow the headers and each other without gap or overlap. Then the digest of
// "Windows Authenticode Portable Executable Signature Format" (by sections) and the one that signing tools compute (by
// file offset) are the same, and no byte of the file is outside of it but checksum, certificate entry and signature.
#pragma once

#include "base/bytes.hpp"

namespace rescue::stamp::impl {

struct PeLayout {
  std::size_t checksum_at = 0;        // 4 bytes, not digested
  std::size_t security_entry_at = 0;  // 8 bytes, not digested: offset and size of the certificate table
  std::size_t slot_at = 0;            // a multiple of 4
  std::size_t content_end = 0;        // the certificate table begins here, or the file ends
  std::size_t signature_size = 0;     // of the certificate table; 0: not signed
};

[[nodiscard]] bool looks_like_pe(base::ByteView image);
/// Errors of find_slot (stamp/slot.hpp).
[[nodiscard]] base::Result<PeLayout> parse_pe(base::ByteView image);

/// The sum of 16-bit words that the checksum is made of; `bytes` of even length, from an even offset. Sums of parts add
/// up.
[[nodiscard]] std::uint64_t pe_word_sum(base::ByteView bytes);
/// The optional header's CheckSum of a file of this length whose words, its own four bytes taken as zeros, have this
/// sum.
[[nodiscard]] std::uint32_t pe_checksum(std::uint64_t word_sum, std::size_t file_size);

}  // namespace rescue::stamp::impl
