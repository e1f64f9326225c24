// SPDX-License-Identifier: Apache-2.0
#include "config/toml_json.hpp"

#include <cmath>
#include <optional>

#include "config/impl/toml.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::config {
namespace {

/// Writes one file's tables and remembers where they stood.
class Writer {
 public:
  TomlJson out;
  std::optional<std::string> problem;  // the first one: "line:column: …"

  void table(const toml::table& table, const std::string& path) {
    out.json += '{';
    bool first = true;
    for (const auto& [name, child] : table) {
      if (!first) out.json += ',';
      first = false;
      out.json += base::json_quote(name.str());
      out.json += ':';
      value(child, path.empty() ? std::string(name.str()) : path + "." + std::string(name.str()));
    }
    out.json += '}';
  }

 private:
  void array(const toml::array& array, const std::string& path) {
    out.json += '[';
    std::size_t at = 0;
    for (const auto& child : array) {
      if (at > 0) out.json += ',';
      const auto place = fmt::format("{}[{}]", path, at++);
      if (child.is_table()) out.lines.emplace(place, child.source().begin.line);
      value(child, place);
    }
    out.json += ']';
  }

  void value(const toml::node& node, const std::string& path) {
    if (const auto* t = node.as_table()) {
      table(*t, path);
    } else if (const auto* a = node.as_array()) {
      array(*a, path);
    } else if (const auto* s = node.as_string()) {
      out.json += base::json_quote(s->get());
    } else if (const auto* i = node.as_integer()) {
      out.json += std::to_string(i->get());
    } else if (const auto* b = node.as_boolean()) {
      out.json += b->get() ? "true" : "false";
    } else if (const auto* f = node.as_floating_point(); f != nullptr && std::isfinite(f->get())) {
      out.json += fmt::format("{}", f->get());
    } else {
      const auto& begin = node.source().begin;
      if (!problem)
        problem = fmt::format("{}:{}: '{}' must be a text, number, boolean, list or table", begin.line, begin.column,
                              base::to_display_text(path));
      out.json += "null";
    }
  }
};

}  // namespace

base::Result<TomlJson> toml_as_json(std::string_view toml, std::string_view file_name) {
  if (!base::is_valid_utf8(toml)) return base::fail(base::Errc::bad_format, fmt::format("{}: not UTF-8", file_name));
  auto parsed = toml::parse(toml);
  if (!parsed) {
    const auto& error = parsed.error();
    return base::fail(base::Errc::bad_format, fmt::format("{}:{}:{}: {}", file_name, error.source().begin.line,
                                                          error.source().begin.column, error.description()));
  }
  Writer writer;
  writer.table(parsed.table(), "");
  if (writer.problem) return base::fail(base::Errc::bad_format, fmt::format("{}:{}", file_name, *writer.problem));
  return std::move(writer.out);
}

}  // namespace rescue::config
