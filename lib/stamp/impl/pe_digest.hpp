// SPDX-License-Identifier: Apache-2.0
// The Authenticode digest of a PE image.
#pragma once

#include "stamp/impl/openssl.hpp"
#include "stamp/impl/pe.hpp"

namespace rescue::stamp::impl {

/// Puts in what is digested of the image's first `end` bytes: all but checksum and certificate entry. `end` is behind
/// both.
inline void hash_pe(Sha256& hash, base::ByteView image, const PeLayout& pe, std::size_t end) {
  const std::size_t after_checksum = pe.checksum_at + 4;
  const std::size_t after_entry = pe.security_entry_at + 8;
  hash.update(image.first(pe.checksum_at));
  hash.update(image.subspan(after_checksum, pe.security_entry_at - after_checksum));
  hash.update(image.subspan(after_entry, end - after_entry));
}

}  // namespace rescue::stamp::impl
