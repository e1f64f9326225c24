// SPDX-License-Identifier: Apache-2.0
#include "client/agent_socket.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace rescue::client {
namespace {
namespace fs = std::filesystem;
constexpr int kBacklog = 16;

base::Result<> make_private(const fs::path& dir) {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
    return base::fail(base::errno_error(fmt::format("create folder '{}'", dir.string())));
  struct stat info {};
  if (::lstat(dir.c_str(), &info) != 0) return base::fail(base::errno_error(fmt::format("folder '{}'", dir.string())));
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0)
    return base::fail(base::Errc::denied, fmt::format("folder '{}' is not this user's alone", dir.string()));
  return {};
}

base::Result<sockaddr_un> address_of(const fs::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto text = socket.string();
  if (text.size() >= sizeof(address.sun_path))
    return base::fail(base::Errc::too_large, fmt::format("socket path '{}' has {} bytes, at most {} fit", text,
                                                         text.size(), sizeof(address.sun_path) - 1));
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& o) noexcept {
  if (this != &o) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = o.release();
  }
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<fs::path> agent_dir(const std::optional<std::string>& xdg_runtime_dir) {
  const auto dir = xdg_runtime_dir && xdg_runtime_dir->starts_with('/')
                       ? fs::path(*xdg_runtime_dir) / "rescue"
                       : fs::path(fmt::format("/tmp/rescue-{}", ::geteuid()));
  RESCUE_CHECK(make_private(dir));
  return dir;
}

base::Result<fs::path> agent_socket_path(const fs::path& dir, const std::string& session) {
  auto path = dir / fmt::format("session-{}.sock", session);
  RESCUE_TRY(const auto address, address_of(path));
  static_cast<void>(address);
  return path;
}

base::Result<AgentListener> AgentListener::open(const fs::path& socket) {
  AgentListener out;
  out.socket_ = socket;
  out.lock_path_ = fs::path(socket.string() + ".lock");
  out.lock_ = Descriptor(::open(out.lock_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.lock_) return base::fail(base::errno_error(fmt::format("open '{}'", out.lock_path_.string())));
  if (::flock(out.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    out.socket_.clear();  // it is another process' own
    return base::fail(base::Errc::conflict, fmt::format("a background process holds '{}' already", socket.string()));
  }
  struct stat held {
  }, named{};
  // The process before may have removed the name between our open and our lock: then the lock is worth nothing.
  if (::fstat(out.lock_.get(), &held) != 0 || ::stat(out.lock_path_.c_str(), &named) != 0 ||
      held.st_ino != named.st_ino) {
    out.socket_.clear();
    return base::fail(base::Errc::conflict,
                      fmt::format("a background process of '{}' is just ending", socket.string()));
  }
  RESCUE_TRY(const auto address, address_of(socket));
  ::unlink(socket.c_str());  // the lock says that its process is gone
  out.listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.listener_) return base::fail(base::errno_error("socket"));
  // The folder is 0700 already; 0600 from the first moment all the same.
  const auto old = ::umask(0177);
  const int bound = ::bind(out.listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(old);
  if (bound != 0) return base::fail(base::errno_error(fmt::format("bind '{}'", socket.string()), error));
  if (::listen(out.listener_.get(), kBacklog) != 0)
    return base::fail(base::errno_error(fmt::format("listen on '{}'", socket.string())));
  return out;
}

AgentListener::~AgentListener() {
  if (!lock_ || socket_.empty()) return;
  ::unlink(socket_.c_str());
  ::unlink(lock_path_.c_str());
}

bool is_own_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

base::Result<Descriptor> connect_agent(const fs::path& socket) {
  RESCUE_TRY(const auto address, address_of(socket));
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(base::errno_error("socket"));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED)
      return base::fail(base::Errc::not_found, "no background process of this session on this machine");
    return base::fail(base::errno_error(fmt::format("connect to '{}'", socket.string())));
  }
  if (!is_own_peer(fd.get()))
    return base::fail(base::Errc::denied, fmt::format("'{}' is another user's", socket.string()));
  return fd;
}

base::Result<std::optional<std::string>> LineBuffer::next() {
  const auto end = pending_.find('\n', at_);
  if (end == std::string::npos) {
    if (pending_.size() - at_ <= cap_) return std::optional<std::string>();
    pending_.clear();
    at_ = 0;
    if (std::exchange(dropping_, true)) return std::optional<std::string>();
    return base::fail(base::Errc::too_large, fmt::format("a line of more than {} bytes", cap_));
  }
  std::string line = pending_.substr(at_, end - at_);
  at_ = end + 1;
  if (at_ > 65536 || at_ == pending_.size()) {
    pending_.erase(0, at_);
    at_ = 0;
  }
  if (std::exchange(dropping_, false)) return next();  // the end of a line that was too long
  if (line.size() > cap_) return base::fail(base::Errc::too_large, fmt::format("a line of more than {} bytes", cap_));
  if (line.ends_with('\r')) line.pop_back();
  return std::optional(std::move(line));
}

std::string LineBuffer::rest() {
  auto out = dropping_ ? std::string() : pending_.substr(at_);
  pending_.clear();
  at_ = 0;
  return out;
}

}  // namespace rescue::client
