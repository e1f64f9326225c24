// SPDX-License-Identifier: Apache-2.0
// A WebSocket connection (RFC 6455) after its upgrade, for both sides. No extensions are negotiated.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/limits.hpp"

namespace rescue::net {

struct WebSocketOptions {
  std::size_t message_cap = kWebSocketMessageCap;  // of a message received; more closes with 1009
  std::size_t queue_bytes = kWebSocketQueueBytes;  // unsent; more ends the session: the peer does not read
  std::chrono::microseconds ping_after = kWebSocketPing;
  std::chrono::microseconds silence = kWebSocketSilence;
  WebSocketOptions() = default;
};

struct WebSocketMessage {
  bool text = false;
  std::string data;
  WebSocketMessage() = default;
  WebSocketMessage(bool is_text, std::string d) : text(is_text), data(std::move(d)) {}
  [[nodiscard]] base::ByteView bytes() const { return base::as_bytes(data); }
};

/// Close codes of RFC 6455 section 7.4.1 that we send.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  bad_text = 1007,
  policy = 1008,
  too_big = 1009,
  internal = 1011,
  try_later = 1013,
};

class WebSocketSession {
 public:
  virtual ~WebSocketSession() = default;

  /// Any thread. Queued and sent in order by the session's own writer. False: the session has ended, or its queue was
  /// full (which ends it).
  virtual bool send_text(std::string text) = 0;
  virtual bool send_binary(base::ByteView data) = 0;

  /// Strand of the connection; one caller at a time. The next whole message; text is valid UTF-8. Pings are answered
  /// here, so a reader must always be waiting. Errors: closed (the peer's close, in order; context has code and
  /// reason), bad_format, too_large, timed_out (silence), io. After an error the session is over.
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<WebSocketMessage>> receive() = 0;

  /// Any thread. Starts the closing handshake after what is queued; receive() then returns closed. Idempotent.
  virtual void close(CloseCode code, std::string reason) = 0;
  [[nodiscard]] virtual bool closed() const = 0;
};

}  // namespace rescue::net
