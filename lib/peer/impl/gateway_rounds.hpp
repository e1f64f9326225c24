// SPDX-License-Identifier: Apache-2.0
// In which order gateways are tried, when to pause, and when a fresh ticket is due. The same for both ends, so that
// they meet.
#pragma once

#include <functional>

#include "net/backoff.hpp"
#include "net/io_thread.hpp"
#include "peer/gateway_connector.hpp"

namespace rescue::peer {

/// Strand of its owner.
class GatewayRounds {
 public:
  using Renew = std::function<boost::asio::awaitable<base::Result<Admission>>()>;
  GatewayRounds(const boost::asio::any_io_executor& executor, Admission admission, Renew renew,
                base::RandomSource& random);

  /// The next one to try: down the list; after its end a pause, a renewal, and from the top. After a connection that
  /// stood the list begins again with the ticket at hand: it works while the broker is away. An error is final: the
  /// site does not give a ticket any more, or close() was called (closed).
  [[nodiscard]] boost::asio::awaitable<base::Result<GatewayAddress>> next();
  /// What became of it. A refused ticket is renewed and the same gateway asked again, once.
  void failed(const base::Error& error);
  void ended(base::Duration lasted);  // a connection that stood
  void set_gateways(std::vector<GatewayAddress> gateways);
  void close();

  [[nodiscard]] const base::Bytes& ticket() const { return admission_.ticket; }
  /// For the outer TLS at any of the gateways.
  [[nodiscard]] base::Result<crypto::TlsContext> outer() const {
    return crypto::gateway_client_context(crypto::TrustPin{admission_.gateway_ca_pin});
  }
  [[nodiscard]] const crypto::Digest256& gateway_ca_pin() const { return admission_.gateway_ca_pin; }
  [[nodiscard]] bool only_one() const { return admission_.gateways.size() == 1; }

 private:
  [[nodiscard]] boost::asio::awaitable<base::Result<>> renew();
  [[nodiscard]] boost::asio::awaitable<void> pause(base::Duration length);
  void take(Admission admission);

  Admission admission_;
  Renew renew_;
  net::Backoff backoff_;   // between rounds in vain
  net::Backoff flapping_;  // after connections that did not last
  net::Signal closing_;
  std::size_t index_ = 0;
  bool flapped_ = false;
  bool renew_now_ = false;
  bool just_renewed_ = false;
  bool closed_ = false;
};

}  // namespace rescue::peer
