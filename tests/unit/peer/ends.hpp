// SPDX-License-Identifier: Apache-2.0
// The two ends of one session with hosts that do in memory what a user, a desktop and a disk would do.
#pragma once

#include <map>

#include "fake_gateway.hpp"
#include "peer/applet_peer.hpp"
#include "peer/console_peer.hpp"

namespace rescue::peer::test {

/// Keys, tickets and grants of one session.
struct World {
  World();
  [[nodiscard]] base::Bytes ticket(crypto::Role role, const crypto::SessionIdentity& holder) const;
  [[nodiscard]] crypto::Grant grant(const crypto::SessionIdentity& console, std::uint64_t generation = 1) const;
  [[nodiscard]] base::Bytes sign(const crypto::Grant& grant) const;
  [[nodiscard]] static crypto::SessionIdentity identity(crypto::KeyKind kind = crypto::KeyKind::p256);

  crypto::PrivateKey token_key;
  base::Guid session, guid, technician;
  crypto::SessionIdentity applet;
  crypto::Digest256 gateway_ca_pin = net::test::Site::get().pin();  // as the site tells it
};

/// Says yes to everything, keeps what is injected, chatted and received.
struct AppletHost {
  AppletHost(net::IoContext& context, const World& world, std::vector<GatewayAddress> gateways);
  /// Runs the peer in `group`.
  void start(net::TaskGroup& group);
  void on_pumped(TechnicianNumber n, session::AppletSession& core);

  net::IoContext& context;
  base::SeededRandom random{11};
  std::unique_ptr<AppletPeer> peer;
  net::Signal changed;
  net::TaskGroup answers;
  std::vector<std::uint32_t> keys;  // pressed, in order
  std::vector<std::string> chat;
  std::string file;  // as received
  bool file_complete = false;
  int joined = 0;
  int left = 0;
  std::vector<PathReport> waiting_reports;
  std::vector<PathReport> path_reports;
  std::function<awaitable<base::Result<Admission>>()> renew;
  std::optional<base::Result<>> result;  // of run()
};

struct ConsoleHost {
  ConsoleHost(net::IoContext& context, const World& world, crypto::SessionIdentity identity,
              std::vector<GatewayAddress> gateways, crypto::Fingerprint applet,
              crypto::Profile profile = crypto::Profile::modern, GatewayCalls* called_ahead = nullptr);
  void start(net::TaskGroup& group);
  void on_pumped();
  [[nodiscard]] session::Now now() const { return session::Now::of(base::system_clock()); }
  [[nodiscard]] bool linked() const { return peer->linked(); }
  [[nodiscard]] int count(PathState s) const;

  net::IoContext& context;
  base::SeededRandom random{12};
  std::unique_ptr<session::ConsoleSession> core;
  std::unique_ptr<ConsolePeer> peer;
  net::Signal changed;
  std::string file;  // what is sent
  bool control = false;
  bool sent = false;
  std::optional<session::FileStop> file_end;
  bool ended = false;
  std::vector<PathReport> reports;
  std::function<awaitable<base::Result<Admission>>()> renew;
  std::optional<base::Result<>> result;
};

}  // namespace rescue::peer::test

/// Waits until `condition` holds, looking each time `signal` is notified and every 20 ms, for 20 s at most. A macro,
/// because a lambda with captures has no place inside a co_await.
#define CO_WAIT(signal, ...)                                                            \
  for (const auto until_ = std::chrono::steady_clock::now() + std::chrono::seconds(20); \
       !(__VA_ARGS__) && std::chrono::steady_clock::now() < until_;)                    \
  (void)co_await (signal).wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(20))
#define CO_EVENTUALLY(signal, ...) \
  do {                             \
    CO_WAIT(signal, __VA_ARGS__);  \
    EXPECT_TRUE((__VA_ARGS__));    \
  } while (false)
