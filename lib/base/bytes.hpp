// SPDX-License-Identifier: Apache-2.0
// Byte buffers, big-endian reader and writer, hex and base64url text, wiping of secrets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rescue::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
[[nodiscard]] inline Bytes to_bytes(ByteView b) { return {b.begin(), b.end()}; }
inline void append(Bytes& out, ByteView b) { out.insert(out.end(), b.begin(), b.end()); }

[[nodiscard]] std::string to_hex(ByteView b);
/// Accepts upper and lower case, exactly two digits a byte; anything else is bad_format.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);
/// RFC 4648 section 5, no padding.
[[nodiscard]] std::string to_base64url(ByteView b);
/// RFC 4648 section 5 without padding; strict: no whitespace, no '+', '/' or '=', unused bits zero.
[[nodiscard]] Result<Bytes> from_base64url(std::string_view text);

/// Equal content, in time that depends on the lengths only.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);
/// Overwrites memory in a way the optimiser keeps.
void wipe(MutableByteView b);

/// Bytes that are wiped when they go away. Move only.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(Bytes b) : b_(std::move(b)) {}
  explicit SecretBytes(std::size_t n) : b_(n) {}
  SecretBytes(SecretBytes&& o) noexcept : b_(std::move(o.b_)) { o.b_.clear(); }
  SecretBytes& operator=(SecretBytes&& o) noexcept {
    if (this != &o) {
      wipe(b_);
      b_ = std::move(o.b_);
      o.b_.clear();
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(b_); }
  [[nodiscard]] ByteView view() const { return b_; }
  [[nodiscard]] MutableByteView data() { return b_; }
  [[nodiscard]] bool empty() const { return b_.empty(); }
  [[nodiscard]] SecretBytes copy() const { return SecretBytes(Bytes(b_)); }

 private:
  Bytes b_;
};

/// Reads big-endian fields; every read checks what is left first. After a failed read nothing was consumed.
class ByteReader {
 public:
  explicit ByteReader(ByteView b) : b_(b) {}
  [[nodiscard]] std::size_t left() const { return b_.size() - at_; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] bool empty() const { return left() == 0; }
  std::optional<std::uint8_t> u8() { return number<std::uint8_t>(); }
  std::optional<std::uint16_t> u16() { return number<std::uint16_t>(); }
  std::optional<std::uint32_t> u32() { return number<std::uint32_t>(); }
  std::optional<std::uint64_t> u64() { return number<std::uint64_t>(); }
  std::optional<ByteView> take(std::size_t n) {
    if (left() < n) return std::nullopt;
    auto out = b_.subspan(at_, n);
    at_ += n;
    return out;
  }
  ByteView rest() {
    auto out = b_.subspan(at_);
    at_ = b_.size();
    return out;
  }

 private:
  template <typename T>
  std::optional<T> number() {
    if (left() < sizeof(T)) return std::nullopt;
    T v = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) v = static_cast<T>((static_cast<std::uint64_t>(v) << 8) | b_[at_ + i]);
    at_ += sizeof(T);
    return v;
  }
  ByteView b_;
  std::size_t at_ = 0;
};

/// Appends big-endian fields to a buffer that it owns.
class ByteWriter {
 public:
  void u8(std::uint8_t v) { number(v); }
  void u16(std::uint16_t v) { number(v); }
  void u32(std::uint32_t v) { number(v); }
  void u64(std::uint64_t v) { number(v); }
  void bytes(ByteView b) { append(out_, b); }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] ByteView view() const { return out_; }
  [[nodiscard]] Bytes take() && { return std::move(out_); }

 private:
  template <typename T>
  void number(T v) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(v) >> shift));
  }
  Bytes out_;
};

}  // namespace rescue::base
