// SPDX-License-Identifier: Apache-2.0
// Writes DER (X.690): as much of it as a signature takes.
#pragma once

#include <initializer_list>

#include "base/bytes.hpp"

namespace rescue::stamp::impl::der {

enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kSequence = 0x30,
  kSet = 0x31,
};
/// Context tags: of a value that is tagged again (explicit), or whose own tag this replaces (implicit).
constexpr std::uint8_t constructed(std::uint8_t n) { return static_cast<std::uint8_t>(0xa0 | n); }
constexpr std::uint8_t primitive(std::uint8_t n) { return static_cast<std::uint8_t>(0x80 | n); }

/// One value: tag, length, and the parts as its content.
[[nodiscard]] base::Bytes value(std::uint8_t tag, std::initializer_list<base::ByteView> parts);
[[nodiscard]] base::Bytes concatenated(std::initializer_list<base::ByteView> parts);
[[nodiscard]] base::Bytes integer(std::uint8_t n);
[[nodiscard]] base::Bytes null();
/// The content of a SET OF: its elements in the order DER wants.
[[nodiscard]] base::Bytes set_of(std::vector<base::Bytes> elements);
/// "1.3.6.1.4.1.311.2.1.4"; our own constants only.
[[nodiscard]] base::Bytes oid(std::string_view dotted);

}  // namespace rescue::stamp::impl::der
