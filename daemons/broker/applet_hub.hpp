// SPDX-License-Identifier: Apache-2.0
// The event streams of applets. What an applet should know is in the database; the hub compares it with what this
// connection was told and sends the difference. So a restart, a lost event or a reconnect need nothing but another
// comparison.
//   grant   {"grant"}                 a signed grant: new, renewed or repeated. id: the grant's generation
//   revoke  {"technician"}            the technician's grant is worthless now
//   people  {"technicians"}           who is in it, the one who holds it first: [{name,email}]; told when somebody is
//   state   {"state","technician","to"} how the session stands, who holds it ({name,email} or null), and to whom it is
//           on its way ("" or a name); told when it is another than "waiting" with nobody
//   synced  {"technicians"}           after a connect: whoever is not in the list has no grant (any more)
//   close   {"by","reason"}           the session has ended; the stream ends behind it
//   gateways {"gateways"}             the list of gateways changed
//   ping    {}                        every 15 s
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "net/http.hpp"

namespace rescue::broker {

/// What the database says about one session.
struct AppletTruth {
  struct Grant {
    base::Guid technician;
    std::uint64_t generation = 0;
    base::WallTime lease_until;
    std::string envelope;  // base64url
  };
  struct Person {
    std::string name, email;
  };
  std::vector<Grant> grants;
  std::string state = "waiting";
  std::optional<Person> technician{};
  std::string to{};  // a technician's name, or a channel's
  std::vector<Person> people{};
  bool ended = false;
  std::string ended_by, end_reason;
};

/// connected, disconnected, online and silent_for: any thread. sync, announce and ping: one thread (the change feed's).
class AppletHub {
 public:
  explicit AppletHub(base::SteadyTime started) : started_(started) {}

  /// A newer stream of the same session takes the place of the older, which is closed. Returns the connection's number.
  std::uint64_t connected(const base::Guid& session, std::shared_ptr<net::EventSink> sink);
  /// False when a newer connection has taken over.
  bool disconnected(const base::Guid& session, std::uint64_t connection, base::SteadyTime now);
  [[nodiscard]] bool online(const base::Guid& session) const;
  /// How long the applet has been away; zero while it is online. Nobody is away for longer than the broker runs.
  [[nodiscard]] base::Duration silent_for(const base::Guid& session, base::SteadyTime now) const;
  void forget(const base::Guid& session);
  [[nodiscard]] std::size_t connected_count() const;

  /// Sends what differs. Nothing when the applet is not connected.
  void sync(const base::Guid& session, const AppletTruth& truth);
  /// `list` is called only when the session's applet is connected, and gives the JSON of the gateways event.
  void announce_gateways(const std::function<std::string(const base::Guid& session)>& list);
  void ping();
  void close_all();

 private:
  struct Told {
    std::uint64_t generation = 0;
    base::WallTime lease_until;
  };
  struct Stream {
    std::shared_ptr<net::EventSink> sink;
    std::uint64_t connection = 0;
    std::map<base::Guid, Told> told;  // by technician
    std::string told_state, told_people;
    bool synced = false;
  };
  mutable std::mutex mutex_;
  base::SteadyTime started_;
  std::unordered_map<base::Guid, Stream> streams_;
  std::unordered_map<base::Guid, base::SteadyTime> left_;
  std::uint64_t next_connection_ = 1;
};

}  // namespace rescue::broker
