// SPDX-License-Identifier: Apache-2.0
// The local socket between a session's background process and its views: where it is, who may use it, and lines over
// it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::client {

/// $XDG_RUNTIME_DIR/rescue when that variable names an absolute folder, else /tmp/rescue-UID; made with mode 0700.
/// Errors: denied when it is not this user's alone (another owner, a symbolic link, access for others).
[[nodiscard]] base::Result<std::filesystem::path> agent_dir(const std::optional<std::string>& xdg_runtime_dir);
/// DIR/session-ID.sock. too_large when the path does not fit a socket address (107 bytes).
[[nodiscard]] base::Result<std::filesystem::path> agent_socket_path(const std::filesystem::path& dir,
                                                                    const std::string& session);

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& o) noexcept : fd_(o.release()) {}
  Descriptor& operator=(Descriptor&& o) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// The right to be a session's background process, and its listening socket (mode 0600, non-blocking). Both go with it.
class AgentListener {
 public:
  /// conflict when another process has it; a socket that a dead one left is replaced.
  [[nodiscard]] static base::Result<AgentListener> open(const std::filesystem::path& socket);
  AgentListener(AgentListener&&) noexcept = default;
  AgentListener& operator=(AgentListener&&) noexcept = default;
  ~AgentListener();
  [[nodiscard]] int fd() const { return listener_.get(); }

 private:
  AgentListener() = default;
  Descriptor lock_, listener_;
  std::filesystem::path socket_, lock_path_;
};

/// True when the process behind `fd` is this user's (SO_PEERCRED, unix(7)).
[[nodiscard]] bool is_own_peer(int fd);
/// Connects, blocking. not_found when nobody listens there, denied when it is another user's process.
[[nodiscard]] base::Result<Descriptor> connect_agent(const std::filesystem::path& socket);

/// Gathers bytes to lines. Not thread-safe.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t cap) : cap_(cap) {}
  void add(std::string_view bytes) { pending_ += bytes; }
  /// The next whole line without its end; nothing when there is none yet. too_large when a line passes the cap: the
  /// rest of that line is dropped, and reading may go on.
  [[nodiscard]] base::Result<std::optional<std::string>> next();
  /// What stands after the last line end, at the end of input.
  [[nodiscard]] std::string rest();

 private:
  std::size_t cap_;
  std::string pending_;
  std::size_t at_ = 0;
  bool dropping_ = false;
};

}  // namespace rescue::client
