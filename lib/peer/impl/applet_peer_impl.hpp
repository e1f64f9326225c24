// SPDX-License-Identifier: Apache-2.0
// The state of an AppletPeer; its methods by concern in applet_peer.cpp (grants, life) and applet_accept.cpp
// (connections).
#pragma once

#include <list>
#include <map>

#include "peer/impl/gateway_rounds.hpp"
#include "peer/impl/technician.hpp"

namespace rescue::peer {

struct AppletPeer::Impl : std::enable_shared_from_this<AppletPeer::Impl> {
  Impl(boost::asio::any_io_executor ex, AppletPeerOptions o, AppletPeerHooks h, base::Clock& c,
       base::RandomSource& r);

  using TechnicianPtr = std::shared_ptr<Technician>;

  [[nodiscard]] session::Now now() const { return session::Now::of(clock); }
  [[nodiscard]] TechnicianPtr find(TechnicianNumber number) const;
  [[nodiscard]] TechnicianPtr find_console(const crypto::Fingerprint& console) const;

  // ---- applet_peer.cpp
  void end(const TechnicianPtr& t, std::string_view reason);
  [[nodiscard]] TechnicianPtr add(const crypto::Grant& grant, base::Guid link_id);
  void remove(const TechnicianPtr& t);
  /// Brings the first connection of the pair of keys to the digits, or what is known of an earlier one.
  void prepare_sas(Technician& t, const InnerPath& path);
  /// Another technician's question holds, or releases, the input of all.
  void share_hold();
  /// Lives as long as the technician; takes it off the list.
  static boost::asio::awaitable<void> watch(std::shared_ptr<Impl> self, TechnicianPtr t);

  // ---- applet_accept.cpp
  /// Keeps one connection waiting at a gateway.
  static boost::asio::awaitable<void> keep_waiting(std::shared_ptr<Impl> self);
  /// From Joined to the end of the path.
  static boost::asio::awaitable<void> accept(std::shared_ptr<Impl> self, std::shared_ptr<GatewayConnection> connection);
  [[nodiscard]] crypto::Profile expected_profile() const;
  [[nodiscard]] boost::asio::awaitable<base::Result<InnerPath>> secure(GatewayConnection& connection);
  /// The grant of the console that proved this key; waits for one that may be on its way.
  [[nodiscard]] boost::asio::awaitable<base::Result<crypto::Grant>> grant_of(crypto::Fingerprint console);
  /// Reads until the link's first frame is there.
  [[nodiscard]] boost::asio::awaitable<base::Result<base::Guid>> first_frame(net::ByteStream& stream,
                                                                             base::Bytes& read);
  [[nodiscard]] base::Result<TechnicianPtr> technician_for(const crypto::Grant& grant, const base::Guid& link_id);
  void report_waiting(PathState state, std::string gateway, std::optional<base::Error> error = std::nullopt);
  void report_path(const TechnicianPtr& t, PathState state, const InnerPath& path,
                   std::optional<base::Error> error = std::nullopt);

  boost::asio::any_io_executor executor;
  AppletPeerOptions options;
  AppletPeerHooks hooks;
  base::Clock& clock;
  base::RandomSource& random;
  net::TaskGroup tasks;
  GatewayRounds rounds;
  GrantBook book;
  crypto::ReceiptChain receipts;       // of all technicians
  std::uint64_t hold_seen = 0;         // version of the input hold that all have looked at
  net::Signal grants_changed;  // several accepts may wait
  net::Signal changed;         // for run()
  std::vector<TechnicianPtr> technicians;
  std::uint32_t next_number = 1;
  std::size_t accepting = 0;
  std::shared_ptr<GatewayConnection> waiting_at;
  std::optional<base::Error> failure;
  base::Duration grace{0};
  bool started = false;
  bool stopping = false;
  bool done = false;   // nothing waits any more
  bool ended = false;  // run() is over, or the peer is gone
};

}  // namespace rescue::peer
