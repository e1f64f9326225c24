// SPDX-License-Identifier: Apache-2.0
// Questions to the log, as the API asks them: text parameters in, pages out.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/log.hpp"

namespace rescue::audit {

inline constexpr std::size_t kMaxSearchBytes = 500;

/// Parameters of GET /log as they came; empty means not given.
struct QueryText {
  std::string session;     // GUID
  std::string technician;  // GUID (the caller resolves e-mail addresses)
  std::string type;        // names, comma separated; "file.*" for all of a group
  std::string source;
  std::string since;  // RFC 3339, or a duration back from now ("2h"); compared with server_time
  std::string until;
  std::string text;
  std::string order;  // "newest" (default) or "oldest"
};
struct LogQuery {
  store::LogFilter filter;
  store::LogOrder order = store::LogOrder::newest_first;
};
/// invalid_argument names the parameter and what it may be.
[[nodiscard]] base::Result<LogQuery> parse_query(const QueryText& text, base::WallTime now);

[[nodiscard]] inline base::Result<store::Page<store::LogEvent>> query(store::ReadTransaction& tx, const LogQuery& query,
                                                                      std::string_view cursor = {},
                                                                      std::size_t limit = 0) {
  return store::log::query(tx, query.filter, query.order, cursor, limit);
}
/// Does an event that just came in belong to the answer? For live tails; text filters are not supported there (false).
[[nodiscard]] bool matches(const store::LogFilter& filter, const store::LogEvent& event);

}  // namespace rescue::audit
