// SPDX-License-Identifier: Apache-2.0
#include "applet/core/elevation.hpp"

#include <pwd.h>
#include <unistd.h>

#include "applet/core/script_guard.hpp"

namespace rescue::applet {
namespace {
constexpr std::string_view kRoot = "root";

/// useradd(8) allows letters, digits, '_', '-', '.' and '$'; a domain's accounts have '\\' or '@'. Nothing that a shell
/// or an option parser would read as more than a name.
bool is_account_name(std::string_view name) {
  if (name.empty() || name.size() > kAccountNameMax || name.front() == '-') return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '@' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
  });
}

base::Result<std::string> find_program(const GuardPlace& place, std::string_view name) {
  std::string_view left = place.search_path;
  while (!left.empty()) {
    const auto colon = left.find(':');
    const auto path = std::string(left.substr(0, colon)) + "/" + std::string(name);
    if (path.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
    left = colon == std::string_view::npos ? std::string_view() : left.substr(colon + 1);
  }
  return base::fail(base::Errc::unsupported, fmt::format("there is no {} on this machine", name));
}

/// The guard's program as another user finds it.
std::string program_for_others(const GuardPlace& place) {
  return place.program == "/proc/self/exe" ? fmt::format("/proc/{}/exe", ::getpid()) : place.program;
}

void add_line(base::SecretBytes& lines, base::ByteView password) {
  base::SecretBytes longer(lines.view().size() + password.size() + 1);
  std::ranges::copy(lines.view(), longer.data().begin());
  std::ranges::copy(password, longer.data().begin() + static_cast<std::ptrdiff_t>(lines.view().size()));
  longer.data().back() = '\n';
  lines = std::move(longer);
}
}  // namespace

GuardPlace guard_place() {
  GuardPlace place;
  place.root = ::geteuid() == 0;
  if (const auto* who = ::getpwuid(::geteuid())) place.user = who->pw_name;
  return place;
}

GuardStart plain_start(const GuardPlace& place) {
  GuardStart start;
  start.argv = {place.program, std::string(kGuardArgument)};
  return start;
}

base::Result<GuardStart> elevated_start(const GuardPlace& place, const Account& account) {
  if (!is_account_name(account.name)) return base::fail(base::Errc::invalid_argument, "that is no name of an account");
  const auto password = base::as_text(account.password.view());
  if (password.empty() || password.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
    return base::fail(base::Errc::invalid_argument, "that is no password");
  GuardStart start;
  start.as_root = true;
  if (place.root) {  // no program would ask for the password, and none is needed
    start.argv = plain_start(place).argv;
    return start;
  }
  const auto guard = program_for_others(place);
  add_line(start.lines, account.password.view());
  if (account.name == kRoot) {
    RESCUE_TRY(auto su, find_program(place, "su"));
    start.argv = {std::move(su), "-c", fmt::format("exec {} {}", guard, kGuardArgument), "--", std::string(kRoot)};
    return start;
  }
  RESCUE_TRY(auto sudo, find_program(place, "sudo"));
  // -k: what somebody typed before is not what counts. The prompt is empty, as nobody reads it.
  if (account.name == place.user) {
    start.argv = {std::move(sudo), "-k", "-S", "-p", "", "--", guard, std::string(kGuardArgument)};
    return start;
  }
  RESCUE_TRY(auto su, find_program(place, "su"));
  add_line(start.lines, account.password.view());
  start.argv = {std::move(su), "-c", fmt::format("exec {} -k -S -p '' -- {} {}", sudo, guard, kGuardArgument), "--",
                account.name};
  return start;
}

}  // namespace rescue::applet
