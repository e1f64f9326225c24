// SPDX-License-Identifier: Apache-2.0
// What the broker does by the clock: pings, sessions that ran out, applets that stay away, the certificate's renewal.
#pragma once

#include "daemons/broker/services.hpp"
#include "net/http_server.hpp"
#include "net/task_group.hpp"

namespace rescue::broker {

/// Starts the tasks in `group`; they end when it stops. All references outlive the group.
void start_upkeep(Services& services, net::HttpServer& server, net::TaskGroup& group);

/// The TLS context of the site's present certificate; renews that when it is due. For start, SIGHUP and upkeep.
[[nodiscard]] base::Result<crypto::TlsContext> tls_context(const crypto::ServerIdentity& identity);
void reload_certificate(Services& services, net::HttpServer& server);

}  // namespace rescue::broker
