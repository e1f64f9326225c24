// SPDX-License-Identifier: Apache-2.0
// Why a session took the path and the states it did: read from its log, with what the database says now at the end.
// Pure: events in, an account of them out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/model.hpp"

namespace rescue::audit {

/// A stretch of time in one state of wire/session_state.hpp.
struct StateSpan {
  std::string state;
  base::WallTime since;
  std::optional<base::WallTime> until;  // empty: it lasts
  std::string by;                       // who caused it, as the log names actors
  std::string why;                      // for people; texts of people in it are as they wrote them
  bool operator==(const StateSpan&) const = default;
};

/// A stretch of time on one path, as one end saw it.
struct PathSpan {
  store::EventSource end{};  // console or applet
  std::string technician;    // whose link it was; empty where the end did not say
  std::string path;          // "relay", "direct", …; "none" while there was no link
  base::WallTime since;
  std::optional<base::WallTime> until;
  std::string why;
  bool operator==(const PathSpan&) const = default;
};

/// A technician's part in the session.
struct Part {
  std::string technician;
  bool joined = false;  // took part beside the one who held it
  base::WallTime since;
  std::optional<base::WallTime> until;
  std::string why;  // how it ended
  bool operator==(const Part&) const = default;
};

struct Explanation {
  std::vector<StateSpan> states;
  std::vector<PathSpan> paths;
  std::vector<Part> technicians;
};

/// `events`: all of the session's log, in the order of their ids. `now`: the session's row; where it says another state
/// than the log's last, that state is appended, since the gateways report broken links without a log event.
[[nodiscard]] Explanation explain(std::span<const store::LogEvent> events, const store::Session& now);

}  // namespace rescue::audit
