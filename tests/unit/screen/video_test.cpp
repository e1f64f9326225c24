// SPDX-License-Identifier: Apache-2.0
// Films on the screen, from the frame to the receiver's picture.
#include <gtest/gtest.h>

#include <cmath>

#include "screen/codec.hpp"
#include "screen/compose.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/vp9_stream.hpp"
#include "tests/unit/screen/film.hpp"

namespace rescue::screen {
namespace {
using std::chrono::milliseconds;

constexpr Size kScreen{400, 320};
constexpr Rect kFilm{37, 61, 298, 205};
constexpr Rect kAll{0, 0, 400, 320};

/// Both ends of a view, with the frame that is on the screen.
class View {
 public:
  explicit View(Size size = kScreen) : screen(*Frame::create(size)) {
    paint_text(screen, whole(size), 1);
    request.fidelity = Fidelity::visual;
    request.video_kbit = 1500;
  }

  /// Sends what is on the screen, in as many packets as it takes. Says whether any of them held video.
  bool show(const Damage& damage) {
    request.time += interval;
    bool video = false;
    const Damage nothing;
    request.damage = &damage;
    do {
      const auto packet = encoder.encode(screen, request);
      request.damage = &nothing;
      request.keyframe = false;
      EXPECT_TRUE(packet) << packet.error().message();
      if (!packet || !*packet) return video;
      ++packets;
      bytes += (*packet)->bytes.size();
      video = parse_header((*packet)->bytes)->video || video;
      last = (*packet)->bytes;
      const auto changed = decoder.decode(last);
      EXPECT_TRUE(changed) << changed.error().message();
      EXPECT_EQ((*packet)->info.exact, decoder.inexact().empty());
    } while (encoder.pending());
    expect_exact_outside();
    return video;
  }
  bool film(int number, Rect place = kFilm) {
    paint_film(screen, place, number);
    return show(Damage(place));
  }
  /// Time passes, nothing changes.
  void rest(base::Duration how_long) {
    request.refine = true;
    for (base::Duration t{}; t < how_long; t += interval) show({});
    request.refine = false;
  }
  void expect_exact_outside() const {
    Frame copy = *Frame::copy_of(decoder.canvas());
    const Damage inexact = decoder.inexact();
    for (const Rect& r : inexact.rects()) {
      for (std::int32_t y = r.y; y < r.bottom(); ++y) std::copy_n(screen.row(y) + r.x, r.width, copy.row(y) + r.x);
    }
    EXPECT_EQ(copy, screen) << "outside of what is told to be inexact";
  }
  [[nodiscard]] double error_in(Rect r) const {
    double sum = 0;
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      for (std::int32_t x = r.x; x < r.right(); ++x) {
        for (int shift = 0; shift < 24; shift += 8) {
          const int d = static_cast<int>(screen.row(y)[x] >> shift & 255) -
                        static_cast<int>(decoder.canvas().row(y)[x] >> shift & 255);
          sum += d * d;
        }
      }
    }
    return std::sqrt(sum / 3 / static_cast<double>(Size{r.width, r.height}.pixels()));
  }
  [[nodiscard]] bool equal_in(Rect r) const {
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      if (!std::equal(screen.row(y) + r.x, screen.row(y) + r.right(), decoder.canvas().row(y) + r.x)) return false;
    }
    return true;
  }

  Frame screen;
  Encoder encoder;
  Decoder decoder;
  EncodeRequest request;
  base::Duration interval = milliseconds(67);
  base::Bytes last;
  int packets = 0;
  std::size_t bytes = 0;
};

class Video : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(video_available()); }
};

TEST_F(Video, AFilmGoesThroughAStreamAndTextBesideItIsExact) {
  View view;
  view.show(Damage(kAll));
  int with_video = 0;
  for (int i = 0; i < 30; ++i) {
    if (view.film(i)) ++with_video;
    if (i < 10) continue;
    for (const Rect& text : {Rect{0, 0, 400, 61}, Rect{0, 61, 37, 205}, Rect{335, 61, 65, 205}, Rect{0, 266, 400, 54}})
      EXPECT_TRUE(view.equal_in(text)) << "picture " << i << " beside the film at " << text.x << "," << text.y;
    EXPECT_LT(view.error_in(kFilm), 9) << "picture " << i;
  }
  EXPECT_GE(with_video, 20);
}

