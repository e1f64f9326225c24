// SPDX-License-Identifier: Apache-2.0
#include "session/audit_event.hpp"

#include <fmt/format.h>

#include "base/log.hpp"

namespace rescue::session {

const AuditValue* AuditEvent::find(std::string_view key) const {
  for (const auto& [name, value] : data)
    if (name == key) return &value;
  return nullptr;
}

std::string AuditEvent::data_json() const {
  std::string out = "{";
  for (const auto& [name, value] : data) {
    if (out.size() > 1) out += ',';
    out += base::json_quote(name);
    out += ':';
    if (const auto* text = std::get_if<std::string>(&value)) out += base::json_quote(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) out += fmt::format("{}", *number);
    if (const auto* flag = std::get_if<bool>(&value)) out += *flag ? "true" : "false";
  }
  return out + "}";
}

}  // namespace rescue::session
