// SPDX-License-Identifier: Apache-2.0
#include "net/websocket_frame.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace rescue::net {

namespace {

constexpr std::size_t kControlCap = 125;  // section 5.5
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Codes that may stand in a close frame (section 7.4.2 and the IANA registry).
bool may_close_with(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

struct WebSocketDecoder::Header {
  bool fin = false;
  bool masked = false;
  std::uint8_t reserved = 0;
  WebSocketOpcode opcode = WebSocketOpcode::continuation;
  std::uint64_t length = 0;
  std::size_t size = 0;  // of the header itself
  std::array<std::uint8_t, 4> key{};
  bool shortest = true;

  [[nodiscard]] bool control() const { return static_cast<std::uint8_t>(opcode) >= 8; }
};

std::unexpected<base::Error> WebSocketDecoder::refuse(CloseCode code, std::string why) {
  over_ = true;
  close_code_ = code;
  const auto kind = code == CloseCode::too_big ? base::Errc::too_large : base::Errc::bad_format;
  return base::fail(kind, "WebSocket: " + std::move(why));
}

base::Result<std::optional<WebSocketDecoder::Header>> WebSocketDecoder::header() const {
  base::ByteReader r(base::as_bytes(pending_));
  const auto first = r.u8();
  const auto second = r.u8();
  if (!second) return std::nullopt;
  Header h;
  h.fin = (*first & 0x80) != 0;
  h.reserved = (*first >> 4) & 7;
  h.opcode = static_cast<WebSocketOpcode>(*first & 0x0F);
  h.masked = (*second & 0x80) != 0;
  h.length = *second & 0x7F;
  if (h.length == 126) {
    const auto n = r.u16();
    if (!n) return std::nullopt;
    h.shortest = *n > 125;
    h.length = *n;
  } else if (h.length == 127) {
    const auto n = r.u64();
    if (!n) return std::nullopt;
    h.shortest = *n > 0xFFFF;
    h.length = *n;
  }
  if (h.masked) {
    const auto key = r.take(4);
    if (!key) return std::nullopt;
    std::copy(key->begin(), key->end(), h.key.begin());
  }
  h.size = r.offset();
  return h;
}

base::Result<> WebSocketDecoder::check(const Header& h) {
  if (h.reserved != 0) return refuse(CloseCode::protocol_error, "reserved bits are set");
  if (h.masked != (us_ == WebSocketSide::server)) return refuse(CloseCode::protocol_error, "wrong masking");
  if (!h.shortest) return refuse(CloseCode::protocol_error, "length is not in its shortest form");
  if (h.control()) {
    if (h.opcode > WebSocketOpcode::pong) return refuse(CloseCode::protocol_error, "unknown opcode");
    if (!h.fin || h.length > kControlCap)
      return refuse(CloseCode::protocol_error, "control frame too long or in parts");
    return {};
  }
  if (h.opcode > WebSocketOpcode::binary) return refuse(CloseCode::protocol_error, "unknown opcode");
  if ((h.opcode == WebSocketOpcode::continuation) != in_message_)
    return refuse(CloseCode::protocol_error, "fragment out of order");
  if (h.length > message_cap_ - message_.size())
    return refuse(CloseCode::too_big, fmt::format("message over {} bytes", message_cap_));
  return {};
}

base::Result<> WebSocketDecoder::finish_control(const Header& h, std::string payload,
                                                std::vector<WebSocketEvent>& out) {
  if (h.opcode == WebSocketOpcode::ping) {
    out.emplace_back(WebSocketPing{std::move(payload)});
  } else if (h.opcode == WebSocketOpcode::pong) {
    out.emplace_back(WebSocketPong{std::move(payload)});
  } else {
    WebSocketClosed closed;
    if (payload.size() == 1) return refuse(CloseCode::protocol_error, "close frame of one byte");
    if (payload.size() >= 2) {
      closed.code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                               static_cast<std::uint8_t>(payload[1]));
      closed.reason = payload.substr(2);
      if (!may_close_with(closed.code)) return refuse(CloseCode::protocol_error, "close code");
      if (!base::is_valid_utf8(closed.reason)) return refuse(CloseCode::bad_text, "close reason is not UTF-8");
    }
    over_ = true;
    out.emplace_back(std::move(closed));
  }
  return {};
}

base::Result<> WebSocketDecoder::finish_data(const Header& h, std::string payload, std::vector<WebSocketEvent>& out) {
  if (h.opcode != WebSocketOpcode::continuation) text_ = h.opcode == WebSocketOpcode::text;
  in_message_ = !h.fin;
  if (message_.empty())
    message_ = std::move(payload);
  else
    message_ += payload;
  if (!h.fin) return {};
  if (text_ && !base::is_valid_utf8(message_)) return refuse(CloseCode::bad_text, "text is not UTF-8");
  out.emplace_back(WebSocketMessage(text_, std::exchange(message_, std::string())));
  return {};
}

base::Result<std::vector<WebSocketEvent>> WebSocketDecoder::feed(base::ByteView bytes) {
  std::vector<WebSocketEvent> out;
  if (over_) return out;
  pending_ += base::as_text(bytes);
  std::size_t at = 0;
  while (!over_) {
    if (at > 0) pending_.erase(0, std::exchange(at, 0));
    RESCUE_TRY(const auto h, header());
    if (!h) break;
    RESCUE_CHECK(check(*h));
    if (pending_.size() - h->size < h->length) break;
    std::string payload = pending_.substr(h->size, static_cast<std::size_t>(h->length));
    if (h->masked)
      for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ h->key[i % 4]);
    at = h->size + payload.size();
    RESCUE_CHECK(h->control() ? finish_control(*h, std::move(payload), out) : finish_data(*h, std::move(payload), out));
  }
  if (over_) pending_.clear();
  return out;
}

std::string write_websocket_frame(WebSocketSide us, WebSocketOpcode opcode, base::ByteView payload,
                                  base::RandomSource& random) {
  std::string out;
  out.reserve(payload.size() + 14);
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  const int mask_bit = us == WebSocketSide::client ? 0x80 : 0;
  const auto big_endian = [&out](std::uint64_t v, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(v >> (8 * i));
  };
  if (payload.size() <= 125) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    out += static_cast<char>(mask_bit | 126);
    big_endian(payload.size(), 2);
  } else {
    out += static_cast<char>(mask_bit | 127);
    big_endian(payload.size(), 8);
  }
  if (us == WebSocketSide::server) {
    out += base::as_text(payload);
    return out;
  }
  std::array<std::uint8_t, 4> key{};
  random.fill(key);
  out += base::as_text(key);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

std::string write_websocket_close(WebSocketSide us, CloseCode code, std::string_view reason,
                                  base::RandomSource& random) {
  while (reason.size() > kControlCap - 2 || !base::is_valid_utf8(reason)) reason.remove_suffix(1);
  base::ByteWriter w;
  w.u16(static_cast<std::uint16_t>(code));
  w.bytes(base::as_bytes(reason));
  return write_websocket_frame(us, WebSocketOpcode::close, w.view(), random);
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + std::string(kAcceptGuid);
  std::array<std::uint8_t, 20> digest{};
  unsigned n = 0;
  RESCUE_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &n, EVP_sha1(), nullptr) == 1);
  return base::to_base64(digest);
}

std::string make_websocket_key(base::RandomSource& random) {
  std::array<std::uint8_t, 16> nonce{};
  random.fill(nonce);
  return base::to_base64(nonce);
}

}  // namespace rescue::net
