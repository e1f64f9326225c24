// SPDX-License-Identifier: Apache-2.0
// From a row of the route table to what net's router calls: guard, worker, sign-in, handler, answer.
#pragma once

#include "daemons/broker/routes.hpp"

namespace rescue::broker {

/// `route` and `services` outlive the handler.
[[nodiscard]] net::HttpHandler plain_handler(Services& services, const Route& route);
/// GET /events
[[nodiscard]] net::WebSocketHandler events_handler(Services& services, const Route& route);
/// GET /applet/events
[[nodiscard]] net::EventHandler applet_stream_handler(Services& services, const Route& route);
/// GET /gateway/connect
[[nodiscard]] net::WebSocketHandler gateway_handler(Services& services, const Route& route);

/// The answer of a blocking `job` that runs in the fast lane, or 503. Every answer gets X-Request-Id.
[[nodiscard]] boost::asio::awaitable<net::HttpResponse> in_worker(WorkerPool& pool, WorkerPool::Job job,
                                                                  std::string request_id);

}  // namespace rescue::broker
