// SPDX-License-Identifier: Apache-2.0
// Reads a JSON request body field by field. The first problem is kept with the field's path and reported by finish(),
// so that a reader is a straight list of fields; a field that nobody asked for is a problem too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/guid.hpp"

namespace rescue::broker {

/// Deepest nesting of a body; log event data is the deepest that is expected.
inline constexpr std::size_t kMaxJsonDepth = 16;

/// Length of a text in bytes of UTF-8; both ends included.
struct TextRule {
  std::size_t min = 0;
  std::size_t max = 4096;
  bool keep_lines = false;  // newline and tab are allowed
};

/// One object of a body. Nested ones share the first problem with their parent, which must outlive them.
class JsonBody {
 public:
  /// invalid_argument unless `text` is one JSON object; an empty text is an empty object where `empty_allowed`.
  [[nodiscard]] static base::Result<JsonBody> parse(std::string_view text, bool empty_allowed = false);

  // Required: a missing field is a problem, and the value given back is empty.
  [[nodiscard]] std::string text(std::string_view name, TextRule rule);
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] base::Guid guid(std::string_view name);
  [[nodiscard]] base::Bytes base64url(std::string_view name, std::size_t max_bytes);
  [[nodiscard]] base::WallTime time(std::string_view name);
  // Optional: absent and null give nothing.
  [[nodiscard]] std::optional<std::string> maybe_text(std::string_view name, TextRule rule);
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] std::optional<bool> maybe_boolean(std::string_view name);

  /// A required object, read by `read`.
  void object(std::string_view name, const std::function<void(JsonBody&)>& read);
  /// Every element of a required array of objects.
  void objects(std::string_view name, std::size_t min, std::size_t max, const std::function<void(JsonBody&)>& read);
  /// Every element of a required array of texts.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t min, std::size_t max, TextRule rule);
  /// An optional object of texts with names of its own choice.
  void text_map(std::string_view name, std::size_t max_fields, TextRule rule,
                const std::function<void(std::string name, std::string value)>& take);
  /// A required object of values with names of its own choice: texts, whole numbers, booleans and lists of texts, each
  /// handed over as the text that a person would type for it; nothing for null.
  void value_map(std::string_view name, std::size_t max_fields, TextRule rule,
                 const std::function<void(std::string name, std::optional<std::string> value)>& take);
  /// A required object of any content, serialised; at most `max_bytes`.
  [[nodiscard]] std::string free_object(std::string_view name, std::size_t max_bytes);

  /// The field has another fault than its type: "must be …".
  void refuse(std::string_view name, std::string_view why);
  [[nodiscard]] bool has(std::string_view name) const;
  /// To be called last: the first problem, or invalid_argument for a field that no call has named.
  [[nodiscard]] base::Result<> finish();

 private:
  JsonBody(boost::json::object fields, std::string path, std::optional<std::string>* problem);
  [[nodiscard]] const boost::json::value* find(std::string_view name, bool required);
  [[nodiscard]] std::optional<std::string> checked(const boost::json::value& value, std::string_view name,
                                                   TextRule rule);
  [[nodiscard]] std::optional<std::string> typed(const boost::json::value& value, std::string_view name, TextRule rule);
  void fault(std::string_view name, std::string_view why);
  void nested(const boost::json::value& value, std::string path, const std::function<void(JsonBody&)>& read);
  void note_unknown();

  boost::json::object fields_;
  std::string path_;  // "events[3]." of a nested object
  std::set<std::string, std::less<>> seen_;
  std::optional<std::string> own_problem_;
  std::optional<std::string>* problem_;  // the outermost object's; null: own_problem_
};

}  // namespace rescue::broker
