// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/spawn.hpp"

#include <spawn.h>

#include <fmt/format.h>

namespace rescue::program {

base::Result<pid_t> spawn(const cli::Env& env, const std::filesystem::path& program, std::vector<std::string> arguments,
                          const Streams& streams) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : env.environment) variables.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (auto& a : arguments) argv.push_back(a.data());
  for (auto& v : variables) envp.push_back(v.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const int given[]{streams.in, streams.out, streams.err};
  for (int stream = 0; stream < 3; ++stream) {
    if (given[stream] >= 0) ::posix_spawn_file_actions_adddup2(&actions, given[stream], stream);
  }
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::fail(base::errno_error(fmt::format("start '{}'", program.string()), error));
  return pid;
}

}  // namespace rescue::program
