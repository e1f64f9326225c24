// SPDX-License-Identifier: Apache-2.0
// Input: packets, each behind a two-byte big-endian length. The checks of packets (canvas check, sequence) are hard to
// guess, but all parsing happens before the canvas check is compared.
#include "base/bytes.hpp"
#include "screen/codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  base::ByteReader in({data, size});
  screen::Decoder decoder(screen::DecoderLimits{256 * 256});
  while (const auto length = in.u16()) {
    const auto packet = in.take(std::min<std::size_t>(*length, in.left()));
    const auto changed = decoder.decode(*packet);
    if (changed) {
      for (const screen::Rect& r : changed->rects()) {
        if (r.intersected(screen::whole(decoder.canvas().size())) != r) __builtin_trap();
      }
    }
  }
  return 0;
}
