// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455 section 5), sans-IO:
//   0      FIN(1) RSV(3)=0 opcode(4)
//   1      MASK(1) length(7): 0-125, 126: u16 follows, 127: u64 follows; the shortest form only
//   …      masking key, 4 bytes, when MASK=1 (always from client to server, never the other way)
//   …      payload, each byte XOR key[i mod 4]
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "net/websocket.hpp"

namespace rescue::net {

enum class WebSocketSide : std::uint8_t { client, server };

struct WebSocketPing {
  std::string payload;
};
struct WebSocketPong {
  std::string payload;
};
/// code 1005 stands for a close without a code.
struct WebSocketClosed {
  std::uint16_t code = 1005;
  std::string reason;
};
using WebSocketEvent = std::variant<WebSocketMessage, WebSocketPing, WebSocketPong, WebSocketClosed>;

/// What the peer sent. After an error or a close frame nothing more is read.
class WebSocketDecoder {
 public:
  /// `us`: the side that decodes. `message_cap` holds for one message, all its fragments together.
  WebSocketDecoder(WebSocketSide us, std::size_t message_cap) : us_(us), message_cap_(message_cap) {}

  /// Errors and the close code they deserve: bad_format (1002, or 1007 when text is not UTF-8), too_large (1009).
  [[nodiscard]] base::Result<std::vector<WebSocketEvent>> feed(base::ByteView bytes);
  /// The close code for the last error.
  [[nodiscard]] CloseCode close_code() const { return close_code_; }

 private:
  struct Header;
  [[nodiscard]] base::Result<std::optional<Header>> header() const;
  [[nodiscard]] base::Result<> check(const Header& h);
  [[nodiscard]] base::Result<> finish_control(const Header& h, std::string payload, std::vector<WebSocketEvent>& out);
  [[nodiscard]] base::Result<> finish_data(const Header& h, std::string payload, std::vector<WebSocketEvent>& out);
  std::unexpected<base::Error> refuse(CloseCode code, std::string why);

  WebSocketSide us_;
  std::size_t message_cap_;
  std::string pending_;  // bytes of an unfinished frame: at most a header and message_cap_
  std::string message_;  // fragments so far
  bool text_ = false;
  bool in_message_ = false;
  bool over_ = false;
  CloseCode close_code_ = CloseCode::protocol_error;
};

enum class WebSocketOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// One unfragmented frame. A client's is masked with a key from `random` (RFC 6455 section 5.3 wants it unpredictable).
[[nodiscard]] std::string write_websocket_frame(WebSocketSide us, WebSocketOpcode opcode, base::ByteView payload,
                                                base::RandomSource& random);
/// A close frame; the reason is cut to what fits into a control frame, at a character's border.
[[nodiscard]] std::string write_websocket_close(WebSocketSide us, CloseCode code, std::string_view reason,
                                                base::RandomSource& random);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2).
[[nodiscard]] std::string websocket_accept(std::string_view key);
/// 16 random bytes in base64.
[[nodiscard]] std::string make_websocket_key(base::RandomSource& random);

}  // namespace rescue::net
