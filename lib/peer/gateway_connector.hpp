// SPDX-License-Identifier: Apache-2.0
// One connection at a gateway, from TCP to the inner TLS (man rescue-protocol(7), HAND-OFF and INNER TLS).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guid.hpp"
#include "crypto/tls.hpp"
#include "net/endpoint.hpp"
#include "net/tls_stream.hpp"
#include "peer/errors.hpp"
#include "peer/limits.hpp"
#include "wire/frame.hpp"

namespace rescue::peer {

struct GatewayAddress {
  std::string id;  // of the site's directory, for logs
  net::Endpoint at;

  GatewayAddress() = default;
  GatewayAddress(std::string i, net::Endpoint e) : id(std::move(i)), at(std::move(e)) {}
};

/// What opens the door at a gateway. Renewed by the broker; gateways in the order in which both ends try them.
struct Admission {
  base::Bytes ticket;  // signed envelope
  std::vector<GatewayAddress> gateways;
  /// Of the CA that certified the gateways, as the broker said. Gateways are checked by it however the broker is
  /// checked: a broker may have a certificate of a public authority, its gateways never do.
  crypto::Digest256 gateway_ca_pin{};
};

/// Who we are at the gateway. `holder` is the key that the ticket names; the GUID is the applet's alone.
struct HandoffIdentity {
  crypto::Role role = crypto::Role::console;
  crypto::PrivateKey holder;
  std::optional<base::Guid> guid;

  HandoffIdentity(crypto::Role r, crypto::PrivateKey k, std::optional<base::Guid> g)
      : role(r), holder(std::move(k)), guid(g) {}
};

/// A path through the relay after the inner handshake: what the link runs over.
struct InnerPath {
  std::unique_ptr<net::TlsStream> stream;
  crypto::LinkPeer peer;
  base::Guid pair;      // names it in the gateway's log
  std::string gateway;  // "host:port"
};

/// Strand of the executor it was opened on. Dropping it closes the connection.
class GatewayConnection {
 public:
  /// Connects and checks the gateway's certificate; nothing is said of who we are. `outer`:
  /// crypto::gateway_client_context. Errors: those of TLS, unreachable, timed_out with the phase's name.
  [[nodiscard]] static boost::asio::awaitable<base::Result<std::unique_ptr<GatewayConnection>>> call(
      GatewayAddress gateway, crypto::TlsContext outer);
  /// call() and admit().
  [[nodiscard]] static boost::asio::awaitable<base::Result<std::unique_ptr<GatewayConnection>>> open(
      GatewayAddress gateway, crypto::TlsContext outer, HandoffIdentity identity, base::Bytes ticket);
  /// Shows ticket and key, and returns when the gateway answered Waiting. Errors: peer::Errc, closed, io, timed_out.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> admit(HandoffIdentity identity, base::Bytes ticket);
  /// The same in one flight with the goodbye to the outer TLS and the ClientHello of `inner`: two round trips less for
  /// a console whose applet waits already. Nothing can be said to the gateway any more, so wait_joined() needs a
  /// patience of kEarlyPatience at most.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> admit_early(HandoffIdentity identity, base::Bytes ticket,
                                                                   crypto::TlsContext inner);
  ~GatewayConnection();
  GatewayConnection(const GatewayConnection&) = delete;
  GatewayConnection& operator=(const GatewayConnection&) = delete;

  /// Pings the gateway until a partner is here. `patience` bounds the wait as a whole, kGatewaySilence each silence.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> wait_joined(std::optional<net::NamedTimeout> patience);
  /// After Joined: leaves the outer TLS and runs the inner handshake. Errors: also peer_unexpected of the fingerprint
  /// check, tls_profile_refused.
  [[nodiscard]] boost::asio::awaitable<base::Result<InnerPath>> secure(crypto::LinkRole role, crypto::Profile profile,
                                                                       crypto::TlsContext inner);
  [[nodiscard]] const GatewayAddress& gateway() const { return gateway_; }
  /// Ends a connection that is not needed: close_notify, then FIN.
  [[nodiscard]] boost::asio::awaitable<void> say_goodbye();
  void close();

 private:
  GatewayConnection(GatewayAddress gateway, std::unique_ptr<net::TlsStream> outer);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> hello(const HandoffIdentity& identity, base::ByteView ticket);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> send_hello(const HandoffIdentity& identity,
                                                                  base::ByteView ticket);
  [[nodiscard]] boost::asio::awaitable<base::Result<base::Bytes>> read_frame();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> send(base::Bytes message);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> on_frame(base::Bytes frame);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> wait_for_partner();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> leave_outer();

  GatewayAddress gateway_;
  std::unique_ptr<net::TlsStream> outer_;
  wire::FrameReader reader_;
  std::optional<net::EarlyTls> early_;  // its ClientHello is out, behind our close_notify
  bool waiting_ = false;
  std::optional<base::Guid> joined_;
};

}  // namespace rescue::peer
