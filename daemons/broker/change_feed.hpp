// SPDX-License-Identifier: Apache-2.0
// From commits to whoever has to know: receivers of /events, applets, gateways. One thread, in commit order; changes of
// one session that come together are told once. Nothing is kept here that a restart would lose: the log is read from
// where the last round ended, sessions and grants as they are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
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
  /// A token of this user has ended: whoever listens with it is disconnected.
  void user_touched(const base::Guid& user);
  /// Sends the log events behind `after`, then makes it a receiver of what comes, in order, without gap or repetition;
  /// messages:
  ///   behind  {"after","through"}   the events between, `through` included, are too many to send: GET /log has them
  ///   ready   {"through"}           everything up to `through` was sent or is behind; what follows is new
  /// The past is read by a worker, so that nobody who asks for much of it holds up the others.
  void subscribe(Receiver receiver, std::optional<std::int64_t> after, std::function<void(std::uint64_t)> subscribed);
  /// Every 20 s and 15 s: pings, receivers that may no longer listen, and what could not be read when it was due.
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
  // False: the database could not be read; to be told again.
  [[nodiscard]] bool tell_log();
  [[nodiscard]] bool tell_session(const base::Guid& id);
  [[nodiscard]] bool tell_gateways();
  [[nodiscard]] bool may_listen(const directory::Principal& who);
  /// `of`: these users' alone; null: everybody.
  void recheck_receivers(const std::set<base::Guid>* of);
  void recheck_consoles();
  /// Sends what the receiver may see of (after, through], or says that it is behind.
  [[nodiscard]] base::Result<> replay(const Receiver& receiver, std::int64_t after, std::int64_t through);
  /// The feed's thread: the rest of the past, and from here on the present.
  void join(Receiver receiver, std::optional<std::int64_t> after, const std::function<void(std::uint64_t)>& subscribed);

  Services& s_;
  std::mutex mutex_;
  Pending pending_;
  bool scheduled_ = false;
  std::atomic<std::int64_t> told_log_ = 0;  // written by the feed's thread
  WorkerPool thread_;
};

}  // namespace rescue::broker
