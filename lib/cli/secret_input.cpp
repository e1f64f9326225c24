// SPDX-License-Identifier: Apache-2.0
#include "cli/secret_input.hpp"

#include <cerrno>
#include <csignal>
#include <optional>
#include <ostream>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rescue::cli {
namespace {

constexpr std::size_t kReadChunk = 64 * 1024;

// What the interrupt handler puts back; set before the flag, so that the handler never sees half of it.
termios g_saved_terminal;                      // NOLINT
int g_terminal = -1;                           // NOLINT
volatile std::sig_atomic_t g_echo_is_off = 0;  // NOLINT

/// Turns echo off while it lives; a descriptor that is no terminal is left alone.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &saved_) != 0) return;
    g_saved_terminal = saved_;
    g_terminal = fd_;
    g_echo_is_off = 1;
    auto quiet = saved_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (active_) ::tcsetattr(fd_, TCSAFLUSH, &saved_);
    g_echo_is_off = 0;
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  termios saved_{};
  bool active_ = false;
};

base::Result<base::SecretBytes> finished(std::string_view name, std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return base::fail(base::Errc::invalid_argument, fmt::format("{} is empty", name));
  base::SecretBytes out(base::to_bytes(base::as_bytes(text)));
  base::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return out;
}

base::Result<std::string> prompt_line(Env& env, std::string_view prompt) {
  *env.err << prompt << ": " << std::flush;
  base::Result<std::string> line = [&] {
    NoEcho quiet(env.in_fd);
    return read_line(env.in_fd, kMaxSecretBytes);
  }();
  *env.err << '\n' << std::flush;
  return line;
}

base::Result<std::string> secret_file(Env& env, std::string_view name, const std::string& file) {
  const auto path = env.absolute(file);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::fail(base::errno_error(fmt::format("read {} from '{}'", name, path.string())));
  auto text = read_all(fd, kMaxSecretBytes);
  ::close(fd);
  if (!text) return base::fail(text.error().within(fmt::format("read {} from '{}'", name, path.string())));
  return text;
}

}  // namespace

void restore_terminal() {
  if (g_echo_is_off != 0) ::tcsetattr(g_terminal, TCSANOW, &g_saved_terminal);
}

base::Result<std::string> read_line(int fd, std::size_t cap) {
  std::string out;
  for (;;) {
    char c = 0;
    const auto n = ::read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error("read standard input"));
    if (n == 0 && out.empty()) return base::fail(base::Errc::closed, "standard input");
    if (n == 0 || c == '\n') break;
    if (out.size() >= cap) return base::fail(base::Errc::too_large, fmt::format("a line of more than {} bytes", cap));
    out += c;
  }
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

base::Result<std::string> read_all(int fd, std::size_t cap) {
  std::string out;
  for (;;) {
    const auto at = out.size();
    const auto room = std::min(kReadChunk, cap + 1 - at);
    out.resize(at + room);
    const auto n = ::read(fd, out.data() + at, room);
    out.resize(at + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error("read"));
    if (n == 0) return out;
    if (out.size() > cap) return base::fail(base::Errc::too_large, fmt::format("more than {} bytes", cap));
  }
}

namespace {

/// From standard input, a file or the environment; nothing when none of them was named.
base::Result<std::optional<base::SecretBytes>> given_secret(Env& env, const Parsed& parsed, std::string_view name) {
  const auto stdin_flag = fmt::format("{}-stdin", name);
  const auto file_flag = fmt::format("{}-file", name);
  if (parsed.on(stdin_flag)) {
    auto line = read_line(env.in_fd, kMaxSecretBytes);
    if (!line && line.error().code == base::Errc::closed)
      return base::fail(base::Errc::invalid_argument, fmt::format("{} is missing: standard input is empty", name));
    if (!line) return base::fail(line.error().within(fmt::format("read {}", name)));
    return finished(name, *std::move(line));
  }
  if (auto file = parsed.maybe(file_flag)) {
    RESCUE_TRY(auto text, secret_file(env, name, *file));
    return finished(name, std::move(text));
  }
  std::string_view variable;
  for (const auto& f : parsed.command().flags)
    if (f.name == name) variable = f.env;
  if (!variable.empty())
    if (auto value = env.var(variable)) return finished(name, *std::move(value));
  if (!env.in_is_tty)
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("{} is missing: give --{}, --{} FILE{}{}", name, stdin_flag, file_flag,
                                  variable.empty() ? "" : " or the variable ", variable));
  return std::nullopt;
}

/// Asks for what was typed once more.
base::Result<> typed_again(Env& env, std::string_view name, std::string_view prompt, std::string_view first) {
  RESCUE_TRY(auto second, prompt_line(env, fmt::format("{} again", prompt)));
  const bool same = first == second;
  base::wipe({reinterpret_cast<std::uint8_t*>(second.data()), second.size()});
  if (!same) return base::fail(base::Errc::invalid_argument, fmt::format("the two entries of {} differ", name));
  return {};
}

}  // namespace

base::Result<base::SecretBytes> read_secret(Env& env, const Parsed& parsed, std::string_view name,
                                            std::string_view prompt, bool confirm) {
  RESCUE_TRY(auto given, given_secret(env, parsed, name));
  if (given) return std::move(*given);
  RESCUE_TRY(auto first, prompt_line(env, prompt));
  if (confirm) RESCUE_CHECK(typed_again(env, name, prompt, first));
  return finished(name, std::move(first));
}

base::Result<base::SecretBytes> read_new_secret(Env& env, const Parsed& parsed, std::string_view name,
                                                std::string_view prompt, const JudgeSecret& judge) {
  RESCUE_TRY(auto given, given_secret(env, parsed, name));
  if (given) {
    (void)judge(given->view());
    return std::move(*given);
  }
  for (int tries = 1;; ++tries) {
    RESCUE_TRY(auto line, prompt_line(env, prompt));
    RESCUE_TRY(auto typed, finished(name, std::move(line)));
    if (!judge(typed.view()) && tries < kSecretTries) continue;
    RESCUE_CHECK(typed_again(env, name, prompt, base::as_text(typed.view())));
    return typed;
  }
}

bool confirm_on_terminal(Env& env, std::string_view question) {
  if (!env.in_is_tty) return false;
  *env.err << question << " [y/N] " << std::flush;
  const auto line = read_line(env.in_fd, kMaxSecretBytes);
  return line && (*line == "y" || *line == "Y" || *line == "yes");
}

}  // namespace rescue::cli
