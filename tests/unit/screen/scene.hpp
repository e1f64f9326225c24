// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "base/random.hpp"
#include "screen/compose.hpp"

namespace rescue::screen {

/// A desktop that changes at random: text-like dots, solid windows, noise, scrolling and dragging.
class Scene {
 public:
  Scene(std::uint64_t seed, Size size) : random_(seed), frame_(*Frame::create(size)) {}
  const Frame& frame() const { return frame_; }
  void resize(Size size) {
    Frame next = *Frame::create(size);
    blit(next, {0, 0}, frame_);
    frame_ = std::move(next);
  }
  /// Changes something and says where.
  Damage step() {
    switch (random_.below(6)) {
      case 0:
        return text();
      case 1:
        return scroll();
      case 2:
        return window();
      case 3:
        return noise();
      case 4:
        return drag();
      default:
        return Damage(Rect{});
    }
  }
  /// A soft picture with a little noise.
  Damage photo() { return photo(any_rect()); }
  Damage photo(Rect r) {
    const auto phase = static_cast<std::int32_t>(random_.below(512));
    const auto noise = 1 + random_.below(6);
    const auto wave = [](std::int32_t t) { return std::abs((t & 511) - 256); };
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      for (std::int32_t x = r.x; x < r.right(); ++x) {
        const auto part = [&](std::int32_t t) {
          return static_cast<Pixel>(std::min(wave(t + phase) + static_cast<std::int32_t>(random_.below(noise)), 255));
        };
        frame_.row(y)[x] = part(3 * x + y) << 16 | part(2 * y + x / 2 + 90) << 8 | part(x + 2 * y + 200);
      }
    }
    return Damage(r);
  }
  Rect any_rect() {
    const Size s = frame_.size();
    const auto w = static_cast<std::int32_t>(1 + random_.below(static_cast<std::uint64_t>(s.width)));
    const auto h = static_cast<std::int32_t>(1 + random_.below(static_cast<std::uint64_t>(s.height)));
    return Rect{static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(s.width))),
                static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(s.height))), w, h}
        .intersected(whole(s));
  }

 private:
  Damage text() {
    const Rect r = any_rect();
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      for (std::int32_t x = r.x; x < r.right(); ++x)
        frame_.row(y)[x] = random_.below(4) == 0 ? 0x202020u * static_cast<Pixel>(random_.below(4)) : 0xffffff;
    }
    return Damage(r);
  }
  Damage window() {
    const Rect r = any_rect();
    frame_.fill(r, static_cast<Pixel>(random_.below(0x1000000)));
    return Damage(r);
  }
  Damage noise() {
    const Rect r = any_rect().intersected({0, 0, 60, 60});
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      for (std::int32_t x = r.x; x < r.right(); ++x) frame_.row(y)[x] = static_cast<Pixel>(random_.below(0x1000000));
    }
    return Damage(r);
  }
  Damage scroll() {
    const Rect r = any_rect();
    const auto by = static_cast<std::int32_t>(1 + random_.below(20));
    for (std::int32_t y = r.y; y + by < r.bottom(); ++y)
      std::copy_n(frame_.row(y + by) + r.x, r.width, frame_.row(y) + r.x);
    return Damage(r);
  }
  Damage drag() {
    const Rect r = any_rect();
    Frame part = *Frame::create({r.width, r.height});
    blit(part, {-r.x, -r.y}, frame_);
    const Rect to = any_rect();
    blit(frame_, {to.x, to.y}, part);
    return Damage(Rect{to.x, to.y, r.width, r.height});
  }
  base::SeededRandom random_;
  Frame frame_;
};

}  // namespace rescue::screen
