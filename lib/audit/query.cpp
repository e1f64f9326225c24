// SPDX-License-Identifier: Apache-2.0
#include "audit/query.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::audit {
namespace {
using store::EventType;

std::unexpected<base::Error> bad(std::string_view parameter, std::string_view may_be) {
  return base::fail(base::Errc::invalid_argument, fmt::format("{}: {}", parameter, may_be));
}

base::Result<std::optional<base::Guid>> read_guid(std::string_view parameter, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto id = base::Guid::parse(text);
  if (!id) return bad(parameter, "a GUID");
  return *id;
}

base::Result<std::optional<base::WallTime>> read_time(std::string_view parameter, const std::string& text,
                                                      base::WallTime now) {
  if (text.empty()) return std::nullopt;
  const auto time = base::parse_time_or_ago(text, now);
  if (!time) return bad(parameter, "an RFC 3339 time, or a duration back from now such as 2h");
  return *time;
}

void add_type(std::vector<EventType>& types, EventType type) {
  if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
}

/// One name, or "group.*".
bool add_types(std::vector<EventType>& types, std::string_view name) {
  if (const auto type = store::parse_event_type(name)) {
    add_type(types, *type);
    return true;
  }
  if (!name.ends_with(".*")) return false;
  const auto prefix = name.substr(0, name.size() - 1);
  bool any = false;
  for (std::size_t i = 0; i < store::kEventTypes; ++i) {
    const auto type = static_cast<EventType>(i);
    if (!store::to_string(type).starts_with(prefix)) continue;
    add_type(types, type);
    any = true;
  }
  return any;
}

base::Result<std::vector<EventType>> read_types(std::string_view text) {
  std::vector<EventType> types;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto name = text.substr(0, comma);
    if (!add_types(types, name)) {
      return bad("type", fmt::format("'{}' is no event type", base::to_display_text(name.substr(0, 64))));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return types;
}
}  // namespace

base::Result<LogQuery> parse_query(const QueryText& in, base::WallTime now) {
  LogQuery out;
  auto& f = out.filter;
  RESCUE_TRY(f.session, read_guid("session", in.session));
  RESCUE_TRY(f.technician, read_guid("technician", in.technician));
  RESCUE_TRY(f.types, read_types(in.type));
  if (!in.source.empty()) {
    f.source = store::parse_event_source(in.source);
    if (!f.source) return bad("source", "console, applet, gateway or broker");
  }
  RESCUE_TRY(f.since, read_time("since", in.since, now));
  RESCUE_TRY(f.until, read_time("until", in.until, now));
  if (!in.text.empty()) {
    if (in.text.size() > kMaxSearchBytes) return bad("text", fmt::format("at most {} bytes", kMaxSearchBytes));
    f.text = in.text;
  }
  if (in.order == "oldest") {
    out.order = store::LogOrder::oldest_first;
  } else if (!in.order.empty() && in.order != "newest") {
    return bad("order", "newest or oldest");
  }
  return out;
}

bool matches(const store::LogFilter& f, const store::LogEvent& e) {
  if (f.text) return false;
  if (f.session && e.session != f.session) return false;
  if (f.technician && e.technician != f.technician) return false;
  if (!f.types.empty() && std::find(f.types.begin(), f.types.end(), e.type) == f.types.end()) return false;
  if (f.source && e.source != *f.source) return false;
  if (f.since && e.server_time < *f.since) return false;
  return !f.until || e.server_time < *f.until;
}

}  // namespace rescue::audit
