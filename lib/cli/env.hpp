// SPDX-License-Identifier: Apache-2.0
// What a program may touch: streams, environment, clock, terminal. Programs are `x_main(args, env)`; main.cpp only
// calls run_main, so that tests run whole programs in-process with an Env of their own.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"

namespace rescue::cli {

/// Arguments after the program's name.
using Args = std::span<const std::string>;

/// Not thread-safe; owned by main or a test, outlives x_main. stdout is data only, stderr all else.
struct Env {
  std::ostream* out = nullptr;  // standard output
  std::ostream* err = nullptr;  // standard error
  int in_fd = 0;                // standard input; a descriptor, so that it can be polled
  int out_fd = 1;               // the descriptor behind `out`, -1 when `out` is in memory
  bool in_is_tty = false;
  bool out_is_tty = false;
  bool err_is_tty = false;
  int columns = 80;  // width of the terminal
  std::map<std::string, std::string, std::less<>> environment;
  base::Clock* clock = &base::system_clock();
  base::RandomSource* random = &base::system_random();
  std::filesystem::path cwd;
  std::filesystem::path self;  // the running binary; helpers are looked for beside it

  /// The value, or nothing when unset or empty.
  [[nodiscard]] std::optional<std::string> var(std::string_view name) const;
  /// `path` made absolute against cwd.
  [[nodiscard]] std::filesystem::path absolute(const std::filesystem::path& path) const;
  /// $XDG_CONFIG_HOME/rescue, or ~/.config/rescue; empty without either.
  [[nodiscard]] std::filesystem::path config_dir() const;
  /// $XDG_STATE_HOME/rescue, or ~/.local/state/rescue; empty without either.
  [[nodiscard]] std::filesystem::path state_dir() const;
};

/// The process' own Env: cout, cerr, descriptors 0 and 1, environ, system clock.
[[nodiscard]] Env process_env();

/// A program: `int x_main(Args, Env&)` returns a process exit code (base::Exit or, for --check and the like, its own).
using ProgramMain = int (*)(Args args, Env& env);

/// Body of every main(): ignores SIGPIPE, ends with 130 at SIGINT (daemons replace that handler), builds the Env, runs,
/// flushes. An exception that got this far prints "NAME: internal error: …" and gives 1; output that could not be
/// written gives 1 as well.
int run_main(int argc, char** argv, ProgramMain program);

inline int exit_code(base::Exit e) { return static_cast<int>(e); }

}  // namespace rescue::cli
