// SPDX-License-Identifier: Apache-2.0
// What a mutation changed, field by field with the old and the new value, as log events tell it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace rescue::directory::impl {

[[nodiscard]] inline std::string json_of(std::string_view v) { return base::json_quote(v); }
[[nodiscard]] inline std::string json_of(const std::string& v) { return base::json_quote(v); }
[[nodiscard]] inline std::string json_of(bool v) { return v ? "true" : "false"; }
[[nodiscard]] inline std::string json_of(std::uint32_t v) { return std::to_string(v); }
[[nodiscard]] inline std::string json_of(std::chrono::seconds v) { return std::to_string(v.count()); }
[[nodiscard]] inline std::string json_of(const std::vector<std::string>& v) {
  std::string out;
  for (const auto& text : v) out += (out.empty() ? "" : ",") + base::json_quote(text);
  return "[" + out + "]";
}

/// {"field":{"old":…,"new":…}}. Secrets have no place here.
class Changes {
 public:
  template <typename T>
  void add(std::string_view field, const T& before, const T& after) {
    if (!body_.empty()) body_ += ',';
    body_ += base::json_quote(field) + R"(:{"old":)" + json_of(before) + R"(,"new":)" + json_of(after) + "}";
  }
  /// Gives `field` the wanted value; noted when that differs.
  template <typename T>
  void set(std::string_view name, T& field, const std::optional<T>& wanted) {
    if (!wanted || *wanted == field) return;
    add(name, field, *wanted);
    field = *wanted;
  }
  [[nodiscard]] bool empty() const { return body_.empty(); }
  [[nodiscard]] std::string text() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

}  // namespace rescue::directory::impl