TEST_F(Video, ItNeedsAFractionOfPhotos) {
  std::size_t bytes[2];
  for (const unsigned kbit : {0u, 500u}) {
    View view;
    view.request.video_kbit = kbit;
    view.show(Damage(kAll));
    for (int i = 0; i < 10; ++i) view.film(i);
    view.bytes = 0;
    for (int i = 10; i < 16; ++i) view.film(i);
    bytes[kbit != 0 ? 1 : 0] = view.bytes;
  }
  EXPECT_LT(4 * bytes[1], bytes[0]);
  EXPECT_LT(bytes[1], 500'000 / 8) << "in 0.4 s";
}

TEST_F(Video, AFilmThatStopsBecomesExact) {
  View view;
  view.show(Damage(kAll));
  for (int i = 0; i < 15; ++i) view.film(i);
  EXPECT_TRUE(view.encoder.inexact());
  EXPECT_FALSE(view.decoder.inexact().empty());
  view.rest(milliseconds(1500));
  EXPECT_FALSE(view.encoder.inexact());
  EXPECT_TRUE(view.decoder.inexact().empty());
  EXPECT_EQ(view.decoder.canvas(), view.screen);
}

TEST_F(Video, TheReceiverIsToldOfTheEndOfAFilm) {
  View view;
  view.show(Damage(kAll));
  for (int i = 0; i < 15; ++i) view.film(i);
  view.rest(milliseconds(2000));
  paint_text(view.screen, kAll, 5);
  view.show(Damage(kAll));
  // By now a packet has said so. Another film in its place must begin with a stream of its own.
  bool again = false;
  for (int i = 0; i < 15; ++i) again = view.film(i) || again;
  EXPECT_TRUE(again);
}

TEST_F(Video, AWindowOverAFilmIsExactAtOnce) {
  View view;
  view.show(Damage(kAll));
  for (int i = 0; i < 15; ++i) view.film(i);
  const Rect window{112, 112, 96, 80};
  for (int i = 15; i < 30; ++i) {
    paint_film(view.screen, kFilm, i);
    paint_text(view.screen, window, 3);
    view.show(Damage(kFilm));
    EXPECT_TRUE(view.equal_in(window)) << "picture " << i;
  }
  for (int i = 30; i < 40; ++i) {
    view.film(i);
    EXPECT_LT(view.error_in(kFilm), 9) << "picture " << i;
  }
}

TEST_F(Video, AKeyframeWithinAFilmIsABeginning) {
  View view;
  view.show(Damage(kAll));
  for (int i = 0; i < 12; ++i) view.film(i);
  view.request.keyframe = true;
  view.film(12);
  Decoder late;
  ASSERT_TRUE(late.decode(view.last));
  for (int i = 13; i < 20; ++i) {
    EXPECT_TRUE(view.film(i)) << "the film goes on as video";
    ASSERT_TRUE(late.decode(view.last));
    EXPECT_EQ(late.canvas(), view.decoder.canvas());
  }
}

TEST_F(Video, NoVideoWhereNoneIsPermitted) {
  for (const bool exact : {false, true}) {
    View view;
    if (exact) {
      view.request.fidelity = Fidelity::exact;
    } else {
      view.request.video_kbit = 0;
    }
    view.show(Damage(kAll));
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(view.film(i));
  }
}

TEST_F(Video, AskingForExactPicturesEndsIt) {
  View view;
  view.show(Damage(kAll));
  for (int i = 0; i < 12; ++i) view.film(i);
  view.request.fidelity = Fidelity::exact;
  view.film(12);
  EXPECT_EQ(view.decoder.canvas(), view.screen);
  EXPECT_TRUE(view.decoder.inexact().empty());
}

TEST_F(Video, TextThatScrollsAndWindowsThatMoveAreNoFilm) {
  View view;
  Frame page = *Frame::create({400, 3000});
  paint_text(page, whole(page.size()), 9);
  view.show(Damage(kAll));
  for (int i = 0; i < 40; ++i) {
    blit(view.screen, {0, -7 * i * i / 5}, page);
    EXPECT_FALSE(view.show(Damage(kAll))) << "scrolled, picture " << i;
  }
  Frame desktop = *Frame::create(kScreen);
  paint_film(desktop, kAll, 1);
  for (int i = 0; i < 14; ++i) {  // it stands for a second, but for a clock
    blit(view.screen, {0, 0}, desktop);
    paint_text(view.screen, {300, 300, 100, 16}, static_cast<std::uint64_t>(i));
    view.show(Damage(kAll));
  }
  Frame window = *Frame::create({200, 150});
  paint_text(window, whole(window.size()), 4);
  for (int i = 0; i < 40; ++i) {
    blit(view.screen, {0, 0}, desktop);
    blit(view.screen, {5 * i, 30 + (i * 13) % 90}, window);
    EXPECT_FALSE(view.show(Damage(kAll))) << "dragged, picture " << i;
  }
}

TEST_F(Video, PicturesInPartsHoldTheFilmInTheFirst) {
  View view;
  view.request.work = 20'000;
  view.request.focus = {300, 310};
  view.show(Damage(kAll));
  for (int i = 0; i < 25; ++i) {
    paint_film(view.screen, kFilm, i);
    paint_text(view.screen, {0, 272, 400, 48}, static_cast<std::uint64_t>(i));
    view.show(Damage(kAll));
    if (i > 10) {
      EXPECT_LT(view.error_in(kFilm), 9);
    }
  }
  view.rest(milliseconds(5000));
  EXPECT_EQ(view.decoder.canvas(), view.screen);
}

TEST_F(Video, AFilmOverTheWholeOfAnOddScreenThatIsResized) {
  View view(Size{285, 217});
  view.show(Damage(whole(view.screen.size())));
  bool video = false;
  for (int i = 0; i < 12; ++i) video = view.film(i, whole(view.screen.size())) || video;
  EXPECT_TRUE(video);
  view.screen = *Frame::create({261, 187});
  view.show(Damage(whole(view.screen.size())));
  for (int i = 0; i < 12; ++i) view.film(i, whole(view.screen.size()));
  EXPECT_LT(view.error_in(whole(view.screen.size())), 9);
  view.rest(milliseconds(1500));
  EXPECT_EQ(view.decoder.canvas(), view.screen);
}

TEST_F(Video, AnyDamageToAPacketIsAnErrorAndAKeyframeHeals) {
  View view;
  view.show(Damage(kAll));
  std::vector<base::Bytes> packets;
  view.request.keyframe = true;
  for (int i = 0; i < 14; ++i) {
    view.film(i);
    packets.push_back(view.last);
  }
  base::SeededRandom random(11);
  int refused = 0;
  for (int round = 0; round < 8; ++round) {
    Decoder decoder;
    const std::size_t damaged = 9 + random.below(5);
    for (std::size_t i = 0; i <= damaged; ++i) {
      base::Bytes bytes = packets[i];
      if (i == damaged) {
        const std::size_t at = 8 + random.below(std::min<std::size_t>(bytes.size() - 8, 400));
        bytes[at] ^= static_cast<std::uint8_t>(1 + random.below(255));
      }
      const auto decoded = decoder.decode(bytes);
      if (decoded) continue;
      ASSERT_EQ(i, damaged);
      ++refused;
      EXPECT_TRUE(decoder.needs_keyframe());
    }
    ASSERT_TRUE(decoder.decode(packets[0]));
  }
  EXPECT_EQ(refused, 8);
}

}  // namespace
}  // namespace rescue::screen
