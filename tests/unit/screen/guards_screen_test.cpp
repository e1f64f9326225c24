// SPDX-License-Identifier: Apache-2.0
// Packets of the codec "tiles" that no encoder made: whole and well compressed, so that only the parser stands between
// them and the picture.
#include <gtest/gtest.h>

#include "screen/codec.hpp"
#include "screen/impl/tiles_state.hpp"
#include "tiles_packet.hpp"

namespace rescue::screen {
namespace {
constexpr Size kSize{40, 40};  // three by three tiles, those at the right and below cut
using Numbers = std::initializer_list<std::uint64_t>;

base::Bytes varints(Numbers numbers) {
  base::Bytes out;
  for (const auto n : numbers) base::append_varint(out, n);
  return out;
}
/// No vectors, one group.
base::Bytes one_group(std::uint64_t skip, std::uint64_t run, std::uint8_t mode, const base::Bytes& content) {
  auto out = varints({0, 1, skip, run});
  out.push_back(mode);
  base::append(out, content);
  return out;
}

struct Forged {
  base::Bytes body;
  Size size = kSize;
  bool keyframe = true;
  std::uint32_t sequence = 0;
  std::optional<std::size_t> announced = std::nullopt;  // bytes of the body
  int window_log = kWindowLog;
};
base::Bytes packet(const Forged& f) {
  return TilesWriter(f.window_log).packet({f.size, f.keyframe, f.sequence, 0, f.announced}, f.body);
}
/// What the decoder says of it, without the words in front.
std::string said(const Forged& f) {
  Decoder d;
  const auto r = d.decode(packet(f));
  if (r) return "taken";
  EXPECT_TRUE(d.needs_keyframe());
  EXPECT_TRUE(r.error().code == base::Errc::bad_format || r.error().code == base::Errc::verification_failed)
      << r.error().message();
  return r.error().context;
}

TEST(ScreenGuards, AForgedPacketThatKeepsTheRulesIsJudgedByThePictureAlone) {
  EXPECT_EQ(said({one_group(0, 9, kModeSolid, {1, 2, 3})}), "picture after screen packet 0");
}

TEST(ScreenGuards, GroupsStayInsideThePicture) {
  const base::Bytes bgr{1, 2, 3};
  EXPECT_EQ(said({one_group(0, 10, kModeSolid, bgr)}), "screen packet: group");
  EXPECT_EQ(said({one_group(5, 5, kModeSolid, bgr)}), "screen packet: group");
  EXPECT_EQ(said({one_group(10, 1, kModeSolid, bgr)}), "screen packet: group");
  EXPECT_EQ(said({one_group(0, UINT64_MAX, kModeSolid, bgr)}), "screen packet: group");
  EXPECT_EQ(said({one_group(0, 0, kModeSolid, bgr)}), "screen packet: group");
  EXPECT_EQ(said({varints({0, 10})}), "screen packet: groups");
  EXPECT_EQ(said({one_group(0, 1, kModeSolid, {1, 2})}), "screen packet: solid group");
}

TEST(ScreenGuards, CodedPixelsStayInTheirRowAndAreWhole) {
  EXPECT_EQ(said({one_group(1, 3, kModeTable, base::Bytes(3 * 256, 0))}), "screen packet: run over a row's end");
  EXPECT_EQ(said({one_group(2, 2, kModePhoto, base::Bytes(3 * 3 * 256, 0))}), "screen packet: run over a row's end");
  EXPECT_EQ(said({one_group(0, 1, kModeTable, base::Bytes(255, 0))}), "screen packet: pixels cut off");
  EXPECT_EQ(said({one_group(0, 1, kModePhoto, base::Bytes(3 * 256 - 1, 0))}), "screen packet: pixels cut off");
  // Each pixel says that its colour follows; one byte of the last colour is missing.
  EXPECT_EQ(said({one_group(0, 1, kModeTable, base::Bytes(256 + 3 * 256 - 1, 0xff))}), "screen packet: pixels cut off");
}

TEST(ScreenGuards, TilesThatWereNeverStoredAreNotRead) {
  EXPECT_EQ(said({one_group(0, 1, kModeCache, varints({0}))}), "screen packet: cache slot");
  EXPECT_EQ(said({one_group(0, 1, kModeCache, varints({base::zigzag(TileRing::kSlots)}))}),
            "screen packet: cache slot");
  EXPECT_EQ(said({one_group(0, 1, kModeCache, varints({base::zigzag(-1)}))}), "screen packet: cache slot");
  EXPECT_EQ(said({one_group(2, 1, kModeCache, varints({0}))}), "screen packet: cached tile at the edge");
}

TEST(ScreenGuards, ModesAndVectorsThatDoNotExistAreRefused) {
  for (const std::uint8_t mode : {4, 7, 8, 13, 255})
    EXPECT_EQ(said({one_group(0, 1, mode, {})}), "screen packet: mode") << mode;
  EXPECT_EQ(said({varints({kMaxVectors + 1})}), "screen packet: vectors");
  EXPECT_EQ(said({varints({1, 1ull << 40, 0})}), "screen packet: vector");
  for (const auto& [dx, dy] : {std::pair{-1, 0}, {0, -1}, {30, 0}, {0, 30}, {16384, 16384}}) {
    auto body = varints({1, base::zigzag(dx), base::zigzag(dy), 1, 0, 1});
    body.push_back(kModeMove);
    EXPECT_EQ(said({body}), "screen packet: move from outside") << dx << ',' << dy;
  }
}

TEST(ScreenGuards, ABodyIsWhatItsHeaderAnnouncesAndNothingStandsBehindIt) {
  const auto good = one_group(0, 9, kModeSolid, {1, 2, 3});
  EXPECT_EQ(said({.body = good, .announced = good.size() - 1}), "decompress: more than announced");
  EXPECT_EQ(said({.body = good, .announced = good.size() + 1}), "decompress: less than announced");
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(said({longer}), "screen packet: bytes left over");
}

TEST(ScreenGuards, AStreamCannotAskForALargerWindow) {
  EXPECT_TRUE(said({.body = one_group(0, 9, kModeSolid, {1, 2, 3}), .window_log = 27}).starts_with("decompress: "));
}

TEST(ScreenGuards, APacketOfAnotherSizeOrCodecIsNotPaintedIntoTheOldPicture) {
  const auto first = fixture_and({}).first;
  Decoder d;
  ASSERT_TRUE(d.decode(first));
  EXPECT_EQ(d.canvas(), fixture_frame());
  const auto r = d.decode(packet({.body = varints({0, 0}), .size = {32, 32}, .keyframe = false, .sequence = 1}));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().context, "screen packet: another size without a keyframe");

  Encoder e;
  Frame f = fixture_frame();
  ASSERT_TRUE(e.encode(f));
  f.fill({0, 0, 9, 9}, 0x123456);
  const auto other = **e.encode(f);
  ASSERT_TRUE(d.decode(first));
  EXPECT_EQ(d.decode(other.bytes).error().context, "screen packet: another codec without a keyframe");
}

TEST(ScreenGuards, AKeyframeOfTheOtherCodecTakesOver) {
  Decoder d;
  Encoder e;
  const Frame f = fixture_frame();
  ASSERT_TRUE(d.decode((**e.encode(f)).bytes));
  ASSERT_TRUE(d.decode(fixture_and({}).first));
  EXPECT_EQ(d.canvas(), f);
  ASSERT_TRUE(d.decode((**e.encode(f, nullptr, true)).bytes));
  EXPECT_EQ(d.canvas(), f);
}

}  // namespace
}  // namespace rescue::screen
