// SPDX-License-Identifier: Apache-2.0
// The technician's end on the network: meets the applet at a gateway, checks its key, pumps the core, and comes back by
// itself for as long as the session lasts.
#pragma once

#include <functional>
#include <memory>

#include "base/random.hpp"
#include "peer/gateway_calls.hpp"
#include "peer/gateway_connector.hpp"
#include "peer/link_runner.hpp"
#include "peer/path_report.hpp"
#include "session/console_session.hpp"

namespace rescue::peer {

struct ConsolePeerOptions {
  crypto::SessionIdentity identity;  // its fingerprint is in the grant
  crypto::Fingerprint applet{};      // the only key that may answer
  crypto::Profile profile = crypto::Profile::modern;
  Admission admission;
  base::Guid link_id;                    // drawn at random; the same again resumes in the same process only
  GatewayCalls* called_ahead = nullptr;  // not owned; used for the first path, then dropped

  explicit ConsolePeerOptions(crypto::SessionIdentity i) : identity(std::move(i)) {}
};

/// All on the peer's strand. Only `pumped` is required.
struct ConsolePeerHooks {
  /// After each pump of the core: take its events and audit events now.
  std::function<void()> pumped;
  /// Paths come and go, attempts fail. For the log and for people.
  std::function<void(const PathReport&)> path;
  /// A fresh ticket (and, inside the client, a renewed grant). Called when a gateway refuses the ticket and before each
  /// further round of attempts. An error that is not retryable (not_found, denied, conflict, …) ends the peer.
  std::function<boost::asio::awaitable<base::Result<Admission>>()> renew;
};

/// Strand of `executor`. `core`, `clock` and `random` must outlive it.
class ConsolePeer {
 public:
  ConsolePeer(boost::asio::any_io_executor executor, session::ConsoleSession& core, ConsolePeerOptions options,
              ConsolePeerHooks hooks, base::Clock& clock, base::RandomSource& random);
  /// Asserts that run() has ended.
  ~ConsolePeer();
  ConsolePeer(const ConsolePeer&) = delete;
  ConsolePeer& operator=(const ConsolePeer&) = delete;

  /// Until the session's link is over in order (no error), or stop() was called, or a renewal failed for good (that
  /// error).
  [[nodiscard]] boost::asio::awaitable<base::Result<>> run();
  /// Strand: the core was given a command; pump soon. (Commands may be given to the core directly on the strand.)
  void kick();
  /// Any thread: `command` runs on the strand with the core, which is pumped afterwards.
  void post(std::move_only_function<void(session::ConsoleSession&, session::Now)> command);
  /// Strand: ends run() soon; the applet sees a lost path unless the core was ended before.
  void stop();

  [[nodiscard]] bool linked() const;
  /// Smoothed round trip of the present path.
  [[nodiscard]] std::optional<base::Duration> rtt() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rescue::peer
