// SPDX-License-Identifier: Apache-2.0
// Gateways called ahead: while the site is still asked, TCP and TLS are set up with the gateways that it is likely to
// name. Nothing is said there before the site has answered; what it did not name is closed.
#pragma once

#include <memory>
#include <vector>

#include "net/task_group.hpp"
#include "peer/gateway_connector.hpp"

namespace rescue::peer {

/// Strand of the group's executor; the group must outlive it.
class GatewayCalls {
 public:
  explicit GatewayCalls(net::TaskGroup& group) : group_(group) {}
  /// As drop().
  ~GatewayCalls() { drop(); }
  GatewayCalls(const GatewayCalls&) = delete;
  GatewayCalls& operator=(const GatewayCalls&) = delete;

  /// Calls the first kCalledAheadMax of them, checking their certificates by `ca_pin`. A connection nobody takes is
  /// closed after kCalledAhead.
  void call(const std::vector<GatewayAddress>& gateways, const crypto::Digest256& ca_pin);
  /// The connection to this gateway, checked by this pin; waits for one on its way. Null when there is none. The
  /// gateway may have closed it meanwhile: what is done with it then fails by closed or io.
  [[nodiscard]] boost::asio::awaitable<std::unique_ptr<GatewayConnection>> take(net::Endpoint at,
                                                                                crypto::Digest256 ca_pin);
  /// No more is needed: the rest is closed in order.
  void drop();

 private:
  struct Call;
  static boost::asio::awaitable<void> run(std::shared_ptr<Call> call, crypto::TlsContext outer);
  net::TaskGroup& group_;
  std::vector<std::shared_ptr<Call>> calls_;
};

}  // namespace rescue::peer
