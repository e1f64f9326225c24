// SPDX-License-Identifier: Apache-2.0
// Bits of coded video, most significant first.
#pragma once

#include "base/bytes.hpp"

namespace rescue::media {

class BitReader {
 public:
  explicit BitReader(base::ByteView b) : b_(b) {}
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool failed() const { return failed_; }
  std::uint32_t bits(unsigned n) {
    std::uint32_t v = 0;
    for (; n > 0; --n) v = v << 1 | bit();
    return v;
  }
  /// Unsigned Exp-Golomb.
  std::uint32_t ue() {
    unsigned zeros = 0;
    while (bit() == 0) {
      if (failed_ || ++zeros > 31) {
        failed_ = true;
        return 0;
      }
    }
    return (std::uint32_t{1} << zeros) - 1 + bits(zeros);
  }

 private:
  std::uint32_t bit() {
    if (at_ >= b_.size() * 8) {
      failed_ = true;
      return 0;
    }
    const std::uint32_t v = b_[at_ / 8] >> (7 - at_ % 8) & 1u;
    ++at_;
    return v;
  }
  base::ByteView b_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

class BitWriter {
 public:
  [[nodiscard]] std::size_t size() const { return used_; }  // bits
  void bits(std::uint32_t v, unsigned n) {
    for (; n > 0; --n) {
      if (used_ % 8 == 0) out_.push_back(0);
      out_.back() = static_cast<std::uint8_t>(out_.back() | (v >> (n - 1) & 1u) << (7 - used_ % 8));
      ++used_;
    }
  }
  void ue(std::uint32_t v) {
    unsigned length = 0;
    while (((v + 1) >> (length + 1)) != 0) ++length;
    bits(0, length);
    bits(v + 1, length + 1);
  }
  /// H.264's end of a payload: the stop bit; the rest of the byte is zero.
  base::Bytes finish() {
    bits(1, 1);
    return std::move(out_);
  }
  /// MPEG-4's: a zero, then ones up to the next byte.
  base::Bytes finish_mpeg4() {
    bits(0, 1);
    while (used_ % 8 != 0) bits(1, 1);
    return std::move(out_);
  }

 private:
  base::Bytes out_;
  std::size_t used_ = 0;
};

}  // namespace rescue::media
