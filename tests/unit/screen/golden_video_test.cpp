// SPDX-License-Identifier: Apache-2.0
// tests/golden/screen/context-2-film.stream: a recorded film that every later version must show as it was. What an
// encoder writes depends on its libvpx, what a decoder shows does not.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/crc32c.hpp"
#include "screen/codec.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/video_decoder.hpp"
#include "support/paths.hpp"
#include "tests/unit/screen/film.hpp"

namespace rescue::screen {
namespace {

void append(base::ByteWriter& out, const base::Result<std::optional<Packet>>& packet) {
  ASSERT_TRUE(packet);
  if (!*packet) return;
  out.u32(static_cast<std::uint32_t>((*packet)->bytes.size()));
  out.bytes((*packet)->bytes);
}

/// A film that begins, plays, stops and becomes exact.
base::Bytes film_stream(Frame& last) {
  last = *Frame::create({150, 100});
  paint_text(last, whole(last.size()), 1);
  Encoder e;
  EncodeRequest request;
  request.fidelity = Fidelity::visual;
  request.video_kbit = 100;
  base::ByteWriter out;
  for (int i = 0; i < 30; ++i) {
    if (i > 0 && i < 16) paint_film(last, {13, 9, 111, 70}, i);
    request.time += std::chrono::milliseconds(67);
    request.refine = i >= 16;
    append(out, e.encode(last, request));
  }
  paint_text(last, {0, 80, 150, 20}, 2);
  request.refine = false;
  append(out, e.encode(last, request));
  EXPECT_FALSE(e.inexact());
  return std::move(out).take();
}

/// The pictures of the regions that the packets of a stream tell of, one behind the other.
std::uint32_t check_of_films(const base::Bytes& stream, int& steps) {
  base::ByteReader in(stream);
  VideoDecoder video;
  std::uint32_t crc = 0;
  while (const auto length = in.u32()) {
    const base::ByteView packet = *in.take(*length);
    const auto header = parse_header(packet);
    if (!header->video) continue;
    ++steps;
    EXPECT_TRUE(video.apply(packet.subspan(header->header_bytes), {150, 100}));
    for (const auto& p : video.pictures()) {
      if (!p) continue;
      Frame picture = *Frame::create({p->place.width, p->place.height});
      to_pixels(p->planes, whole(picture.size()), picture.row(0), picture.stride());
      crc = base::crc32c(
          {reinterpret_cast<const std::uint8_t*>(picture.pixels().data()), picture.pixels().size_bytes()}, crc);
    }
  }
  return crc;
}

TEST(VideoGolden, AFilmStillDecodes) {
  Frame last;
  const base::Bytes now = film_stream(last);
  const std::string path = (test::source_dir() / "tests/golden/screen/context-2-film.stream").string();
  if (!std::ifstream(path)) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(now.data()), static_cast<std::streamsize>(now.size()));
    FAIL() << "made " << path;
  }
  std::ifstream file(path, std::ios::binary);
  const base::Bytes then{std::istreambuf_iterator<char>(file), {}};
  int packets = 0;
  base::ByteReader in(then);
  Decoder decoder;
  for (; const auto length = in.u32(); ++packets) {
    const auto changed = decoder.decode(*in.take(*length));
    ASSERT_TRUE(changed) << packets << ": " << changed.error().message();
  }
  EXPECT_EQ(decoder.canvas(), last);
  int steps = 0;
  // The same numbers as tests/readers/scodec_video.py gives.
  EXPECT_EQ(check_of_films(then, steps), 4132652389u);
  EXPECT_EQ(packets, 18);
  EXPECT_EQ(steps, 10);
}

}  // namespace
}  // namespace rescue::screen
