// SPDX-License-Identifier: Apache-2.0
// A fresh connection of a trusted proxy: its PROXY header (version 2) is taken before anything else looks at it.
#pragma once

#include "daemons/gateway/handoff_connection.hpp"
#include "net/proxy_protocol.hpp"

namespace rescue::gateway {

class ProxiedConnection;
class ProxiedOwner {
 public:
  /// The header is off the stream, or there was none; the socket can be taken. Acts later.
  virtual void proxied_decided(ProxiedConnection& c) = 0;
  virtual void proxied_closed(ProxiedConnection& c) = 0;

 protected:
  ProxiedOwner() = default;
  ~ProxiedOwner() = default;
};

/// One thread, that of its loop.
class ProxiedConnection final : public EventTarget, public Timer {
 public:
  /// `lease`: of the proxy's own address, so that what has not said yet for whom it comes is counted as well.
  ProxiedConnection(LoopParts& parts, ProxiedOwner& owner, Fd fd, AddressBook::Lease lease, const net::IpAddress& proxy,
                    std::uint16_t port)
      : parts_(parts), owner_(owner), fd_(std::move(fd)), lease_(std::move(lease)), address_(proxy), port_(port) {}

  void start();
  [[nodiscard]] bool dead() const { return dead_; }
  void close();
  /// The client: as the header says, or the proxy itself when there was no header or it is a health check.
  [[nodiscard]] const net::IpAddress& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Off the epoll set; the connection is dead afterwards.
  [[nodiscard]] Fd take();

  void on_events(std::uint32_t events) override;
  void on_timer(base::SteadyTime) override { close(); }

 private:
  enum class Header : std::uint8_t { incomplete, done, broken };
  [[nodiscard]] Header read_header();
  LoopParts& parts_;
  ProxiedOwner& owner_;
  Fd fd_;
  AddressBook::Lease lease_;
  net::IpAddress address_;
  std::uint16_t port_;
  bool decided_ = false;
  bool dead_ = false;
};

}  // namespace rescue::gateway
