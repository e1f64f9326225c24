// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/json_body.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::broker {
namespace json = boost::json;
using base::Errc;

namespace {

bool has_control(std::string_view s, bool keep_lines) {
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    if (u == 0x7f || (u < 0x20 && !(keep_lines && (c == '\n' || c == '\t' || c == '\r')))) return true;
  }
  return false;
}

std::string shown(std::string_view name) {
  constexpr std::size_t kMostShown = 64;
  return base::to_display_text(name.substr(0, kMostShown));
}

}  // namespace

JsonBody::JsonBody(json::object fields, std::string path, std::optional<std::string>* problem)
    : fields_(std::move(fields)), path_(std::move(path)), problem_(problem) {}

base::Result<JsonBody> JsonBody::parse(std::string_view text, bool empty_allowed) {
  if (text.empty() && empty_allowed) return JsonBody({}, "", nullptr);
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::error_code ec;
  auto value = json::parse(text, ec, {}, options);
  if (ec) return base::fail(Errc::invalid_argument, fmt::format("the body is not JSON ({})", ec.message()));
  if (!value.is_object()) return base::fail(Errc::invalid_argument, "the body is not a JSON object");
  return JsonBody(std::move(value.as_object()), "", nullptr);
}

void JsonBody::fault(std::string_view name, std::string_view why) {
  auto& problem = problem_ != nullptr ? *problem_ : own_problem_;
  if (!problem) problem = fmt::format("field '{}{}' {}", path_, shown(name), why);
}

void JsonBody::refuse(std::string_view name, std::string_view why) { fault(name, why); }

bool JsonBody::has(std::string_view name) const {
  const auto* value = fields_.if_contains(name);
  return value != nullptr && !value->is_null();
}

const json::value* JsonBody::find(std::string_view name, bool required) {
  seen_.emplace(name);
  const auto* value = fields_.if_contains(name);
  if (value != nullptr && value->is_null() && !required) value = nullptr;
  if (value == nullptr && required) fault(name, "is missing");
  return value;
}

std::optional<std::string> JsonBody::checked(const json::value& value, std::string_view name, TextRule rule) {
  const auto* text = value.if_string();
  if (text == nullptr) {
    fault(name, "must be a text");
    return std::nullopt;
  }
  const std::string_view s(text->data(), text->size());
  if (s.size() > rule.max)
    fault(name, fmt::format("is longer than {} bytes", rule.max));
  else if (s.size() < rule.min)
    fault(name, rule.min == 1 ? "is empty" : fmt::format("is shorter than {} bytes", rule.min));
  else if (!base::is_valid_utf8(s))
    fault(name, "is not UTF-8");
  else if (has_control(s, rule.keep_lines))
    fault(name, "has a control character");
  else
    return std::string(s);
  return std::nullopt;
}

std::string JsonBody::text(std::string_view name, TextRule rule) {
  const auto* value = find(name, true);
  return value == nullptr ? std::string() : checked(*value, name, rule).value_or("");
}

std::optional<std::string> JsonBody::maybe_text(std::string_view name, TextRule rule) {
  const auto* value = find(name, false);
  return value == nullptr ? std::nullopt : checked(*value, name, rule);
}

std::optional<std::int64_t> JsonBody::maybe_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  json::error_code ec;
  const auto n = value->is_number() ? value->to_number<std::int64_t>(ec) : 0;
  if (!value->is_number() || value->is_double() || ec)
    fault(name, "must be a whole number");
  else if (n < min || n > max)
    fault(name, fmt::format("must be {} to {}", min, max));
  return n;
}

std::optional<bool> JsonBody::maybe_boolean(std::string_view name) {
  const auto* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) fault(name, "must be true or false");
  return value->is_bool() && value->as_bool();
}

std::int64_t JsonBody::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  if (find(name, true) == nullptr) return min;
  if (!has(name)) fault(name, "must be a whole number");
  return maybe_integer(name, min, max).value_or(min);
}

base::Guid JsonBody::guid(std::string_view name) {
  constexpr std::size_t kGuidText = 36;
  auto parsed = base::Guid::parse(text(name, {.max = kGuidText}));
  if (parsed) return *parsed;
  fault(name, "must be a GUID");
  return {};
}

base::Bytes JsonBody::base64url(std::string_view name, std::size_t max_bytes) {
  auto bytes = base::from_base64url(text(name, {.min = 1, .max = (max_bytes * 4 + 2) / 3}));
  if (bytes) return std::move(*bytes);
  fault(name, "must be base64url without padding");
  return {};
}

base::WallTime JsonBody::time(std::string_view name) {
  constexpr std::size_t kLongestTime = 40;
  auto parsed = base::parse_rfc3339(text(name, {.max = kLongestTime}));
  if (parsed) return *parsed;
  fault(name, "must be a time like 2026-11-24T05:28:46Z");
  return {};
}

