// SPDX-License-Identifier: Apache-2.0
// Input: first byte 'p': packets, each behind a two-byte big-endian length. First byte 'b': the plain body of a packet
// that follows a fixed keyframe, so that mutations reach the parser behind the compression. Both ways all parsing and
// painting happens before the canvas check, which is hard to guess, is compared.
#include "body_fixture.hpp"
#include "screen/codec.hpp"

namespace {
using namespace rescue;

void decode(screen::Decoder& decoder, base::ByteView packet) {
  const auto changed = decoder.decode(packet);
  if (!changed) return;
  for (const screen::Rect& r : changed->rects()) {
    if (r.intersected(screen::whole(decoder.canvas().size())) != r) __builtin_trap();
  }
}

void packets(base::ByteView data) {
  base::ByteReader in(data);
  screen::Decoder decoder(screen::DecoderLimits{256 * 256});
  while (const auto length = in.u16()) decode(decoder, *in.take(std::min<std::size_t>(*length, in.left())));
}

void body(base::ByteView data) {
  static const base::Bytes first = (*screen::Encoder().encode(screen::fixture_frame()))->bytes;
  screen::Decoder decoder;
  if (!decoder.decode(first)) __builtin_trap();
  decode(decoder, screen::second_packet(first, data));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView rest(data + 1, size - 1);
  if (data[0] == 'p') packets(rest);
  if (data[0] == 'b') body(rest);
  return 0;
}
