// SPDX-License-Identifier: Apache-2.0
// A gateway in the test's process: the hand-off by the book, pairs that can be cut, and a hostile mode that ends the
// inner TLS itself, with keys of its own, towards both sides.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "net/task_group.hpp"
#include "net/tls_stream.hpp"
#include "peer/gateway_connector.hpp"
#include "unit/net/loopback.hpp"
#include "wire/frame.hpp"
#include "wire/messages.hpp"

namespace rescue::peer::test {

using net::test::awaitable;

class FakeGateway {
 public:
  FakeGateway(net::IoContext& context, std::vector<crypto::PublicKey> token_keys);
  [[nodiscard]] GatewayAddress address() const { return {"fake", listener_->local()}; }
  void start();
  [[nodiscard]] awaitable<void> stop();
  /// Resets all joined pairs; returns how many there were.
  std::size_t cut();
  /// Everything goes, the waiting ones too; new connections are taken again.
  void drop_waiting();
  /// Closes the connections that have not said Hello.
  void drop_silent();
  [[nodiscard]] std::size_t waiting(crypto::Role role) const;
  [[nodiscard]] std::size_t pairs() const { return pairs_.size(); }

  bool hostile = false;                                    // plays both ends to each other
  std::optional<wire::handoff::RefuseReason> refuse_next;  // the next Hello
  bool mute = false;                                       // never answers Hello
  bool old_version = false;                                // takes close_notify before Joined for the end
  std::size_t accepted = 0;
  std::size_t handshakes = 0;
  std::size_t silent_goodbyes = 0;  // close_notify in place of Hello
  std::size_t hellos = 0;
  std::size_t early_hellos = 0;  // that said they leave at once
  std::size_t bad_proofs = 0;
  std::size_t plaintext_seen = 0;      // application bytes the hostile gateway got to see
  std::size_t hostile_handshakes = 0;  // ends that finished an inner handshake with it
  base::Bytes relayed;                 // what passed between honest ends, both ways
  bool record = false;

 private:
  struct Client;
  struct Pair;
  awaitable<void> accept();
  awaitable<void> serve(std::shared_ptr<Client> client);
  awaitable<base::Result<>> hello(Client& client);
  awaitable<base::Result<base::Bytes>> read_frame(Client& client);
  awaitable<void> match();
  awaitable<void> left(std::shared_ptr<Client> client);
  awaitable<void> pump(std::shared_ptr<Pair> pair, int from);
  awaitable<void> betray(std::shared_ptr<Pair> pair, int side);

  net::IoContext& context_;
  std::vector<crypto::PublicKey> token_keys_;
  crypto::TlsContext tls_;
  std::unique_ptr<net::TcpListener> listener_;
  net::TaskGroup tasks_;
  std::deque<std::shared_ptr<Client>> waiting_;
  std::vector<std::weak_ptr<Client>> clients_;
  std::vector<std::shared_ptr<Pair>> pairs_;
};

}  // namespace rescue::peer::test
