// SPDX-License-Identifier: Apache-2.0
// Socket addresses and listeners for the data plane, which does without Asio.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/result.hpp"
#include "daemons/gateway/fd.hpp"
#include "net/endpoint.hpp"

namespace rescue::gateway {

class SocketAddress {
 public:
  SocketAddress() = default;
  /// `endpoint.host` is numeric; invalid_argument otherwise.
  [[nodiscard]] static base::Result<SocketAddress> from(const net::Endpoint& endpoint);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  [[nodiscard]] socklen_t* size_to_fill() { return &size_; }
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] net::IpAddress ip() const;
  [[nodiscard]] std::uint16_t port() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof(sockaddr_storage);
};

/// Non-blocking; `shared`: SO_REUSEPORT, so that every loop has its own. Errors: invalid_argument, conflict, denied,
/// io.
[[nodiscard]] base::Result<Fd> listen_on(const net::Endpoint& at, bool shared);
[[nodiscard]] base::Result<net::Endpoint> local_endpoint(int fd);

}  // namespace rescue::gateway
