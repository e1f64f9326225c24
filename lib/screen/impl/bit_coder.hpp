// SPDX-License-Identifier: Apache-2.0
// Binary arithmetic coding, 32 bits, without carry. Probabilities are those of a one, in 1/65536, from 1 to 65535.
// Encoder and decoder have the same shape, so that one template can serve as both: code() takes the bit and returns it,
// and the decoder ignores what it is given.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace rescue::screen {

class BitEncoder {
 public:
  static constexpr bool kEncodes = true;
  explicit BitEncoder(base::Bytes& out) : out_(out) {}

  bool code(bool bit, std::uint32_t p) {
    const std::uint32_t middle = low_ + static_cast<std::uint32_t>((std::uint64_t{high_ - low_} * p) >> 16);
    if (bit) {
      high_ = middle;
    } else {
      low_ = middle + 1;
    }
    while (((low_ ^ high_) & 0xff000000u) == 0) {
      out_.push_back(static_cast<std::uint8_t>(high_ >> 24));
      low_ <<= 8;
      high_ = high_ << 8 | 0xff;
    }
    return bit;
  }

  /// The fewest bytes that name a number in the interval; the decoder reads zeros behind them.
  void finish() {
    if (low_ == 0) return;
    for (unsigned bytes = 1; bytes <= 4; ++bytes) {
      const std::uint64_t rest = bytes == 4 ? 0 : 0xffffffffu >> (8 * bytes);
      const std::uint64_t value = (low_ + rest) & ~rest;
      if (value > high_) continue;
      for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (24 - 8 * i)));
      return;
    }
  }
  [[nodiscard]] bool overrun() const { return false; }

 private:
  base::Bytes& out_;
  std::uint32_t low_ = 0;
  std::uint32_t high_ = 0xffffffffu;
};

/// Never reads outside of `in`: behind its end come zeros.
class BitDecoder {
 public:
  static constexpr bool kEncodes = false;
  explicit BitDecoder(base::ByteView in) : in_(in) {
    for (int i = 0; i < 4; ++i) value_ = value_ << 8 | next();
  }

  bool code(bool /*bit*/, std::uint32_t p) {
    const std::uint32_t middle = low_ + static_cast<std::uint32_t>((std::uint64_t{high_ - low_} * p) >> 16);
    const bool bit = value_ <= middle;
    if (bit) {
      high_ = middle;
    } else {
      low_ = middle + 1;
    }
    while (((low_ ^ high_) & 0xff000000u) == 0) {
      low_ <<= 8;
      high_ = high_ << 8 | 0xff;
      value_ = value_ << 8 | next();
    }
    return bit;
  }

  /// More was read than any encoder leaves out: the packet was cut off.
  [[nodiscard]] bool overrun() const { return at_ > in_.size() + 4; }
  /// Bytes that nothing asked for.
  [[nodiscard]] bool left_over() const { return at_ < in_.size(); }

 private:
  std::uint32_t next() {
    const std::uint32_t byte = at_ < in_.size() ? in_[at_] : 0;
    ++at_;
    return byte;
  }
  base::ByteView in_;
  std::size_t at_ = 0;
  std::uint32_t low_ = 0;
  std::uint32_t high_ = 0xffffffffu;
  std::uint32_t value_ = 0;
};

}  // namespace rescue::screen
