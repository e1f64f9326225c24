// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon.hpp"

namespace rescue::cli {

base::Result<std::filesystem::path> state_folder(const Parsed& parsed, const Env& env, std::string_view name) {
  if (const auto given = parsed.maybe("state")) return env.absolute(*given);
  if (const auto own = env.state_dir(); !own.empty()) return own / name;
  return base::fail(base::Errc::invalid_argument, "no state folder: give --state DIR");
}

std::optional<std::string> config_file(const Parsed& parsed, const Env& env, const std::filesystem::path& own) {
  if (const auto given = parsed.maybe("config")) return env.absolute(*given).string();
  return std::filesystem::exists(own) ? std::optional(own.string()) : std::nullopt;
}

std::vector<std::pair<std::string, std::string>> given_keys(const Parsed& parsed, std::span<const FlagKey> flags) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [flag, key] : flags)
    if (parsed.source(flag) == Source::flag) out.emplace_back(key, parsed.text(flag));
  return out;
}

std::function<std::optional<std::string>(std::string_view)> environment_of(const Env& env) {
  return [&env](std::string_view name) { return env.var(name); };
}

}  // namespace rescue::cli
