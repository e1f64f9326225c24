// SPDX-License-Identifier: Apache-2.0
// Alerts about views and controls that a group's rule wants recorded and of which no recording is heard
// (audit/recording_watch.hpp). Worker threads.
#pragma once

#include "daemons/broker/services.hpp"

namespace rescue::broker {

/// What the log says about sessions that live: for a broker that has just started. Before the first request.
[[nodiscard]] base::Result<> recall_recordings(Services& services);
/// Looks for what is overdue and logs an alert {"reason":"recording_missing","technician","doing","quiet_us"} of it.
void check_recordings(Services& services);

}  // namespace rescue::broker
