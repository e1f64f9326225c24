// SPDX-License-Identifier: Apache-2.0
#include "perf/made_clip.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "perf/xcp_writer.hpp"
#include "screen/compose.hpp"

namespace rescue::perf {
namespace {

constexpr int kFps = 15;
constexpr screen::Size kLetter{8, 16};

/// Smooth colours with grain: what a camera gives.
screen::Pixel camera(std::int32_t x, std::int32_t y, std::int32_t shift, base::RandomSource& grain) {
  const auto wave = [](std::int32_t v, std::int32_t length) {  // 0..length/2, a triangle
    const std::int32_t in = ((v % length) + length) % length;
    return std::min(in, length - in);
  };
  const auto level = [&](std::int32_t v) {
    return static_cast<screen::Pixel>(
        std::clamp<std::int32_t>(v + static_cast<std::int32_t>(grain.below(5)) - 2, 0, 255));
  };
  return level(60 + wave(x + shift, 310) + wave(y, 90)) << 16 | level(40 + wave(x / 2 + y + shift, 260)) << 8 |
         level(30 + wave(y * 2 - x + shift * 2, 380));
}

void photo(screen::Frame& frame, const screen::Rect& r, std::int32_t shift, base::RandomSource& grain) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y)
    for (std::int32_t x = r.x; x < r.right(); ++x) frame.row(y)[x] = camera(x - r.x, y - r.y, shift, grain);
}
}  // namespace

base::Result<> make_clip(const std::string& path, const MadeClip& settings) {
  base::SeededRandom random(1);
  std::vector<screen::Frame> letters;
  for (int i = 0; i < 64; ++i) {
    RESCUE_TRY(auto letter, screen::Frame::create(kLetter));
    for (int dots = 0; dots < 30; ++dots)
      letter.row(static_cast<std::int32_t>(2 + random.below(12)))[random.below(7)] =
          random.below(2) == 0 ? 0xd0d0d0 : 0x707070;
    letters.push_back(std::move(letter));
  }
  RESCUE_TRY(auto frame, screen::Frame::create(settings.size));
  RESCUE_TRY(auto writer, XcpWriter::create(path, settings.size));
  const std::int32_t columns = settings.size.width / 2 / kLetter.width;
  const std::int32_t lines = settings.size.height / kLetter.height;
  const std::int32_t left = settings.size.width / 2;
  const screen::Rect picture{left + 20, 20, settings.size.width - left - 40, settings.size.height - 40};
  photo(frame, picture, 0, random);
  screen::CursorImage arrow{{8, 8}, {0, 0}, std::vector<std::uint32_t>(64, 0xff202020)};
  RESCUE_CHECK(writer.cursor_shape(1, arrow, {}));

  const auto count = static_cast<int>(settings.seconds * kFps);
  std::int32_t column = 0;
  for (int i = 0; i < count; ++i) {
    const std::chrono::microseconds t(std::int64_t{1'000'000} * i / kFps);
    RESCUE_CHECK(writer.cursor_move({left + i % 60, 40 + i % 30}, 1, t));
    const bool plays = i >= count / 3 && i < count * 2 / 3;
    if (plays) photo(frame, picture, i * 3, random);
    if (i >= count * 5 / 6) {  // rest: the picture says the same
      RESCUE_CHECK(writer.frame(frame, t));
      continue;
    }
    for (int key = 0; key < 4; ++key) {
      screen::blit(frame, {column * kLetter.width, kLetter.height * (lines - 1)},
                   letters[random.below(letters.size())]);
      if (++column < columns) continue;
      column = 0;
      for (std::int32_t y = 0; y < kLetter.height * (lines - 1); ++y)
        std::copy_n(frame.row(y + kLetter.height), columns * kLetter.width, frame.row(y));
      frame.fill({0, kLetter.height * (lines - 1), columns * kLetter.width, kLetter.height}, 0);
    }
    RESCUE_CHECK(writer.frame(frame, t));
  }
  return writer.finish(std::chrono::microseconds(static_cast<std::int64_t>(settings.seconds * 1e6)));
}

}  // namespace rescue::perf
