// SPDX-License-Identifier: Apache-2.0
#include "perf/side_by_side.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "screen/compose.hpp"
#include "screen/png.hpp"

namespace rescue::perf {
namespace {

/// The part of kPart in which the differences are largest, in steps of a quarter.
screen::Rect most_different(const screen::Frame& difference) {
  const screen::Rect all = screen::whole(difference.size());
  screen::Rect best = screen::Rect{0, 0, SideBySide::kPart.width, SideBySide::kPart.height}.intersected(all);
  std::int64_t most = -1;
  for (std::int32_t top = 0; top == 0 || top + best.height <= all.height; top += best.height / 4) {
    for (std::int32_t left = 0; left == 0 || left + best.width <= all.width; left += best.width / 4) {
      std::int64_t sum = 0;
      for (std::int32_t y = top; y < top + best.height; y += 2)
        for (std::int32_t x = left; x < left + best.width; x += 2) sum += difference.row(y)[x] >> 8 & 255;
      if (sum <= most) continue;
      most = sum;
      best.x = left;
      best.y = top;
    }
  }
  return best;
}

screen::FrameView part(const screen::Frame& f, const screen::Rect& r) {
  return {f.row(r.y) + r.x, {r.width, r.height}, f.stride()};
}
}  // namespace

base::Result<screen::Frame> difference(const screen::Frame& a, const screen::Frame& b) {
  RESCUE_TRY(auto out, screen::Frame::create(a.size()));
  for (std::int32_t y = 0; y < a.size().height; ++y) {
    for (std::int32_t x = 0; x < a.size().width; ++x) {
      for (const int shift : {0, 8, 16}) {
        const int off = static_cast<int>(a.row(y)[x] >> shift & 255) - static_cast<int>(b.row(y)[x] >> shift & 255);
        out.row(y)[x] |= static_cast<screen::Pixel>(std::min(255, std::abs(off) * SideBySide::kAmplify)) << shift;
      }
    }
  }
  return out;
}

void SideBySide::offer(const screen::Frame& source, const screen::Frame& decoded) {
  std::int64_t inexact = 0;
  for (std::size_t i = 0; i < source.pixels().size(); ++i) inexact += source.pixels()[i] != decoded.pixels()[i] ? 1 : 0;
  if (inexact <= inexact_) return;
  inexact_ = inexact;
  source_ = source;
  decoded_ = decoded;
}

base::Result<> SideBySide::write(const std::string& folder, const std::string& name) const {
  if (inexact_ == 0) return {};
  std::error_code e;
  std::filesystem::create_directories(folder, e);
  if (e) return base::fail(base::Errc::io, "create '" + folder + "': " + e.message());
  RESCUE_TRY(const auto off, difference(source_, decoded_));
  const screen::Rect r = most_different(off);
  RESCUE_TRY(auto beside, screen::Frame::create({r.width * 3 + 16, r.height}));
  beside.fill(screen::whole(beside.size()), 0xffffff);
  std::int32_t left = 0;
  for (const screen::Frame* f : {&source_, &decoded_, &off}) {
    screen::blit(beside, {left, 0}, part(*f, r));
    left += r.width + 8;
  }
  const std::string base = folder + "/" + name;
  RESCUE_CHECK(screen::write_png(base + ".png", beside));
  RESCUE_CHECK(screen::write_png(base + "-source.png", source_));
  RESCUE_CHECK(screen::write_png(base + "-decoded.png", decoded_));
  return screen::write_png(base + "-difference.png", off);
}

}  // namespace rescue::perf
