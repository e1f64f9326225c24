// SPDX-License-Identifier: Apache-2.0
// Files of settings. The implementation of toml++ is compiled here.
#define TOML_IMPLEMENTATION
#include "config/impl/toml.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "config/impl/parse_value.hpp"

namespace rescue::config {
namespace {

/// Walks the tables of one file and collects values and problems.
class Walk {
 public:
  Walk(const KeyTable& table, std::string_view file_name) : table_(table), file_(file_name) {}

  void visit(const toml::table& node, const std::string& prefix) {
    for (const auto& [name, child] : node) {
      const std::string path = prefix + std::string(name.str());
      if (const auto* key = table_.find(path)) {
        take(*key, child);
      } else if (child.is_table() && is_section(path)) {
        visit(*child.as_table(), path + ".");
      } else {
        report_unknown(path, name.source());
      }
    }
  }

  std::vector<FileValue> values;
  std::vector<std::string> problems;

 private:
  [[nodiscard]] std::string place(const toml::source_region& at) const {
    return fmt::format("{}:{}:{}", file_, at.begin.line, at.begin.column);
  }

  [[nodiscard]] bool is_section(const std::string& path) const {
    for (const auto& key : table_.keys())
      if (key.name.starts_with(path) && key.name.size() > path.size() && key.name[path.size()] == '.') return true;
    return false;
  }

  void report_unknown(const std::string& path, const toml::source_region& at) {
    auto text = fmt::format("{}: unknown key '{}'", place(at), base::to_display_text(path.substr(0, 128)));
    if (const auto near = table_.nearest(path); !near.empty()) text += fmt::format(", did you mean '{}'?", near);
    problems.push_back(std::move(text));
  }

  void take(const Key& key, const toml::node& node) {
    auto value = typed(key, node);
    if (!value) {
      problems.push_back(fmt::format("{}: '{}' {}", place(node.source()), key.name, value.error()));
    } else if (auto broken = broken_constraint(key, *value)) {
      problems.push_back(fmt::format("{}: '{}' {}", place(node.source()), key.name, *broken));
    } else {
      values.push_back({&key, std::move(*value), place(node.source())});
    }
  }

  static std::expected<Value, std::string> typed(const Key& key, const toml::node& node) {
    switch (key.type) {
      case Type::text:
        if (const auto* s = node.as_string()) return std::string(s->get());
        break;
      case Type::boolean:
        if (const auto* b = node.as_boolean()) return b->get();
        break;
      case Type::integer:
        if (const auto* i = node.as_integer()) return i->get();
        break;
      case Type::duration:
        if (const auto* s = node.as_string()) return parse_text(key, s->get());
        break;
      case Type::text_list:
        if (const auto* a = node.as_array()) return texts(*a);
        break;
    }
    return std::unexpected(fmt::format("must be {}", type_name(key.type)));
  }

  static std::expected<Value, std::string> texts(const toml::array& array) {
    std::vector<std::string> out;
    for (const auto& element : array) {
      const auto* s = element.as_string();
      if (s == nullptr) return std::unexpected(std::string("must be a list of texts"));
      out.emplace_back(s->get());
    }
    return out;
  }

  const KeyTable& table_;
  std::string_view file_;
};

}  // namespace

std::expected<std::vector<FileValue>, std::vector<std::string>> parse_file(const KeyTable& table, std::string_view toml,
                                                                           std::string_view file_name) {
  // toml++ takes its name for messages from us, so its own copy is not needed.
  auto parsed = toml::parse(toml);
  if (!parsed) {
    const auto& error = parsed.error();
    return std::unexpected(std::vector{fmt::format("{}:{}:{}: {}", file_name, error.source().begin.line,
                                                   error.source().begin.column, error.description())});
  }
  Walk walk(table, file_name);
  walk.visit(parsed.table(), "");
  if (!walk.problems.empty()) return std::unexpected(std::move(walk.problems));
  return std::move(walk.values);
}

}  // namespace rescue::config