void JsonBody::nested(const json::value& value, std::string path, const std::function<void(JsonBody&)>& read) {
  JsonBody inner(value.as_object(), path_ + path + ".", problem_ != nullptr ? problem_ : &own_problem_);
  read(inner);
  inner.note_unknown();
}

void JsonBody::object(std::string_view name, const std::function<void(JsonBody&)>& read) {
  const auto* value = find(name, true);
  if (value == nullptr) return;
  if (!value->is_object()) return fault(name, "must be an object");
  nested(*value, std::string(name), read);
}

void JsonBody::objects(std::string_view name, std::size_t min, std::size_t max,
                       const std::function<void(JsonBody&)>& read) {
  const auto* value = find(name, true);
  if (value == nullptr) return;
  const auto* array = value->if_array();
  if (array == nullptr) return fault(name, "must be a list");
  if (array->size() < min || array->size() > max)
    return fault(name, fmt::format("must have {} to {} elements", min, max));
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto path = fmt::format("{}[{}]", name, i);
    if (!(*array)[i].is_object()) return fault(path, "must be an object");
    nested((*array)[i], path, read);
  }
}

std::vector<std::string> JsonBody::texts(std::string_view name, std::size_t min, std::size_t max, TextRule rule) {
  std::vector<std::string> out;
  const auto* value = find(name, true);
  if (value == nullptr) return out;
  const auto* array = value->if_array();
  if (array == nullptr) {
    fault(name, "must be a list");
  } else if (array->size() < min || array->size() > max) {
    fault(name, fmt::format("must have {} to {} elements", min, max));
  } else {
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto s = checked((*array)[i], fmt::format("{}[{}]", name, i), rule)) out.push_back(std::move(*s));
  }
  return out;
}

void JsonBody::text_map(std::string_view name, std::size_t max_fields, TextRule rule,
                        const std::function<void(std::string, std::string)>& take) {
  constexpr std::size_t kLongestName = 64;
  const auto* value = find(name, false);
  if (value == nullptr) return;
  const auto* object = value->if_object();
  if (object == nullptr) return fault(name, "must be an object");
  if (object->size() > max_fields) return fault(name, fmt::format("has more than {} fields", max_fields));
  for (const auto& [key, element] : *object) {
    const std::string_view k(key.data(), key.size());
    if (k.empty() || k.size() > kLongestName || !base::is_valid_utf8(k) || has_control(k, false))
      return fault(name, fmt::format("has a field name that is empty or longer than {} bytes", kLongestName));
    if (auto s = checked(element, fmt::format("{}.{}", name, k), rule)) take(std::string(k), std::move(*s));
  }
}

std::optional<std::string> JsonBody::typed(const json::value& value, std::string_view name, TextRule rule) {
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.as_int64());
  if (!value.is_array()) return checked(value, name, rule);
  std::string out;
  for (const auto& element : value.as_array()) {
    const auto item = checked(element, name, rule);
    if (!item) return std::nullopt;
    out += (out.empty() ? "" : ",") + *item;
    if (out.size() > rule.max) {
      fault(name, fmt::format("is longer than {} bytes", rule.max));
      return std::nullopt;
    }
  }
  return out;
}

void JsonBody::value_map(std::string_view name, std::size_t max_fields, TextRule rule,
                         const std::function<void(std::string, std::optional<std::string>)>& take) {
  const auto* value = find(name, true);
  if (value == nullptr) return;
  const auto* object = value->if_object();
  if (object == nullptr) return fault(name, "must be an object");
  if (object->size() > max_fields) return fault(name, fmt::format("has more than {} fields", max_fields));
  for (const auto& [key, element] : *object) {
    const std::string_view k(key.data(), key.size());
    if (element.is_null()) {
      take(std::string(k), std::nullopt);
    } else if (auto text = typed(element, fmt::format("{}.{}", name, shown(k)), rule)) {
      take(std::string(k), std::move(*text));
    }
  }
}

std::string JsonBody::free_object(std::string_view name, std::size_t max_bytes) {
  const auto* value = find(name, true);
  if (value == nullptr) return "{}";
  if (!value->is_object()) {
    fault(name, "must be an object");
    return "{}";
  }
  auto text = json::serialize(*value);
  if (text.size() > max_bytes)
    fault(name, fmt::format("is larger than {} bytes", max_bytes));
  else if (!base::is_valid_utf8(text))
    fault(name, "is not UTF-8");
  return text;
}

void JsonBody::note_unknown() {
  for (const auto& [key, value] : fields_) {
    const std::string_view name(key.data(), key.size());
    if (!seen_.contains(name)) return fault(name, "is not known here");
  }
}

base::Result<> JsonBody::finish() {
  note_unknown();
  if (own_problem_) return base::fail(Errc::invalid_argument, *own_problem_);
  return {};
}

}  // namespace rescue::broker
