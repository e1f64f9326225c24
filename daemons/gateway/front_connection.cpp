// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/front_connection.hpp"

#include <sys/socket.h>

#include "daemons/gateway/socket.hpp"
#include "net/proxy_protocol.hpp"

namespace rescue::gateway {

void FrontConnection::start() {
  parts_.timers.arm(*this, parts_.now + parts_.options.timeouts.tls);
  if (!parts_.watch(client_.fd.get(), kStreamEvents, this)) close();
}

void FrontConnection::on_events(std::uint32_t events) {
  if (dead_ || destination_ != Destination::undecided) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  const auto room = std::min(parts_.scratch.size(), kMaxPeek);
  const ssize_t n = ::recv(client_.fd.get(), parts_.scratch.data(), room, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return close();
  destination_ = destination_of(parts_.scratch.first(static_cast<std::size_t>(n)));
  // The rest will not come: let the broker answer what there is.
  if (destination_ == Destination::undecided && (events & EPOLLRDHUP) != 0) destination_ = Destination::broker;
  if (destination_ == Destination::undecided) return;
  TimerWheel::cancel(*this);
  owner_.front_decided(*this);
}

void FrontConnection::close() {
  if (std::exchange(dead_, true)) return;
  TimerWheel::cancel(*this);
  client_.fd.reset();
  client_.lease.release();
  client_.unauthenticated.release();
  owner_.front_closed(*this);
}

std::optional<RelayPair::Side> dial_backend(const net::Endpoint& backend, const DataPlaneOptions& options) {
  const auto address = SocketAddress::from(backend);
  if (!address) return std::nullopt;
  Fd fd(::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return std::nullopt;
  tune_socket(fd.get(), options);
  if (::connect(fd.get(), address->get(), address->size()) != 0 && errno != EINPROGRESS) return std::nullopt;
  return RelayPair::Side{std::move(fd), {}, {}, false};
}

std::string proxy_header_for(const Client& client) {
  net::ProxiedPeer peer;
  peer.source = client.address;
  peer.source_port = client.port;
  if (const auto local = local_endpoint(client.fd.get())) {
    if (const auto address = net::IpAddress::parse(local->host)) peer.destination = *address;
    peer.destination_port = local->port;
  }
  return std::string(base::as_text(net::write_proxy_header(peer)));
}

}  // namespace rescue::gateway
