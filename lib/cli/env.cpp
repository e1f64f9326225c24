// SPDX-License-Identifier: Apache-2.0
#include "cli/env.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/secret_input.hpp"

extern char** environ;  // NOLINT: POSIX

namespace rescue::cli {
namespace {
/// $variable/rescue, or ~/fallback/rescue.
std::filesystem::path xdg_dir(const Env& env, std::string_view variable, std::string_view fallback) {
  // XDG base directories: a relative path is to be ignored.
  if (auto dir = env.var(variable); dir && dir->starts_with('/')) return std::filesystem::path(*dir) / "rescue";
  if (auto home = env.var("HOME")) return std::filesystem::path(*home) / fallback / "rescue";
  return {};
}
}  // namespace

std::optional<std::string> Env::var(std::string_view name) const {
  const auto it = environment.find(name);
  if (it == environment.end() || it->second.empty()) return std::nullopt;
  return it->second;
}

std::filesystem::path Env::absolute(const std::filesystem::path& path) const {
  return path.is_absolute() ? path : (cwd / path).lexically_normal();
}

std::filesystem::path Env::config_dir() const { return xdg_dir(*this, "XDG_CONFIG_HOME", ".config"); }
std::filesystem::path Env::state_dir() const { return xdg_dir(*this, "XDG_STATE_HOME", ".local/state"); }

/// What stands in buffers is not worth more than ending at once; programs with a goodbye of their own take the signal
/// over.
static void on_interrupt(int) {
  restore_terminal();
  ::_exit(exit_code(base::Exit::interrupted));
}

Env process_env() {
  Env env;
  env.out = &std::cout;
  env.err = &std::cerr;
  env.in_is_tty = ::isatty(0) == 1;
  env.out_is_tty = ::isatty(1) == 1;
  env.err_is_tty = ::isatty(2) == 1;
  winsize size{};
  for (int fd : {1, 2, 0})
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      env.columns = size.ws_col;
      break;
    }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const auto eq = text.find('='); eq != text.npos)
      env.environment.emplace(text.substr(0, eq), text.substr(eq + 1));
  }
  std::error_code ignored;
  env.cwd = std::filesystem::current_path(ignored);
  env.self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return env;
}

int run_main(int argc, char** argv, ProgramMain program) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe or socket is an error where it is written
  ::signal(SIGINT, on_interrupt);
  std::ios::sync_with_stdio(false);
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "rescue";
  int code = exit_code(base::Exit::failed);
  try {
    auto env = process_env();
    const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    code = program(args, env);
  } catch (const std::exception& e) {
    std::cerr << name << ": internal error: " << e.what() << "\n";
  }
  std::cout.flush();
  std::cerr.flush();
  if (!std::cout && code == 0) return exit_code(base::Exit::failed);
  return code;
}

}  // namespace rescue::cli
