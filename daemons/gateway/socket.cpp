// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/socket.hpp"

#include <arpa/inet.h>

namespace rescue::gateway {
namespace {
constexpr int kBacklog = 4096;
}

base::Result<SocketAddress> SocketAddress::from(const net::Endpoint& endpoint) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage_);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage_);
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    out.size_ = sizeof *v4;
    return out;
  }
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    out.size_ = sizeof *v6;
    return out;
  }
  return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is not a numeric address", endpoint.host));
}

net::IpAddress SocketAddress::ip() const {
  std::array<std::uint8_t, 16> mapped{};
  if (family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
    mapped[10] = mapped[11] = 0xff;
    std::memcpy(&mapped[12], &v4->sin_addr, 4);
  } else if (family() == AF_INET6) {
    std::memcpy(mapped.data(), &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, 16);
  }
  return net::IpAddress(mapped);
}

std::uint16_t SocketAddress::port() const {
  return family() == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port)
                             : ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
}

base::Result<Fd> listen_on(const net::Endpoint& at, bool shared) {
  RESCUE_TRY(const auto address, SocketAddress::from(at));
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const bool ok = fd.is_open() && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                  (!shared || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
                  ::bind(fd.get(), address.get(), address.size()) == 0 && ::listen(fd.get(), kBacklog) == 0;
  if (ok) return fd;
  const auto doing = fmt::format("listen on {}", at.text());
  if (errno == EADDRINUSE) return base::fail(base::Errc::conflict, doing + ": the address is in use");
  if (errno == EACCES) return base::fail(base::Errc::denied, doing + ": the port needs a privilege");
  return base::fail(base::errno_error(doing));
}

base::Result<net::Endpoint> local_endpoint(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.get(), address.size_to_fill()) != 0)
    return base::fail(base::errno_error("getsockname"));
  return net::Endpoint(address.ip().text(), address.port());
}

}  // namespace rescue::gateway
