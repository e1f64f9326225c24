// SPDX-License-Identifier: Apache-2.0
// From commits to whoever has to know: receivers of /events, applets, gateways. One thread, in commit order; changes of one
// session that come together are told once. Nothing is kept here that a restart would lose: the log is read from where the
// last round ended, sessions and grants as they are.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "base/guid.hpp"
#include "daemons/broker/views.hpp"
#include "daemons/broker/worker_pool.hpp"
#include "directory/authorization.hpp"
#include "store/transaction.hpp"

namespace rescue::broker {

struct Services;
struct Receiver;

class ChangeFeed {
 public:
  explicit ChangeFeed(Services& services);

  /// Reads where the log ends now; before the first change.
  [[nodiscard]] base::Result<> start();
  /// store::Store::on_commit calls this.
  void committed(const std::vector<store::Change>& changes);
  /// Something about a session that no commit shows: its applet came or went.
  void session_touched(const base::Guid& session);
  /// Sends log events behind `after`, then makes it a receiver of what comes; in order, without gap or repetition.
  void subscribe(Receiver receiver, std::optional<std::int64_t> after, std::function<void(std::uint64_t)> subscribed);
  /// Every 20 s and 15 s: pings, and receivers that may no longer listen.
  void ping_events();
  void ping_applets();
  void stop();

 private:
  struct Pending {
    std::set<base::Guid> sessions;  // changed rows, presence or grants
    std::set<base::Guid> users;
    bool gateways = false;
    bool log = false;
  };
  void schedule();
  void drain();
  void tell_log();
  void tell_session(const base::Guid& id);
  void tell_gateways();
  [[nodiscard]] bool may_listen(const directory::Principal& who);
  void recheck_receivers();
  [[nodiscard]] base::Result<std::int64_t> replay(const Receiver& receiver, std::int64_t after);

  Services& s_;
  std::mutex mutex_;
  Pending pending_;
  bool scheduled_ = false;
  std::int64_t told_log_ = 0;  // the feed's thread alone
  WorkerPool thread_;
};

}  // namespace rescue::broker
