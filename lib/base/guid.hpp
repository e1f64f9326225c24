// SPDX-License-Identifier: Apache-2.0
// 128-bit identifiers. A Guid that authenticates a session is a secret: never log it, never put it in a URL.
#pragma once

#include <array>
#include <compare>

#include "base/bytes.hpp"
#include "base/random.hpp"

namespace rescue::base {

class Guid {
 public:
  static constexpr std::size_t kSize = 16;
  constexpr Guid() = default;  // all zero, "none"
  /// RFC 9562 version 4 from `random`.
  [[nodiscard]] static Guid random(RandomSource& random);
  /// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", any case.
  [[nodiscard]] static Result<Guid> parse(std::string_view text);
  [[nodiscard]] static Result<Guid> from_bytes(ByteView b);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] ByteView bytes() const { return b_; }
  [[nodiscard]] bool is_none() const { return *this == Guid(); }
  auto operator<=>(const Guid&) const = default;

 private:
  std::array<std::uint8_t, kSize> b_{};
};

}  // namespace rescue::base

template <>
struct std::hash<rescue::base::Guid> {
  std::size_t operator()(const rescue::base::Guid& g) const noexcept;
};
