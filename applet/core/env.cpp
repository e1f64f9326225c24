// SPDX-License-Identifier: Apache-2.0
#include "applet/core/env.hpp"

#include <csignal>
#include <iostream>
#include <vector>

#include "base/error.hpp"
#include "stamp/own_image.hpp"

extern "C" {
extern char** environ;
}

namespace rescue::applet {

std::optional<std::string> Env::var(std::string_view name) const {
  auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Env process_env() {
  Env env;
  env.out = &std::cout;
  env.err = &std::cerr;
  env.own_slot = stamp::read_own_slot;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    if (auto equals = text.find('='); equals != std::string_view::npos)
      env.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

int run_main(int argc, char** argv, int (*program)(Args, Env&)) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  auto env = process_env();
  try {
    return program(args, env);
  } catch (const std::exception& e) {
    std::cerr << "rescue-applet: internal error: " << e.what() << '\n';
  }
  return static_cast<int>(base::Exit::failed);
}

}  // namespace rescue::applet
