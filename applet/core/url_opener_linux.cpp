// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "applet/core/url_opener.hpp"

namespace rescue::applet {
namespace {
/// xdg-open that runs longer than this is the browser itself: it has opened.
constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::milliseconds kLook{20};
constexpr const char* kProgram = "xdg-open";

/// Starts the program; remembers those that go on, to take their end when it comes.
class Browser {
 public:
  base::Result<> open(std::string address) {
    reap();
    RESCUE_TRY(const pid_t pid, start(std::move(address)));
    for (const auto end = base::system_clock().steady() + kPatience; base::system_clock().steady() < end;) {
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) != pid) {
        std::this_thread::sleep_for(kLook);
        continue;
      }
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
      return base::fail(base::Errc::io, WIFEXITED(status)
                                            ? fmt::format("{}: exit code {}", kProgram, WEXITSTATUS(status))
                                            : fmt::format("{}: ended by signal {}", kProgram, WTERMSIG(status)));
    }
    running_.push_back(pid);
    return {};
  }

 private:
  void reap() {
    std::erase_if(running_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) == pid; });
  }
  static base::Result<pid_t> start(std::string address) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::string program = kProgram;
    char* argv[] = {program.data(), address.data(), nullptr};
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, kProgram, &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error == ENOENT) return base::fail(base::Errc::not_found, "xdg-open, which knows the browser");
    if (error != 0) return base::fail(base::Errc::io, fmt::format("start {}: {}", kProgram, std::strerror(error)));
    return pid;
  }
  std::vector<pid_t> running_;
};
}  // namespace

OpenAddress open_with_browser() {
  return [browser = std::make_shared<Browser>()](const std::string& address) { return browser->open(address); };
}

}  // namespace rescue::applet
