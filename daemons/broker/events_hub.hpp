// SPDX-License-Identifier: Apache-2.0
// Receivers of GET /events: session changes and log events as they are committed, each receiver seeing what it may
// read.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "directory/authorization.hpp"
#include "net/websocket.hpp"
#include "store/log.hpp"

namespace rescue::broker {

/// Log ids that are looked through for a receiver that comes back; who missed more is told so and reads GET /log.
inline constexpr std::int64_t kMaxReplay = 1000;
/// Bytes that wait for one receiver; a slower one is disconnected and comes back with `after`.
inline constexpr std::size_t kEventsQueueBytes = 1024 * 1024;
/// What is sent of the missed events fits into the queue beside what happens meanwhile.
inline constexpr std::size_t kReplayBytes = kEventsQueueBytes / 2;

/// Whoever receives events.
struct Receiver {
  directory::Principal who;
  bool sessions = true;
  bool log = true;
  std::shared_ptr<net::WebSocketSession> socket;
};

/// add, remove and count: any thread. The rest: one thread (the change feed's).
class EventsHub {
 public:
  std::uint64_t add(Receiver receiver);
  void remove(std::uint64_t id);
  [[nodiscard]] std::size_t count() const;

  /// `text` to every receiver of sessions that may see this one, or takes or took part in it. Returns how many
  /// were too slow and are gone.
  std::size_t session_changed(const directory::Object& session, const std::string& text,
                              const std::vector<base::Guid>& taking_part = {});
  /// The event's session; nobody's: an event of the site, for readers of the whole log.
  std::size_t log_event(const directory::Object& session, const std::string& text);
  std::size_t ping();
  /// Disconnects every receiver for whom `keep` is false: signed out, disabled, expired.
  void recheck(const std::function<bool(const directory::Principal&)>& keep);
  void close_all();

 private:
  std::size_t send(const std::string& text, const std::function<bool(const Receiver&)>& wanted);
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Receiver> receivers_;
  std::uint64_t next_ = 1;
};

/// May `receiver` see live log events of this session?
[[nodiscard]] bool may_see_log(const Receiver& receiver, const directory::Object& session);
[[nodiscard]] bool may_see_session(const Receiver& receiver, const directory::Object& session);

}  // namespace rescue::broker
