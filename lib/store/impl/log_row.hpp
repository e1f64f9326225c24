// SPDX-License-Identifier: Apache-2.0
// A row of log_events as alias e.
#pragma once

#include "store/impl/sqlite.hpp"
#include "store/model.hpp"

#define RESCUE_LOG_COLUMNS \
  "e.id, e.session, e.technician, e.source, e.seq, e.time, e.server_time, e.type, e.actor, e.data, e.origin"

namespace rescue::store::impl {

inline LogEvent read_log_event(Statement& st) {
  LogEvent e;
  e.id = st.i64(0);
  if (const auto session = st.guid(1); !session.is_none()) e.session = session;
  e.technician = st.maybe_guid(2);
  e.source = parse_event_source(st.text(3)).value_or(EventSource::broker);
  e.seq = st.u64(4);
  e.time = st.time(5);
  e.server_time = st.time(6);
  e.type = parse_event_type(st.text(7)).value_or(EventType::alert);
  e.actor = st.text(8);
  e.data = st.text(9);
  if (const auto origin = st.guid(10); !origin.is_none()) e.origin = origin;
  return e;
}

}  // namespace rescue::store::impl
