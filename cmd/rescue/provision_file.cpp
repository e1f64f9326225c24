// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/provision_file.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "client/broker_api.hpp"
#include "cmd/rescue/csv.hpp"
#include "config/toml_json.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
using base::Errc;

constexpr std::array<std::string_view, 4> kSections{"groups", "channels", "users", "service_accounts"};

enum class Cell : std::uint8_t { text, boolean, list };
struct ColumnRule {
  std::string_view name;
  Cell kind = Cell::text;
};
constexpr std::array kUserColumns{ColumnRule{"email"},
                                  ColumnRule{"name"},
                                  ColumnRule{"role"},
                                  ColumnRule{"group"},
                                  ColumnRule{"disabled", Cell::boolean},
                                  ColumnRule{"sso_disabled", Cell::boolean},
                                  ColumnRule{"allowed_networks", Cell::list}};

std::string shown(std::string_view s) { return base::to_display_text(s.substr(0, 64)); }

/// What is no boolean stays text, for the broker to refuse that row alone.
json::value cell_value(std::string_view text, Cell kind) {
  if (kind == Cell::boolean) {
    for (const auto* yes : {"true", "yes", "1"})
      if (text == yes) return true;
    for (const auto* no : {"false", "no", "0"})
      if (text == no) return false;
  }
  if (kind == Cell::list) {
    json::array items;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find_first_of(" ,;", at), text.size());
      if (end > at) items.emplace_back(text.substr(at, end - at));
      at = end + 1;
    }
    return items;
  }
  return json::value(text);
}

/// "password.min_score" of {"password":{"min_score":…}}, at any depth.
void flatten(const json::object& from, const std::string& prefix,
             std::vector<std::pair<std::string, json::value>>& to) {
  for (const auto& [key, value] : from) {
    auto name = prefix + std::string(key);
    if (value.is_object())
      flatten(value.as_object(), name + ".", to);
    else
      to.emplace_back(std::move(name), value);
  }
}

}  // namespace

ProvisionFormat provision_format_of(std::string_view file_name) {
  if (file_name.ends_with(".csv")) return ProvisionFormat::csv;
  if (file_name.ends_with(".json")) return ProvisionFormat::json;
  return ProvisionFormat::toml;
}

base::Result<> ProvisionDocument::add(std::string_view text, ProvisionFormat format, const std::string& name) {
  switch (format) {
    case ProvisionFormat::csv:
      return add_csv(text, name);
    case ProvisionFormat::json: {
      auto parsed = client::parse_json(text);
      if (!parsed) return base::fail(parsed.error().within(name));
      if (!parsed->is_object()) return base::fail(Errc::bad_format, fmt::format("{}: not a JSON object", name));
      return add_object(std::move(parsed->as_object()), name, {});
    }
    case ProvisionFormat::toml:
      break;
  }
  RESCUE_TRY(const auto read, config::toml_as_json(text, name));
  RESCUE_TRY(auto parsed, client::parse_json(read.json));
  return add_object(std::move(parsed.as_object()), name, read.lines);
}

base::Result<> ProvisionDocument::add_object(json::object object, const std::string& name,
                                             const std::map<std::string, std::size_t, std::less<>>& lines) {
  for (auto& [key, value] : object) {
    const std::string section(key);
    if (section == "settings") {
      if (!value.is_object()) return base::fail(Errc::bad_format, fmt::format("{}: 'settings' is no table", name));
      std::vector<std::pair<std::string, json::value>> settings;
      flatten(value.as_object(), "", settings);
      auto& all = body_["settings"];
      if (!all.is_object()) all = json::object();
      for (auto& [setting, to] : settings)
        if (!all.as_object().emplace(setting, std::move(to)).second)
          return base::fail(Errc::invalid_argument,
                            fmt::format("{}: setting '{}' is in an earlier file too", name, shown(setting)));
      continue;
    }
    if (std::ranges::find(kSections, section) == kSections.end())
      return base::fail(Errc::invalid_argument, fmt::format("{}: unknown section '{}'; known: settings, {}", name,
                                                            shown(section), fmt::join(kSections, ", ")));
    if (!value.is_array()) return base::fail(Errc::bad_format, fmt::format("{}: '{}' is no list", name, section));
    auto& all = body_[section];
    if (!all.is_array()) all = json::array();
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      const auto line = lines.find(fmt::format("{}[{}]", section, i));
      places_[fmt::format("{}[{}]", section, all.as_array().size())] =
          line == lines.end() ? name : fmt::format("{}:{}", name, line->second);
      all.as_array().push_back(std::move(value.as_array()[i]));
    }
  }
  return {};
}

