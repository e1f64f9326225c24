// SPDX-License-Identifier: Apache-2.0
#include "config/settings.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "config/impl/parse_value.hpp"

namespace rescue::config {
namespace {
using base::Errc;

base::Result<std::string> read_file(const std::string& path) {
  struct stat st {};
  const auto doing = fmt::format("read configuration '{}'", path);
  if (::stat(path.c_str(), &st) != 0) return base::fail(base::errno_error(doing));
  if (!S_ISREG(st.st_mode)) return base::fail(Errc::bad_format, doing + ": not a regular file");
  if (static_cast<std::size_t>(st.st_size) > kMaxFileBytes) return base::fail(Errc::too_large, doing);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in || content.bad()) return base::fail(Errc::io, doing);
  return std::move(content).str();
}

/// A TOML basic string: JSON's escapes are a subset of TOML's.
std::string toml_text(std::string_view s) { return base::json_quote(s); }

std::string toml_value(const Key& key, const Value& value) {
  switch (key.type) {
    case Type::text:
      return toml_text(std::get<std::string>(value));
    case Type::boolean:
      return std::get<bool>(value) ? "true" : "false";
    case Type::integer:
      return std::to_string(std::get<std::int64_t>(value));
    case Type::duration:
      return toml_text(duration_text(std::get<base::Duration>(value)));
    case Type::text_list: {
      std::vector<std::string> quoted;
      for (const auto& s : std::get<std::vector<std::string>>(value)) quoted.push_back(toml_text(s));
      return fmt::format("[{}]", fmt::join(quoted, ", "));
    }
  }
  return {};
}

}  // namespace

class Loader {
 public:
  Loader(const KeyTable& table, const Sources& sources) : table_(table), sources_(sources) {}

  base::Result<Settings> run(std::optional<std::string_view> toml, std::string_view file_name) {
    defaults();
    if (toml) file(*toml, file_name);
    environment();
    for (const auto& [name, text] : sources_.flags) {
      if (const auto* key = table_.find(name); key != nullptr && key->secret) {
        return base::fail(Errc::invalid_argument,
                          fmt::format("{}: secrets come from the environment ({}) or the file, never from flags",
                                      KeyTable::flag_name(*key), table_.environment_name(*key)));
      }
      flag(name, text);
    }
    if (!problems_.empty()) return base::fail(Errc::bad_format, fmt::format("{}", fmt::join(problems_, "\n")));
    return std::move(settings_);
  }

 private:
  void defaults() {
    for (const auto& key : table_.keys()) {
      auto value = parse_text(key, key.default_text);
      RESCUE_ASSERT(value.has_value());  // a default that breaks its own row is a bug of the table
      settings_.slots_.insert_or_assign(std::string(key.name),
                                        Settings::Slot{&key, std::move(*value), "default", false});
    }
  }

  void set(const Key& key, Value value, std::string origin) {
    settings_.slots_.insert_or_assign(std::string(key.name),
                                      Settings::Slot{&key, std::move(value), std::move(origin), true});
  }

  void set_text(const Key& key, std::string_view text, std::string origin) {
    auto value = parse_text(key, text);
    if (value)
      set(key, std::move(*value), std::move(origin));
    else
      problems_.push_back(fmt::format("{}: '{}' {}", origin, key.name, value.error()));
  }

  void file(std::string_view toml, std::string_view file_name) {
    auto values = parse_file(table_, toml, file_name);
    if (!values) {
      problems_.insert(problems_.end(), values.error().begin(), values.error().end());
      return;
    }
    for (auto& v : *values) set(*v.key, std::move(v.value), std::move(v.place));
  }

  void environment() {
    if (!sources_.environment) return;
    for (const auto& key : table_.keys()) {
      const auto name = table_.environment_name(key);
      if (const auto text = sources_.environment(name)) set_text(key, *text, "environment " + name);
    }
  }

  void flag(std::string_view name, std::string_view text) {
    const auto* key = table_.find(name);
    RESCUE_ASSERT(key != nullptr);  // the flag table is made from the key table
    set_text(*key, text, "flag " + KeyTable::flag_name(*key));
  }

  const KeyTable& table_;
  const Sources& sources_;
  Settings settings_;
  std::vector<std::string> problems_;
};

const Settings::Slot& Settings::slot(std::string_view key) const {
  const auto at = slots_.find(key);
  RESCUE_ASSERT(at != slots_.end());
  return at->second;
}

const std::string& Settings::text(std::string_view key) const { return std::get<std::string>(slot(key).value); }
bool Settings::boolean(std::string_view key) const { return std::get<bool>(slot(key).value); }
std::int64_t Settings::integer(std::string_view key) const { return std::get<std::int64_t>(slot(key).value); }
base::Duration Settings::duration(std::string_view key) const { return std::get<base::Duration>(slot(key).value); }
const std::vector<std::string>& Settings::list(std::string_view key) const {
  return std::get<std::vector<std::string>>(slot(key).value);
}
bool Settings::is_set(std::string_view key) const { return slot(key).set; }
const std::string& Settings::origin(std::string_view key) const { return slot(key).origin; }

std::string Settings::dump() const {
  // Keys without a section must stand before the first section; std::map keeps sections together.
  std::string top;
  std::string sections;
  std::string section;
  for (const auto& [name, slot] : slots_) {
    const auto dot = name.rfind('.');
    auto& out = dot == std::string::npos ? top : sections;
    if (dot != std::string::npos && name.substr(0, dot) != section) {
      section = name.substr(0, dot);
      out += fmt::format("[{}]\n", section);
    }
    const bool masked = slot.key->secret && slot.set;
    out += fmt::format("# {}\n# from {}\n{} = {}\n\n", slot.key->description, slot.origin,
                       dot == std::string::npos ? name : name.substr(dot + 1),
                       masked ? "\"********\"" : toml_value(*slot.key, slot.value));
  }
  return top + sections;
}

base::Result<Settings> load_text(const KeyTable& table, std::string_view toml, std::string_view file_name,
                                 const Sources& sources) {
  return Loader(table, sources).run(toml, file_name);
}

base::Result<Settings> load(const KeyTable& table, const Sources& sources) {
  if (!sources.file) return Loader(table, sources).run(std::nullopt, "");
  RESCUE_TRY(const auto content, read_file(*sources.file));
  return load_text(table, content, *sources.file, sources);
}

}  // namespace rescue::config
