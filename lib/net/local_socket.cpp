// SPDX-License-Identifier: Apache-2.0
#include "net/local_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace rescue::net {
namespace {

constexpr int kBacklog = 64;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

/// The address of a path. One that is too long for it is reached through its folder's descriptor, which must stay open
/// while the address is used.
struct Address {
  sockaddr_un to{};
  Descriptor folder;
};

base::Result<> fill(Address& out, const std::string& path) {
  std::string shown = path;
  if (path.empty() || path.find('\0') != std::string::npos)
    return base::fail(base::Errc::invalid_argument, "path of a socket");
  if (shown.size() >= sizeof out.to.sun_path) {
    const std::filesystem::path whole(path);
    const auto folder = whole.has_parent_path() ? whole.parent_path() : std::filesystem::path(".");
    out.folder.reset(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (out.folder.get() < 0) return base::fail(base::errno_error(fmt::format("open folder '{}'", folder.string())));
    shown = fmt::format("/proc/self/fd/{}/{}", out.folder.get(), whole.filename().string());
  }
  if (shown.size() >= sizeof out.to.sun_path)
    return base::fail(base::Errc::invalid_argument, fmt::format("name of the socket '{}' is too long", path));
  out.to.sun_family = AF_UNIX;
  std::memcpy(out.to.sun_path, shown.c_str(), shown.size() + 1);
  return {};
}

int connect_to(const Descriptor& socket, const Address& at) {
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at.to), sizeof at.to);
}

/// Removes a socket on which nobody listens any more.
base::Result<> make_room(const std::string& path, const Address& at) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode))
    return base::fail(base::Errc::conflict, fmt::format("'{}' is there and is no socket", path));
  const Descriptor knock(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect_to(knock, at) == 0 || errno == EAGAIN)
    return base::fail(base::Errc::conflict, fmt::format("another program listens at '{}'", path));
  if (::unlink(path.c_str()) != 0) return base::fail(base::errno_error(fmt::format("remove '{}'", path)));
  return {};
}

}  // namespace

base::Result<int> listen_local(const std::string& path) {
  Address at;
  RESCUE_CHECK(fill(at, path));
  RESCUE_CHECK(make_room(path, at));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return base::fail(base::errno_error("make a socket"));
  // bind(2) takes the mode of the file from that of the socket, so that it is never open to others, not even briefly.
  if (::fchmod(socket.get(), 0600) != 0) return base::fail(base::errno_error("protect a socket"));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at.to), sizeof at.to) != 0 ||
      ::listen(socket.get(), kBacklog) != 0)
    return base::fail(base::errno_error(fmt::format("listen at '{}'", path)));
  return socket.release();
}

base::Result<std::unique_ptr<TcpStream>> connect_local(const boost::asio::any_io_executor& executor,
                                                       const std::string& path) {
  Address at;
  const auto filled = fill(at, path);
  if (!filled) return base::fail(base::Errc::unreachable, filled.error().message());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return base::fail(base::errno_error("make a socket"));
  if (connect_to(socket, at) != 0) {
    const std::error_code why(errno, std::generic_category());
    return base::fail(base::Errc::unreachable, fmt::format("connect to '{}'", path), why);
  }
  return TcpStream::adopt(executor, socket.release());
}

base::Result<LocalPeer> local_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || own.ss_family != AF_UNIX)
    return base::fail(base::Errc::unsupported, "user at the other end of a socket that is not of this machine");
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return base::fail(base::errno_error("ask who is at the other end"));
  return LocalPeer{peer.uid, peer.gid, peer.pid};
}

}  // namespace rescue::net
