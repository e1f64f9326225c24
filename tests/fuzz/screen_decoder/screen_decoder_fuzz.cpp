// SPDX-License-Identifier: Apache-2.0
// Input: first byte 'p': packets, each behind a two-byte big-endian length. 'b': the plain body of a packet of the
// codec "tiles" that follows a fixed keyframe, so that mutations reach the parser behind the compression. 'c': flags,
// then the body of a packet of the codec "context" that follows a fixed, incomplete keyframe: all bytes mean something
// there; 'd': the same of its second version. 'v': sections of video, each behind a two-byte big-endian length, for a
// picture of 256x256. But for these, in each case all parsing and painting happens before the canvas check, which is
// hard to guess, is compared.
#include "screen/codec.hpp"
#include "screen/impl/video_decoder.hpp"
#include "tests/unit/screen/tiles_packet.hpp"

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

void tiles_body(base::ByteView data) {
  screen::Decoder decoder;
  const auto [first, second] = screen::fixture_and(data);
  if (!decoder.decode(first)) __builtin_trap();
  decode(decoder, second);
}

void context_body(base::ByteView data, std::uint8_t version) {
  static const base::Bytes first = [] {
    screen::Encoder encoder;
    return (*encoder.encode(screen::fixture_frame(), screen::EncodeRequest{nullptr, false, 9000, {30, 30}}))->bytes;
  }();
  if (data.empty()) return;
  screen::Decoder decoder;
  if (!decoder.decode(first)) __builtin_trap();
  const int flags =
      screen::kFlagContinues | screen::kFlagIncomplete | (version == screen::kPhotoVersion ? screen::kFlagInexact : 0);
  base::Bytes packet{screen::kPacketMagic,
                     static_cast<std::uint8_t>(screen::CodecId::context),
                     version,
                     static_cast<std::uint8_t>(data[0] & flags),
                     0,
                     1,
                     0,
                     0};
  base::append(packet, data.subspan(1));
  decode(decoder, packet);
}
void video(base::ByteView data) {
  constexpr screen::Size kSize{256, 256};
  base::ByteReader in(data);
  screen::VideoDecoder decoder;
  screen::Frame canvas = *screen::Frame::create(kSize);
  while (const auto length = in.u16()) {
    const base::ByteView section = *in.take(std::min<std::size_t>(*length, in.left()));
    const auto used = decoder.apply(section, kSize);
    if (!used) {
      decoder.reset();
      continue;
    }
    if (*used > section.size()) __builtin_trap();
    screen::paint_video(decoder.pictures(), screen::whole(kSize), canvas);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView rest(data + 1, size - 1);
  if (data[0] == 'p') packets(rest);
  if (data[0] == 'b') tiles_body(rest);
  if (data[0] == 'c') context_body(rest, screen::kContextVersion);
  if (data[0] == 'd') context_body(rest, screen::kPhotoVersion);
  if (data[0] == 'v') video(rest);
  return 0;
}
