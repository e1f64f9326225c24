// SPDX-License-Identifier: Apache-2.0
// Opens a WebSocket (RFC 6455 section 4.1) to the site of an HttpClient.
#pragma once

#include "net/http_client.hpp"
#include "net/task_group.hpp"
#include "net/websocket.hpp"

namespace rescue::net {

/// Connects, upgrades and checks Sec-WebSocket-Accept. The session's writer runs in `group` (same strand as the
/// client), which must be stopped before the session's owner goes. Errors: those of HttpClient::send; an answer other
/// than 101 is sign_in_needed (401), denied (403), not_found (404), conflict (409), unreachable (5xx) or bad_format,
/// with the body's start in the context.
[[nodiscard]] boost::asio::awaitable<base::Result<std::shared_ptr<WebSocketSession>>> connect_websocket(
    HttpClient& client, TaskGroup& group, std::string target, HttpHeaders headers, WebSocketOptions options);

}  // namespace rescue::net
