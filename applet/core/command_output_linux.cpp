// SPDX-License-Identifier: Apache-2.0
#include "applet/core/command_output.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rescue::applet {
namespace {
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::vector<std::string> environment_of_c_locale() {
  std::vector<std::string> out;
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string_view row = *e;
    if (!row.starts_with("LC_") && !row.starts_with("LANG")) out.emplace_back(row);
  }
  for (const char* row : {"LC_ALL=C.UTF-8", "SYSTEMD_PAGER=cat", "SYSTEMD_COLORS=0"}) out.emplace_back(row);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& rows) {
  std::vector<char*> out;
  for (auto& row : rows) out.push_back(row.data());
  out.push_back(nullptr);
  return out;
}

base::Result<pid_t> start(std::vector<std::string> argv, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  // A session of its own: no terminal to ask on, and a group that can be killed as a whole.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  auto environment = environment_of_c_locale();
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, argv[0].c_str(), &files, &attributes, pointers(argv).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) return base::fail(base::Errc::not_found, fmt::format("program '{}'", argv[0]));
  if (error != 0) return base::fail(base::Errc::io, fmt::format("start '{}': {}", argv[0], std::strerror(error)));
  return pid;
}

/// False when the time is over.
bool read_all(int fd, std::string& out, std::size_t bytes_max, base::SteadyTime deadline) {
  char buffer[16 * 1024];
  while (true) {
    const auto left = deadline - base::system_clock().steady();
    if (left <= base::Duration::zero()) return false;
    pollfd waiting{fd, POLLIN, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (::poll(&waiting, 1, static_cast<int>(ms)) <= 0) continue;
    const auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    // What is beyond is read and thrown away: a full pipe would stop the program.
    out.append(buffer, std::min(static_cast<std::size_t>(n), bytes_max - out.size()));
  }
}
}  // namespace

base::Result<std::string> command_output(const std::vector<std::string>& argv, base::Duration limit,
                                         std::size_t bytes_max) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::errno_error("make a pipe"));
  Fd reading(ends[0]), writing(ends[1]);
  RESCUE_TRY(const pid_t pid, start(argv, writing.get()));
  writing.close();
  std::string out;
  const bool in_time = read_all(reading.get(), out, bytes_max, base::system_clock().steady() + limit);
  if (!in_time) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return base::fail(base::Errc::timed_out, fmt::format("'{}'", argv[0]));
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && out.empty()))
    return base::fail(base::Errc::io, WIFEXITED(status)
                                          ? fmt::format("'{}': exit code {}", argv[0], WEXITSTATUS(status))
                                          : fmt::format("'{}': ended by signal {}", argv[0], WTERMSIG(status)));
  return out;
}

}  // namespace rescue::applet
