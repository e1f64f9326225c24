// SPDX-License-Identifier: Apache-2.0
// Numbers that must not be mixed: `using StreamOffset = Strong<std::uint64_t, struct StreamOffsetTag>;`
#pragma once

#include <compare>
#include <functional>

namespace rescue::base {

template <typename T, typename Tag>
class Strong {
 public:
  using Value = T;
  constexpr Strong() = default;
  constexpr explicit Strong(T v) : v_(v) {}
  [[nodiscard]] constexpr T get() const { return v_; }
  constexpr auto operator<=>(const Strong&) const = default;
  constexpr Strong& operator+=(T d) {
    v_ = static_cast<T>(v_ + d);
    return *this;
  }
  [[nodiscard]] constexpr Strong operator+(T d) const { return Strong(static_cast<T>(v_ + d)); }
  /// Distance between two; both are of one kind, the distance is a plain number.
  [[nodiscard]] constexpr T operator-(Strong o) const { return static_cast<T>(v_ - o.v_); }

 private:
  T v_{};
};

}  // namespace rescue::base

template <typename T, typename Tag>
struct std::hash<rescue::base::Strong<T, Tag>> {
  std::size_t operator()(const rescue::base::Strong<T, Tag>& s) const { return std::hash<T>{}(s.get()); }
};
