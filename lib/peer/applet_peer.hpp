// SPDX-License-Identifier: Apache-2.0
// The supported end on the network: keeps a connection waiting at a gateway, lets in consoles with a valid grant, and
// runs one link and one session core for each technician.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/random.hpp"
#include "base/strong.hpp"
#include "crypto/receipt.hpp"
#include "peer/gateway_connector.hpp"
#include "peer/grant_book.hpp"
#include "peer/link_runner.hpp"
#include "peer/path_report.hpp"
#include "session/applet_session.hpp"

namespace rescue::peer {

/// One technician's link in this process; counts from 1. A technician who comes back with another key gets another
/// number.
using TechnicianNumber = base::Strong<std::uint32_t, struct TechnicianNumberTag>;

/// Where a technician stands, to go on there after a restart of the machine.
struct TechnicianStanding {
  base::Guid technician;
  crypto::Fingerprint console{};
  std::uint64_t generation = 0;
  session::CarriedConsent consent;
  bool sas_confirmed = false;
};

struct AppletPeerOptions {
  crypto::SessionIdentity identity;  // bound at the site for this session
  base::Guid session;
  base::Guid guid;                            // a secret
  std::vector<crypto::PublicKey> token_keys;  // who may sign grants
  Admission admission;
  session::AppletOptions core;  // for each technician's core; the peer brings sign_receipt
  /// Keys of consoles for which the user has typed the digits: not asked for again.
  std::set<crypto::Fingerprint> confirmed_consoles;
  crypto::ReceiptChain::Position receipts;  // where an earlier process of this session and key stopped
  std::vector<TechnicianStanding> restored;  // of that process

  explicit AppletPeerOptions(crypto::SessionIdentity i) : identity(std::move(i)) {}
};

/// All on the peer's strand. `joined`, `pumped` and `left` are required.
struct AppletPeerHooks {
  /// A console with this grant is here for the first time: its core stands and has not been pumped yet.
  std::function<void(TechnicianNumber, session::AppletSession&, const crypto::Grant&)> joined;
  /// After each pump: take the core's actions and audit events now.
  std::function<void(TechnicianNumber, session::AppletSession&)> pumped;
  /// A technician's path came or went (`connecting` does not occur).
  std::function<void(TechnicianNumber, const PathReport&)> path;
  /// The technician's link is over; the core goes away when this returns.
  std::function<void(TechnicianNumber)> left;
  /// The waiting connection: connecting, up (waiting at `gateway`), failed, refused (a console without a valid grant,
  /// or a gateway or key that is not who it had to be: for the log).
  std::function<void(const PathReport&)> waiting;
  /// A fresh ticket; see ConsolePeerHooks::renew.
  std::function<boost::asio::awaitable<base::Result<Admission>>()> renew;
};

/// Strand of `executor`. `clock` and `random` must outlive it.
class AppletPeer {
 public:
  AppletPeer(boost::asio::any_io_executor executor, AppletPeerOptions options, AppletPeerHooks hooks,
             base::Clock& clock, base::RandomSource& random);
  /// Asserts that run() has ended.
  ~AppletPeer();
  AppletPeer(const AppletPeer&) = delete;
  AppletPeer& operator=(const AppletPeer&) = delete;

  /// Until stop(), or until a renewal failed for good (that error). Ends the links in order when it can.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> run();

  // ---- strand
  /// A grant from the site: checked (signature, session, GUID, our key, generation, lease), kept, and given to the
  /// technician's core when it runs. A grant with another console key ends the technician's link under the old one.
  /// Errors: those of crypto::open_grant, peer::Errc::grant_invalid.
  [[nodiscard]] base::Result<> on_grant(base::ByteView envelope);
  /// The site took it back: the technician's core ends, and nobody gets in under this grant or an older one.
  void on_revoke(const base::Guid& technician, std::string_view reason);
  /// Whoever is not in the list has no grant (after a reconnect to the site).
  void keep_grants_of(const std::vector<base::Guid>& technicians, std::string_view reason);
  void set_gateways(std::vector<GatewayAddress> gateways);
  /// The core of a technician was given something; pump soon.
  void kick(TechnicianNumber technician);
  /// Null when it has left.
  [[nodiscard]] session::AppletSession* core(TechnicianNumber technician);
  [[nodiscard]] std::vector<TechnicianNumber> technicians() const;
  /// For a process that goes on with this session and key later.
  [[nodiscard]] const crypto::ReceiptChain::Position& receipts() const;
  /// Of all whose session runs.
  [[nodiscard]] std::vector<TechnicianStanding> standings() const;
  [[nodiscard]] const std::set<crypto::Fingerprint>& confirmed_consoles() const;
  /// Ends run(): cores that were ended before get `grace` to say so.
  void stop(base::Duration grace);

  // ---- any thread
  /// Runs on the strand with the technician's core if it is still here, and pumps it afterwards.
  void post(TechnicianNumber technician, std::move_only_function<void(session::AppletSession&, session::Now)> call);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace rescue::peer
