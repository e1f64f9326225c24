// SPDX-License-Identifier: Apache-2.0
// Bytes that are hashed or signed: a domain, then fields in a fixed order; numbers big-endian of 8 bytes, text with its
// length before it, so that no two different statements have the same bytes.
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "crypto/hash.hpp"
#include "evidence/entry.hpp"

namespace rescue::evidence::impl {

class Statement {
 public:
  explicit Statement(std::string_view domain) {
    writer_.bytes(base::as_bytes(domain));
    writer_.u8(0);
  }
  void u8(std::uint8_t v) { writer_.u8(v); }
  void u64(std::uint64_t v) { writer_.u64(v); }
  void time(base::WallTime t) { u64(static_cast<std::uint64_t>(t.time_since_epoch().count())); }
  void bytes(base::ByteView b) { writer_.bytes(b); }  // of a length that is fixed by the field
  void text(std::string_view s) {
    u64(s.size());
    writer_.bytes(base::as_bytes(s));
  }
  void guid(const std::optional<base::Guid>& id) {
    u8(id ? 1 : 0);
    if (id) bytes(id->bytes());
  }
  void chain(const ChainId& id) {
    guid(id.session);
    text(id.source);
    guid(id.origin);
    u64(id.run);
  }
  [[nodiscard]] crypto::Digest256 digest() && { return crypto::sha256(std::move(writer_).take()); }
  [[nodiscard]] crypto::Digest256 digest() & { return std::move(*this).digest(); }
  [[nodiscard]] base::Bytes take() { return std::move(writer_).take(); }

 private:
  base::ByteWriter writer_;
};

}  // namespace rescue::evidence::impl
