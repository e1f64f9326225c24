// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/proxied_connection.hpp"

#include <sys/socket.h>

namespace rescue::gateway {
namespace {
constexpr std::size_t kMaxHeader = net::kProxyFixedSize + net::kProxyRestCap;
}

void ProxiedConnection::start() {
  parts_.timers.arm(*this, parts_.now + parts_.options.timeouts.tls);
  if (!parts_.watch(fd_.get(), kStreamEvents, this)) close();
}

void ProxiedConnection::on_events(std::uint32_t events) {
  if (dead_ || decided_) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  const auto header = read_header();
  // What is missing will not come.
  const bool over = (events & EPOLLRDHUP) != 0;
  if (header == Header::broken || (header == Header::incomplete && over)) return close();
  if (header == Header::incomplete) return;
  decided_ = true;
  TimerWheel::cancel(*this);
  owner_.proxied_decided(*this);
}

// Looks until the whole header is there and takes exactly it.
ProxiedConnection::Header ProxiedConnection::read_header() {
  std::array<std::uint8_t, kMaxHeader> bytes{};
  const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Header::incomplete : Header::broken;
  if (n == 0) return Header::broken;
  if (bytes[0] != net::kProxyFirstByte) return Header::done;  // a client on the proxy's machine
  const auto seen = base::ByteView(bytes).first(static_cast<std::size_t>(n));
  if (seen.size() < net::kProxyFixedSize) return Header::incomplete;
  const auto fixed = seen.first(net::kProxyFixedSize);
  const auto rest = net::proxy_rest_size(fixed);
  if (!rest) return Header::broken;
  if (seen.size() < net::kProxyFixedSize + *rest) return Header::incomplete;
  const auto peer = net::parse_proxy_header(fixed, seen.subspan(net::kProxyFixedSize, *rest));
  if (!peer) return Header::broken;
  const auto whole = net::kProxyFixedSize + *rest;
  if (::recv(fd_.get(), bytes.data(), whole, MSG_DONTWAIT) != static_cast<ssize_t>(whole)) return Header::broken;
  if (*peer) {
    address_ = (*peer)->source;
    port_ = (*peer)->source_port;
  }
  return Header::done;
}

Fd ProxiedConnection::take() {
  dead_ = true;
  parts_.unwatch(fd_.get());
  lease_.release();
  return std::move(fd_);
}

void ProxiedConnection::close() {
  if (std::exchange(dead_, true)) return;
  TimerWheel::cancel(*this);
  fd_.reset();
  lease_.release();
  owner_.proxied_closed(*this);
}

}  // namespace rescue::gateway
