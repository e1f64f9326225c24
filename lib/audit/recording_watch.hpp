// SPDX-License-Identifier: Apache-2.0
// Whether what must be recorded is recorded: the applet's log says when a technician sees or controls the machine, the
// console's says every ten seconds how far its recording has got (recording.tip). A view or control during which no tip
// is heard for too long is overdue; whoever asks then looks whether the group's rule forces recordings. A console that
// lies about its tips is not found here: the file that the tips name will be missing or will not match them.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "audit/intake.hpp"
#include "base/clock.hpp"
#include "base/guid.hpp"

namespace rescue::audit {

/// Technicians of one session that are watched at a time; an applet cannot make it remember more.
inline constexpr std::size_t kWatchedTechniciansMax = 16;

/// Any thread.
class RecordingWatch {
 public:
  struct Run {
    base::Guid session;
    std::string technician;  // e-mail
    bool views = false, controls = false;
    base::SteadyTime quiet_since;  // no tip since then; the start, when there never was one
  };

  /// `patience`: three tips may be late by a slow network.
  explicit RecordingWatch(base::Duration patience) : patience_(patience) {}

  /// Events that the log has taken.
  void heard(const Sender& sender, std::span<const IncomingEvent> events, base::SteadyTime now);
  /// One event; of an applet the technician is in its data, of a console it is who sent it.
  void heard(const base::Guid& session, store::EventSource source, std::string_view type, std::string_view actor,
             std::string_view data, base::SteadyTime now);
  /// Runs without a tip for longer than `patience` that were not reported yet.
  [[nodiscard]] std::vector<Run> overdue(base::SteadyTime now) const;
  /// What the rule says about an overdue run. True: it is an offence and has to be told; it is not returned again
  /// before another tip was heard. A rule that has only just come leaves the console `patience` to begin.
  [[nodiscard]] bool judge(const Run& run, bool forced, base::SteadyTime now);
  /// The session is over.
  void forget(const base::Guid& session);
  [[nodiscard]] std::size_t watched() const;

 private:
  struct Entry {
    bool views = false, controls = false;
    bool linked = true;
    bool unforced = false;  // when it was last looked at, no rule forced it
    bool told = false;
    base::SteadyTime quiet_since;
  };
  using Key = std::pair<base::Guid, std::string>;
  void take(const Key& key, std::string_view type, base::SteadyTime now);

  base::Duration patience_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;  // of runs only: who neither sees nor controls is not here
};

}  // namespace rescue::audit
