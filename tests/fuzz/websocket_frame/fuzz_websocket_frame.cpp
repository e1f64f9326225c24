// SPDX-License-Identifier: Apache-2.0
// Input: first byte = side (lowest bit) and size of pieces; then frames. A message read must survive being written
// again.
#include <cstdlib>

#include "net/websocket_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  using namespace rescue::net;
  constexpr std::size_t kCap = 3000;
  if (size == 0) return 0;
  const auto us = (data[0] & 1) != 0 ? WebSocketSide::server : WebSocketSide::client;
  const auto them = us == WebSocketSide::server ? WebSocketSide::client : WebSocketSide::server;
  const std::size_t step = 1 + (data[0] >> 1);
  const base::ByteView all(data + 1, size - 1);
  WebSocketDecoder decoder(us, kCap);
  base::SeededRandom random(1);
  for (std::size_t at = 0; at < all.size(); at += step) {
    const auto events = decoder.feed(all.subspan(at, std::min(step, all.size() - at)));
    if (!events) return 0;
    for (const auto& e : *events) {
      const auto* m = std::get_if<WebSocketMessage>(&e);
      if (m == nullptr) continue;
      if (m->data.size() > kCap) std::abort();
      const auto opcode = m->text ? WebSocketOpcode::text : WebSocketOpcode::binary;
      WebSocketDecoder again(us, kCap);
      const auto back = again.feed(base::as_bytes(write_websocket_frame(them, opcode, m->bytes(), random)));
      if (!back || back->size() != 1 || std::get<WebSocketMessage>(back->front()).data != m->data) std::abort();
    }
  }
  return 0;
}
