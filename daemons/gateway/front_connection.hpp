// SPDX-License-Identifier: Apache-2.0
// A fresh connection at the front: its first bytes are looked at without taking them, until it is clear whose it is.
#pragma once

#include "daemons/gateway/client_hello.hpp"
#include "daemons/gateway/handoff_connection.hpp"

namespace rescue::gateway {

class FrontConnection;
class FrontOwner {
 public:
  /// It is known where this goes; the client can be taken. Acts later.
  virtual void front_decided(FrontConnection& c) = 0;
  virtual void front_closed(FrontConnection& c) = 0;

 protected:
  FrontOwner() = default;
  ~FrontOwner() = default;
};

class FrontConnection final : public EventTarget, public Timer {
 public:
  FrontConnection(LoopParts& parts, FrontOwner& owner, Client client, std::optional<RefuseReason> refuse_with)
      : parts_(parts), owner_(owner), client_(std::move(client)), refuse_with_(refuse_with) {}

  void start();
  [[nodiscard]] Destination destination() const { return destination_; }
  [[nodiscard]] std::optional<RefuseReason> refuse_with() const { return refuse_with_; }
  /// Hands the client over; the connection is dead afterwards.
  [[nodiscard]] Client take() {
    dead_ = true;
    return std::move(client_);
  }
  [[nodiscard]] bool dead() const { return dead_; }
  void close();

  void on_events(std::uint32_t events) override;
  void on_timer(base::SteadyTime) override { close(); }

 private:
  LoopParts& parts_;
  FrontOwner& owner_;
  Client client_;
  std::optional<RefuseReason> refuse_with_;
  Destination destination_ = Destination::undecided;
  bool dead_ = false;
};

/// A non-blocking connection to the broker behind the front, and the PROXY header (version 2) that names the client.
/// nullopt: it could not even be begun.
[[nodiscard]] std::optional<RelayPair::Side> dial_backend(const net::Endpoint& backend,
                                                          const DataPlaneOptions& options);
[[nodiscard]] std::string proxy_header_for(const Client& client);

}  // namespace rescue::gateway
