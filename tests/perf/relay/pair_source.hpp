// SPDX-License-Identifier: Apache-2.0
// Where the benchmark's pairs of sockets come from: through a TCP proxy, or through our gateway's hand-off.
#pragma once

#include <filesystem>
#include <memory>

#include "base/guid.hpp"
#include "crypto/tls.hpp"
#include "daemons/gateway/fd.hpp"
#include "net/endpoint.hpp"

namespace rescue::perf {

/// Two blocking sockets, joined by the relay.
struct SocketPair {
  gateway::Fd a;
  gateway::Fd b;
};

/// make() may be called from several threads at once. Any failure ends the program: a benchmark with holes says
/// nothing.
class PairSource {
 public:
  virtual ~PairSource() = default;
  [[nodiscard]] virtual SocketPair make() = 0;
  /// One end that waits for the other for as long as the answer is kept.
  [[nodiscard]] virtual std::shared_ptr<void> wait_one() = 0;
};

/// Connects to `front`; the proxy connects to `back`, where this listens. An 8-byte tag tells which is which.
[[nodiscard]] std::unique_ptr<PairSource> through_proxy(const net::Endpoint& front, const net::Endpoint& back);
/// Two ends of one session, tickets signed by the site of `site` (make_site).
[[nodiscard]] std::unique_ptr<PairSource> through_gateway(const net::Endpoint& gateway,
                                                          const std::filesystem::path& site);

/// Writes the state folder of an enrolled gateway whose broker is away, and the site's token key beside it.
void make_site(const std::filesystem::path& folder);

[[noreturn]] void die(std::string_view what);

}  // namespace rescue::perf
