// SPDX-License-Identifier: Apache-2.0
// tests/golden/screen: packets, each behind a four-byte big-endian length, that every later version must read. Packets
// of the present encoder must also come out the same to the byte: recordings and both ends of a session depend on it.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/crc32c.hpp"
#include "scene.hpp"
#include "screen/codec.hpp"
#include "support/paths.hpp"

namespace rescue::screen {
namespace {

std::string golden(const std::string& name) { return (test::source_dir() / "tests/golden/screen" / name).string(); }

base::Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Decodes all; each packet's own check must hold.
Frame play(const base::Bytes& stream, int& packets) {
  base::ByteReader in(stream);
  Decoder d;
  while (const auto length = in.u32()) {
    const auto packet = in.take(*length);
    if (!packet) ADD_FAILURE() << "packet " << packets << " is cut off";
    if (!packet) break;
    const auto r = d.decode(*packet);
    EXPECT_TRUE(r) << packets << ": " << r.error().message();
    ++packets;
  }
  return d.canvas();
}

/// All kinds of tiles, parts of pictures, two keyframes and two sizes.
base::Bytes context_stream(Frame& last) {
  Scene scene(2026, {170, 120});
  Encoder e;
  base::ByteWriter out;
  for (int i = 0; i < 70; ++i) {
    if (i == 45) scene.resize({93, 150});
    const EncodeRequest request{nullptr, i == 30, i % 10 < 3 ? 20'000 : EncodeRequest::kWholePicture, {80, 60}};
    const auto p = e.encode(scene.frame(), request);
    EXPECT_TRUE(p);
    if (*p) {
      out.u32(static_cast<std::uint32_t>((*p)->bytes.size()));
      out.bytes((*p)->bytes);
    }
    if (i == 69) last = scene.frame();
    scene.step();
  }
  EXPECT_FALSE(e.pending());
  return std::move(out).take();
}

/// Version 2: photos that are refined between other work, at both fidelities.
base::Bytes photo_stream(Frame& last) {
  Scene scene(2027, {93, 76});
  scene.photo(whole({93, 76}));
  Encoder e;
  base::ByteWriter out;
  for (int i = 0; i < 36; ++i) {
    if (i == 24) scene.resize({104, 64});
    const auto p = e.encode(scene.frame(), {.keyframe = i == 16,
                                            .work = i % 10 < 3 ? 15'000 : EncodeRequest::kWholePicture,
                                            .focus = {40, 30},
                                            .fidelity = i > 30 ? Fidelity::coarse : Fidelity::visual,
                                            .refine = i % 3 == 0});
    EXPECT_TRUE(p);
    if (*p) {
      out.u32(static_cast<std::uint32_t>((*p)->bytes.size()));
      out.bytes((*p)->bytes);
    }
    i % 4 == 0 ? scene.photo() : scene.step();
  }
  while (const auto p = *e.encode(scene.frame(), {.fidelity = Fidelity::coarse, .refine = true})) {
    out.u32(static_cast<std::uint32_t>(p->bytes.size()));
    out.bytes(p->bytes);
  }
  EXPECT_FALSE(e.inexact());
  last = scene.frame();
  return std::move(out).take();
}

void check_golden(const std::string& name, const base::Bytes& now, const Frame& last, int packets_then,
                  std::uint32_t crc) {
  const std::string path = golden(name);
  if (!std::ifstream(path)) {  // a new version's file is made once, by the test itself
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(now.data()), static_cast<std::streamsize>(now.size()));
    FAIL() << "made " << path;
  }
  const base::Bytes then = read_file(path);
  int packets = 0;
  EXPECT_EQ(play(then, packets), last);
  // The same numbers as tests/readers/scodec_reader.py gives.
  EXPECT_EQ(packets, packets_then);
  EXPECT_EQ(base::crc32c({reinterpret_cast<const std::uint8_t*>(last.pixels().data()), last.pixels().size_bytes()}),
            crc);
  EXPECT_EQ(now, then) << "another format needs another version";
}

TEST(ScreenGolden, RecordingsOfTheCodecTilesStillDecode) {
  int packets = 0;
  const Frame last = play(read_file(golden("tiles-1.stream")), packets);
  EXPECT_EQ(packets, 41);
  EXPECT_EQ(last.size(), (Size{77, 61}));
}

TEST(ScreenGolden, TheCodecContextStillDecodesAndStillWritesTheSameBytes) {
  Frame last;
  const base::Bytes now = context_stream(last);
  check_golden("context-1.stream", now, last, 44, 1826301992u);
}

TEST(ScreenGolden, SoDoesItsSecondVersion) {
  Frame last;
  const base::Bytes now = photo_stream(last);
  check_golden("context-2.stream", now, last, 32, 3445397686u);
}

}  // namespace
}  // namespace rescue::screen
