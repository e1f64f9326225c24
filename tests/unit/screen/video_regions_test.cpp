// SPDX-License-Identifier: Apache-2.0
// What counts as video, and for how long.
#include <gtest/gtest.h>

#include "screen/impl/video_regions.hpp"

namespace rescue::screen {
namespace {
using std::chrono::milliseconds;

constexpr Size kScreen{1280, 800};

/// Pictures at a rate, in which some rectangles have news.
class Watch {
 public:
  explicit Watch(Size size = kScreen) : grid_(size) { regions.reset(size); }

  void show(std::initializer_list<Rect> films, std::initializer_list<Rect> texts = {}) {
    time_ += interval;
    std::vector<TileNews> news(grid_.count(), TileNews::none);
    std::vector<Rect> changed(grid_.count());
    const auto mark = [&](const Rect& r, TileNews what) {
      for (std::size_t t = 0; t < grid_.count(); ++t) {
        const Rect part = grid_.rect(t).intersected(r);
        if (part.empty()) continue;
        news[t] = what;
        changed[t] = changed[t].united(part);
      }
    };
    for (const Rect& r : films) mark(r, TileNews::photo);
    for (const Rect& r : texts) mark(r, TileNews::plain);
    regions.picture(news, changed, time_);
  }
  void show_for(base::Duration how_long, std::initializer_list<Rect> films, std::initializer_list<Rect> texts = {}) {
    for (base::Duration t{}; t < how_long; t += interval) show(films, texts);
  }
  void pass(base::Duration how_long) {
    time_ += how_long;
    regions.rest(time_);
  }
  [[nodiscard]] std::vector<Rect> places() const {
    std::vector<Rect> out;
    for (const auto& place : regions.places()) {
      if (place) out.push_back(*place);
    }
    return out;
  }

  VideoRegions regions;
  base::Duration interval = milliseconds(67);

