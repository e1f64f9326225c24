// SPDX-License-Identifier: Apache-2.0
// What every handler of the broker works with. Made once by run(); outlives every request.
#pragma once

#include <atomic>
#include <string>

#include "daemons/broker/applet_files.hpp"
#include "audit/recording_watch.hpp"
#include "daemons/broker/applet_hub.hpp"
#include "daemons/broker/change_feed.hpp"
#include "daemons/broker/events_hub.hpp"
#include "daemons/broker/gateway_hub.hpp"
#include "daemons/broker/guard.hpp"
#include "daemons/broker/refusal_budget.hpp"
#include "daemons/broker/metrics.hpp"
#include "daemons/broker/settings_table.hpp"
#include "daemons/broker/single_sign_on.hpp"
#include "daemons/broker/site_state.hpp"
#include "daemons/broker/visit_site.hpp"
#include "daemons/broker/worker_pool.hpp"
#include "directory/sessions.hpp"
#include "directory/second_factor.hpp"
#include "directory/sign_in.hpp"
#include "net/http_server.hpp"
#include "store/store.hpp"

namespace rescue::broker {

/// Password hashes at a time: each takes 19 MiB and tens of milliseconds of one core.
inline constexpr unsigned kHashThreads = 2;
/// Requests that wait for a hash hold one of these.
inline constexpr unsigned kSlowThreads = 8;
/// Queries of the log at a time, one for each of the store's far readers, and how many may wait for them.
inline constexpr unsigned kLogThreads = 2;
inline constexpr std::size_t kLogQueue = 64;
inline constexpr std::size_t kFastQueue = 4096;
inline constexpr std::size_t kSlowQueue = 512;

/// Members are in the order of their needs: what stands later uses what stands earlier.
struct Services {
  Services(BrokerSettings s, SiteState state, std::unique_ptr<store::Store> database, const base::Clock& c,
           base::RandomSource& r);
  /// Stops the pools; the hubs must be empty of connections.
  ~Services();

  [[nodiscard]] IsOnline is_online();
  [[nodiscard]] bool draining() const { return draining_.load(); }
  void drain() { draining_ = true; }

  BrokerSettings settings;
  SiteState site;
  std::unique_ptr<store::Store> store;
  const base::Clock& clock;
  base::RandomSource& random;
  directory::SessionDesk desk;
  Guard login_guard;
  Guard pin_guard;
  Guard visit_guard;  // sessions that visitors open
  RefusalBudget refusals;
  RefusalBudget downloads;  // of one session
  RequestMetrics request_metrics;
  BrokerCounters counters;
  GatewayHub gateways;
  AppletHub applets;
  audit::RecordingWatch recordings;
  EventsHub events;
  WorkerPool hashing;
  WorkerPool fast;
  WorkerPool slow;
  WorkerPool log_queries;
  directory::SecondFactor second_factor;
  directory::SignIn sign_in;
  SingleSignOn sso;
  ChangeFeed feed;
  AppletFiles applet_files;
  visit::Site visit_site;             // set when public_url is
  std::string public_url;             // set when the listening port is known
  std::atomic<bool> own_certificate;  // certified_by_site; changes on reload
  std::function<net::HttpServerCounters()> server_counters = [] { return net::HttpServerCounters{}; };

 private:
  std::atomic<bool> draining_{false};
};

/// What an end needs to enter a gateway: "gateways", in the order in which this session's ends should try them, and
/// "gateway_ca_pin", by which they are checked.
[[nodiscard]] base::Result<> add_gateways(boost::json::object& to, Services& s, store::ReadTransaction& tx,
                                          const base::Guid& session);
[[nodiscard]] boost::json::array places_view(const std::vector<GatewayPlace>& places);
/// What an applet needs to register for the session with this GUID: an envelope.
[[nodiscard]] base::Result<base::Bytes> signed_invite(const Services& s, const base::Guid& guid, base::WallTime issued,
                                                      base::WallTime not_after);
/// A signed ticket or grant as base64url.
[[nodiscard]] base::Result<std::string> signed_ticket(const Services& s, const crypto::Ticket& ticket);
[[nodiscard]] base::Result<std::string> signed_grant(const Services& s, const crypto::Grant& grant);

}  // namespace rescue::broker
