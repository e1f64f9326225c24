// SPDX-License-Identifier: Apache-2.0
#include "net/websocket_frame.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

namespace {

std::string shown(const WebSocketEvent& e) {
  if (const auto* m = std::get_if<WebSocketMessage>(&e)) return (m->text ? "text:" : "binary:") + m->data;
  if (const auto* p = std::get_if<WebSocketPing>(&e)) return "ping:" + p->payload;
  if (const auto* p = std::get_if<WebSocketPong>(&e)) return "pong:" + p->payload;
  const auto& c = std::get<WebSocketClosed>(e);
  return "close:" + std::to_string(c.code) + ":" + c.reason;
}

std::string decoded(WebSocketSide us, std::string_view hex, std::size_t cap = 1000) {
  WebSocketDecoder d(us, cap);
  const auto events = d.feed(*base::from_hex(hex));
  if (!events) return "error " + std::to_string(static_cast<int>(d.close_code()));
  std::string out;
  for (const auto& e : *events) out += shown(e) + " ";
  return out;
}

}  // namespace

TEST(WebSocketFrame, ReadsTheExamplesOfTheRfc) {  // RFC 6455 section 5.7
  constexpr auto client = WebSocketSide::client;
  EXPECT_EQ(decoded(client, "810548656c6c6f"), "text:Hello ");
  EXPECT_EQ(decoded(WebSocketSide::server, "818537fa213d7f9f4d5158"), "text:Hello ");
  EXPECT_EQ(decoded(client, "010348656c80026c6f"), "text:Hello ");
  EXPECT_EQ(decoded(client, "890548656c6c6f"), "ping:Hello ");
  EXPECT_EQ(decoded(WebSocketSide::server, "8a8537fa213d7f9f4d5158"), "pong:Hello ");
}

TEST(WebSocketFrame, LetsControlFramesBetweenFragments) {
  EXPECT_EQ(decoded(WebSocketSide::client,
                    "010161"
                    "8900"
                    "000162"
                    "8a00"
                    "800163"),
            "ping: pong: text:abc ");
}

TEST(WebSocketFrame, RefusesBrokenRules) {
  struct Case {
    const char* why;
    const char* hex;
    int code;
  };
  for (const auto& c :
       {Case{"masked by a server", "818537fa213d7f9f4d5158", 1002}, Case{"reserved bit", "c10161", 1002},
        Case{"unknown data opcode", "830161", 1002}, Case{"unknown control opcode", "8b00", 1002},
        Case{"control frame in parts", "0900", 1002}, Case{"long control frame", "897e007e", 1002},
        Case{"continuation of nothing", "800161", 1002}, Case{"new message inside another", "010161810162", 1002},
        Case{"16-bit length not shortest", "817e0005", 1002},
        Case{"64-bit length not shortest", "817f000000000000ffff", 1002},
        Case{"length with the top bit", "827fffffffffffffffff", 1009}, Case{"over the cap", "827e03e9", 1009},
        Case{"over the cap in parts", "027e0300", 0}, Case{"text not UTF-8", "8102c328", 1007},
        Case{"close of one byte", "880103", 1002}, Case{"close code 1005", "880203ed", 1002},
        Case{"close code 999", "880203e7", 1002}, Case{"close reason not UTF-8", "880403e8c328", 1007}}) {
    const auto got = decoded(WebSocketSide::client, c.hex);
    if (c.code == 0)
      EXPECT_EQ(got, "") << c.why;
    else
      EXPECT_EQ(got, "error " + std::to_string(c.code)) << c.why;
  }
  EXPECT_EQ(decoded(WebSocketSide::server, "810161"), "error 1002") << "not masked by a client";
  EXPECT_EQ(decoded(WebSocketSide::client,
                    "020261620002"
                    "6364"
                    "80026566",
                    5),
            "error 1009")
      << "fragments over the cap";
}

TEST(WebSocketFrame, StopsAtClose) {
  EXPECT_EQ(decoded(WebSocketSide::client,
                    "880503e8627965"
                    "810161"),
            "close:1000:bye ");
  EXPECT_EQ(decoded(WebSocketSide::client, "8800"), "close:1005: ");
}

TEST(WebSocketFrame, WritesWhatItReadsWhereverTheBytesAreCut) {
  base::SeededRandom random(3);
  for (const auto side : {WebSocketSide::client, WebSocketSide::server}) {
    const auto other = side == WebSocketSide::client ? WebSocketSide::server : WebSocketSide::client;
    std::string bytes;
    for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536})
      bytes += write_websocket_frame(side, WebSocketOpcode::binary, base::Bytes(size, 'x'), random);
    bytes += write_websocket_close(side, CloseCode::normal, std::string(200, 'r') + "ä", random);
    for (const std::size_t step : {1, 7, 4096}) {
      WebSocketDecoder d(other, 70'000);
      std::vector<std::size_t> sizes;
      std::string closing;
      for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto events = d.feed(base::as_bytes(std::string_view(bytes).substr(at, step)));
        ASSERT_TRUE(events);
        for (const auto& e : *events) {
          if (const auto* m = std::get_if<WebSocketMessage>(&e)) sizes.push_back(m->data.size());
          if (std::holds_alternative<WebSocketClosed>(e)) closing = shown(e);
        }
      }
      EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 125, 126, 127, 65535, 65536}));
      EXPECT_EQ(closing, "close:1000:" + std::string(123, 'r'));
    }
  }
}

TEST(WebSocketAccept, IsTheRfcsExample) {  // section 1.3
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace rescue::net
