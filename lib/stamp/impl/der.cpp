// SPDX-License-Identifier: Apache-2.0
#include "stamp/impl/der.hpp"

#include <charconv>

#include "base/assert.hpp"

namespace rescue::stamp::impl::der {
using base::Bytes;
using base::ByteView;

namespace {
void append_length(Bytes& out, std::size_t n) {
  if (n < 0x80) {
    out.push_back(static_cast<std::uint8_t>(n));
    return;
  }
  int bytes = 1;
  while (n >> (8 * bytes) != 0) ++bytes;
  out.push_back(static_cast<std::uint8_t>(0x80 | bytes));
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(n >> (8 * i)));
}

void append_arc(Bytes& out, std::uint32_t arc) {
  int shift = 28;
  while (shift > 0 && arc >> shift == 0) shift -= 7;
  for (; shift > 0; shift -= 7) out.push_back(static_cast<std::uint8_t>(0x80 | ((arc >> shift) & 0x7f)));
  out.push_back(static_cast<std::uint8_t>(arc & 0x7f));
}
}  // namespace

Bytes value(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  Bytes out;
  out.reserve(size + 6);
  out.push_back(tag);
  append_length(out, size);
  for (const auto& part : parts) base::append(out, part);
  return out;
}

Bytes concatenated(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const auto& part : parts) base::append(out, part);
  return out;
}

Bytes integer(std::uint8_t n) {
  RESCUE_ASSERT(n < 0x80);
  return {kInteger, 1, n};
}

Bytes null() { return {kNull, 0}; }

Bytes set_of(std::vector<Bytes> elements) {
  std::ranges::sort(elements);
  Bytes out;
  for (const auto& element : elements) base::append(out, element);
  return out;
}

Bytes oid(std::string_view dotted) {
  std::vector<std::uint32_t> arcs;
  const char* at = dotted.data();
  const char* const end = at + dotted.size();
  while (at < end) {
    std::uint32_t arc = 0;
    const auto [next, error] = std::from_chars(at, end, arc);
    RESCUE_ASSERT(error == std::errc() && (next == end || *next == '.'));
    arcs.push_back(arc);
    at = next == end ? end : next + 1;
  }
  RESCUE_ASSERT(arcs.size() > 2);
  Bytes content;
  append_arc(content, arcs[0] * 40 + arcs[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) append_arc(content, arcs[i]);
  return value(kOid, {content});
}

}  // namespace rescue::stamp::impl::der
