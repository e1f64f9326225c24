// SPDX-License-Identifier: Apache-2.0
// admin policy show|set: the settings of the site.
#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::size_t kMaxValueBytes = 64 * 1024;
constexpr std::string_view kKeys[] = {"name", "value", "default", "help"};
constexpr cli::Column kColumns[] = {{"NAME"}, {"VALUE"}, {"DEFAULT"}, {"MEANING"}};

base::Result<json::array> settings_of(const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  return client::array_field(answer.as_object(), "settings");
}

void write(Invocation& in, const json::array& settings, const std::vector<std::string>& only) {
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  for (const auto& setting : settings) {
    if (!setting.is_object()) continue;
    const auto name = cell_of(setting.as_object(), "name");
    if (!only.empty() && std::ranges::find(only, name) == only.end()) continue;
    auto record = record_of(setting.as_object(), kKeys);
    record.name = name;
    writer.add(record);
  }
  writer.finish();
}

/// A value as it was typed; "@FILE" is what stands in a file, "@-" on standard input, without the last line end.
base::Result<std::string> value_of(Invocation& in, const std::string& typed) {
  if (!typed.starts_with('@')) return typed;
  const auto name = typed.substr(1);
  int fd = in.env.in_fd;
  if (name != "-") {
    fd = ::open(in.env.absolute(name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::fail(base::errno_error(fmt::format("read '{}'", name)));
  }
  auto text = cli::read_all(fd, kMaxValueBytes);
  if (name != "-") ::close(fd);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

base::Result<> all_known(const json::array& settings, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const bool known = std::ranges::any_of(
        settings, [&](const json::value& s) { return s.is_object() && cell_of(s.as_object(), "name") == name; });
    if (!known) return base::fail(base::Errc::not_found, fmt::format("no setting '{}'", name));
  }
  return {};
}

}  // namespace

base::Result<int> policy_show(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/policy"));
  RESCUE_TRY(const auto settings, settings_of(answer));
  const auto names = in.parsed.positionals("NAME");
  RESCUE_CHECK(all_known(settings, names));
  write(in, settings, names);
  return 0;
}

base::Result<int> policy_set(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  json::object wanted;
  std::vector<std::string> names;
  const auto add = [&](std::string name, json::value value) -> base::Result<> {
    if (wanted.contains(name)) return base::fail(base::Errc::invalid_argument, fmt::format("{}: given twice", name));
    wanted[name] = std::move(value);
    names.push_back(std::move(name));
    return {};
  };
  for (const auto& pair : in.parsed.positionals("NAME=VALUE")) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return base::fail(base::Errc::invalid_argument, "a change is written NAME=VALUE");
    RESCUE_TRY(const auto value, value_of(in, pair.substr(equals + 1)));
    RESCUE_CHECK(add(pair.substr(0, equals), json::value(value)));
  }
  for (const auto& name : in.parsed.all("reset")) RESCUE_CHECK(add(name, nullptr));
  if (wanted.empty())
    return base::fail(base::Errc::invalid_argument, "nothing to change: give NAME=VALUE or --reset NAME");
  RESCUE_TRY(const auto answer, api->patch("/policy", {{"settings", std::move(wanted)}}));
  RESCUE_TRY(const auto settings, settings_of(answer));
  write(in, settings, names);
  return 0;
}

}  // namespace rescue::program