 private:
  TileGrid grid_;
  base::Duration time_ = std::chrono::hours(1);
};

const Rect kFilm{28, 156, 854, 480};
const Rect kSmallFilm{1000, 20, 128, 96};
const std::vector<Rect> kNone;

TEST(VideoRegions, FindsAFilmToThePixel) {
  Watch w;
  w.show_for(milliseconds(600), {kFilm});
  EXPECT_EQ(w.places(), std::vector{kFilm});
}

TEST(VideoRegions, FindsALargeFilmInTwoPicturesAndASmallOneInHalfASecond) {
  Watch w;
  w.show({kFilm, kSmallFilm});
  EXPECT_EQ(w.places(), kNone);
  w.show({kFilm, kSmallFilm});
  EXPECT_EQ(w.places(), std::vector{kFilm});
  w.show_for(milliseconds(6 * 67), {kFilm, kSmallFilm});
  EXPECT_EQ(w.places(), (std::vector{kFilm, kSmallFilm}));
}

TEST(VideoRegions, FindsFilmsAtAnyPictureRate) {
  for (const int ms : {16, 33, 67, 200, 400}) {
    Watch w;
    w.interval = milliseconds(ms);
    w.show_for(milliseconds(std::max(1000, 9 * ms)), {kSmallFilm});
    EXPECT_EQ(w.places(), std::vector{kSmallFilm}) << ms << " ms between pictures";
  }
}

TEST(VideoRegions, FindsAFilmThatChangesInEverySecondPictureOnly) {
  Watch w;
  for (int i = 0; i < 16; ++i) {
    if (i % 2 == 0) {
      w.show({kSmallFilm});
    } else {
      w.show({});
    }
  }
  EXPECT_EQ(w.places(), std::vector{kSmallFilm});
}

TEST(VideoRegions, NoSingleChangeOfALargeAreaCounts) {
  Watch w;
  w.show({whole(kScreen)});
  w.show_for(milliseconds(2000), {}, {{100, 100, 9, 16}});
  w.show({whole(kScreen)});
  w.show({});
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, ScrollingTextAndTypingAreNone) {
  Watch w;
  w.show_for(milliseconds(3000), {}, {{0, 0, 900, 700}});
  w.show_for(milliseconds(3000), {}, {{300, 300, 200, 16}});
  EXPECT_EQ(w.places(), kNone);
}

/// A window goes over a photo: what it uncovers is new at each place once or twice.
TEST(VideoRegions, AWindowDraggedOverAPhotoIsNone) {
  Watch w;
  for (int i = 0; i < 40; ++i) {
    w.show({{20 + 24 * i, 100, 24, 300}}, {{20 + 24 * i + 324, 100, 24, 300}});
    EXPECT_EQ(w.places(), kNone);
  }
}

TEST(VideoRegions, ManySmallThingsFarFromEachOtherAreNone) {
  Watch w;
  for (int i = 0; i < 30; ++i)
    w.show({{0, 0, 48, 48}, {400, 0, 48, 48}, {0, 400, 48, 48}, {800, 400, 48, 48}, {1200, 700, 48, 48}});
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, AFrameAroundTextIsNone) {
  Watch w;
  w.show_for(milliseconds(2000), {{0, 0, 800, 32}, {0, 0, 32, 600}, {768, 0, 32, 600}, {0, 568, 800, 32}});
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, StaysForASecondAndAsLongAsItMoves) {
  Watch w;
  w.show_for(milliseconds(5000), {kFilm});
  EXPECT_EQ(w.places(), std::vector{kFilm});
  w.pass(milliseconds(400));
  EXPECT_EQ(w.places(), std::vector{kFilm});
  w.show({kFilm});
  w.pass(milliseconds(400));
  EXPECT_EQ(w.places(), std::vector{kFilm});
  w.pass(milliseconds(100));
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, EndsWhenOnlyAClockStillMovesInIt) {
  Watch w;
  w.show_for(milliseconds(1000), {kFilm});
  w.show_for(milliseconds(600), {}, {{100, 600, 100, 20}});
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, FollowsAFilmThatIsMadeLarger) {
  Watch w;
  w.show_for(milliseconds(2000), {kSmallFilm});
  EXPECT_EQ(w.places(), std::vector{kSmallFilm});
  const Rect larger{900, 20, 320, 240};
  w.show_for(milliseconds(1300), {larger});
  EXPECT_EQ(w.places(), std::vector{larger});
}

TEST(VideoRegions, FollowsAFilmThatIsMoved) {
  Watch w;
  w.show_for(milliseconds(2000), {kFilm});
  Rect moved = kFilm;
  moved.x += 390;
  moved.y -= 130;
  w.show_for(milliseconds(2000), {moved});
  ASSERT_EQ(w.places().size(), 1u);
  EXPECT_EQ(w.places()[0], moved);
}

TEST(VideoRegions, HasFourAtMost) {
  Watch w;
  w.show_for(milliseconds(1500), {{0, 0, 128, 96},
                                  {200, 0, 128, 96},
                                  {400, 0, 128, 96},
                                  {600, 0, 128, 96},
                                  {800, 0, 128, 96},
                                  {1000, 0, 128, 96}});
  EXPECT_EQ(w.places().size(), kMaxVideoRegions);
}

TEST(VideoRegions, LeavesWhatIsTooLargeForAStreamToPhotos) {
  Watch w(Size{3840, 2160});
  w.interval = milliseconds(200);
  w.show_for(milliseconds(2000), {{0, 0, 3840, 2160}});
  EXPECT_EQ(w.places(), kNone);
}

TEST(VideoRegions, WithoutAClockEveryPictureIsATick) {
  VideoRegions regions;
  regions.reset(kScreen);
  const TileGrid grid(kScreen);
  std::vector<TileNews> news(grid.count(), TileNews::none);
  std::vector<Rect> changed(grid.count());
  for (std::size_t t = 0; t < grid.count(); ++t) {
    changed[t] = grid.rect(t).intersected(kFilm);
    if (!changed[t].empty()) news[t] = TileNews::photo;
  }
  for (int i = 0; i < 10; ++i) regions.picture(news, changed, {});
  EXPECT_EQ(regions.places()[0], kFilm);
}

TEST(VideoRegions, ClearEndsAllAndForgets) {
  Watch w;
  w.show_for(milliseconds(1000), {kFilm});
  w.regions.clear();
  EXPECT_FALSE(w.regions.any());
  w.show({kFilm});
  EXPECT_FALSE(w.regions.any());
}

}  // namespace
}  // namespace rescue::screen