base::Result<> ProvisionDocument::add_csv(std::string_view text, const std::string& name) {
  auto rows = parse_csv(text);
  if (!rows) return base::fail(rows.error().within(name));
  if (rows->empty())
    return base::fail(Errc::bad_format, fmt::format("{}: no header; its first line names the columns", name));
  std::vector<ColumnRule> columns;
  for (const auto& title : rows->front().fields) {
    const auto it = std::ranges::find(kUserColumns, title, &ColumnRule::name);
    if (it == kUserColumns.end()) {
      std::vector<std::string_view> known;
      for (const auto& column : kUserColumns) known.push_back(column.name);
      return base::fail(Errc::invalid_argument, fmt::format("{}:{}: unknown column '{}'; known: {}", name,
                                                            rows->front().line, shown(title), fmt::join(known, ", ")));
    }
    if (std::ranges::find(columns, title, &ColumnRule::name) != columns.end())
      return base::fail(Errc::invalid_argument,
                        fmt::format("{}:{}: column '{}' twice", name, rows->front().line, title));
    columns.push_back(*it);
  }
  if (std::ranges::find(columns, "email", &ColumnRule::name) == columns.end())
    return base::fail(Errc::invalid_argument, fmt::format("{}:{}: no column 'email'", name, rows->front().line));
  auto& users = body_["users"];
  if (!users.is_array()) users = json::array();
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    if (row->fields.size() != columns.size())
      return base::fail(Errc::bad_format, fmt::format("{}:{}: {} fields under {} columns", name, row->line,
                                                      row->fields.size(), columns.size()));
    json::object user;
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (!row->fields[i].empty()) user[columns[i].name] = cell_value(row->fields[i], columns[i].kind);
    places_[fmt::format("users[{}]", users.as_array().size())] = fmt::format("{}:{}", name, row->line);
    users.as_array().push_back(std::move(user));
  }
  return {};
}

std::string ProvisionDocument::place(std::string_view section, std::size_t index) const {
  const auto it = places_.find(fmt::format("{}[{}]", section, index));
  return it == places_.end() ? "" : it->second;
}

std::string ProvisionDocument::with_places(std::string message) const {
  for (const auto section : kSections) {
    const auto at = message.find(fmt::format("{}[", section));
    if (at == std::string::npos) continue;
    const auto end = message.find(']', at);
    if (end == std::string::npos) continue;
    const auto it = places_.find(std::string_view(message).substr(at, end + 1 - at));
    if (it != places_.end()) return fmt::format("{}: {}", it->second, message);
  }
  return message;
}

namespace {

/// A basic string, or another value that has the same form in both: TOML 1.0 escapes what JSON escapes, and DEL too.
std::string toml_value(const json::value& v) {
  auto text = json::serialize(v);
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}
std::string toml_key(std::string_view key) {
  return is_bare_key(key) ? std::string(key) : toml_value(json::value(key));
}

void write_fields(std::string& out, const json::object& fields) {
  for (const auto& [key, value] : fields)
    if (!value.is_null() && !value.is_object())
      out += fmt::format("{} = {}\n", toml_key(std::string_view(key)), toml_value(value));
}

}  // namespace

std::string provision_toml(const json::object& document) {
  std::string out;
  if (const auto* settings = document.if_contains("settings"); settings != nullptr && settings->is_object()) {
    out += "[settings]\n";
    write_fields(out, settings->as_object());
  }
  for (const auto section : kSections) {
    const auto* list = document.if_contains(json::string_view(section.data(), section.size()));
    if (list == nullptr || !list->is_array()) continue;
    // A section without elements says that there are none; a table array cannot say that.
    if (list->as_array().empty()) {
      out.insert(0, fmt::format("{} = []\n", section));
      continue;
    }
    for (const auto& element : list->as_array()) {
      out += fmt::format("{}[[{}]]\n", out.empty() ? "" : "\n", section);
      if (element.is_object()) write_fields(out, element.as_object());
    }
  }
  return out;
}

}  // namespace rescue::program
