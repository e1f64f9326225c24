// SPDX-License-Identifier: Apache-2.0
// visit_photo SEED WIDTH HEIGHT OUT.png: a landscape that looks like a photo to a codec: sky, hills in haze, water with
// reflections, trees, and the grain of a sensor. Computed from the seed, the same on every machine; nobody's picture.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "screen/png.hpp"

namespace rescue::perf {
namespace {

/// 0..1 for a point of the lattice.
double lattice(std::int64_t x, std::int64_t y, std::uint64_t seed) {
  std::uint64_t h = seed * 0x9e3779b97f4a7c15U + static_cast<std::uint64_t>(x) * 0xbf58476d1ce4e5b9U +
                    static_cast<std::uint64_t>(y) * 0x94d049bb133111ebU;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  return static_cast<double>((h ^ (h >> 31)) >> 11) / 9007199254740992.0;
}

double smooth(double x, double y, std::uint64_t seed) {
  const double fx = std::floor(x);
  const double fy = std::floor(y);
  const auto ix = static_cast<std::int64_t>(fx);
  const auto iy = static_cast<std::int64_t>(fy);
  const auto ease = [](double v) { return v * v * (3 - 2 * v); };
  const double u = ease(x - fx);
  const double v = ease(y - fy);
  const double top = lattice(ix, iy, seed) * (1 - u) + lattice(ix + 1, iy, seed) * u;
  const double bottom = lattice(ix, iy + 1, seed) * (1 - u) + lattice(ix + 1, iy + 1, seed) * u;
  return top * (1 - v) + bottom * v;
}

/// Noise of several scales, 0..1.
double fractal(double x, double y, int octaves, std::uint64_t seed) {
  double sum = 0;
  double weight = 0;
  double amplitude = 1;
  for (int i = 0; i < octaves; ++i) {
    sum += amplitude * smooth(x, y, seed + static_cast<std::uint64_t>(i));
    weight += amplitude;
    amplitude *= 0.55;
    x *= 2.03;
    y *= 2.03;
  }
  return sum / weight;
}

struct Colour {
  double r, g, b;
  Colour mixed(const Colour& o, double part) const {
    return {r + (o.r - r) * part, g + (o.g - g) * part, b + (o.b - b) * part};
  }
};

class Landscape {
 public:
  explicit Landscape(std::uint64_t seed) : seed_(seed), warm_(lattice(1, 2, seed)) {}

  /// x and y in heights of the picture, y downwards.
  [[nodiscard]] Colour at(double x, double y) const {
    constexpr double kShore = 0.68;
    if (y < kShore) return land(x, y);
    const double depth = (y - kShore) / (1 - kShore);
    const double ripple = (fractal(x * 6, y * 60, 4, seed_ + 70) - 0.5) * 0.05 * (0.3 + depth);
    const Colour mirror = land(x + ripple, kShore - (y - kShore) * 0.9 + ripple * 2);
    const double sparkle = std::pow(fractal(x * 40, y * 160, 3, seed_ + 80), 6) * 0.9;
    return mirror.mixed({0.10, 0.22, 0.30}, 0.35 + 0.3 * depth).mixed({1, 0.97, 0.9}, sparkle);
  }

 private:
  [[nodiscard]] Colour sky(double x, double y) const {
    const Colour high = Colour{0.22, 0.42, 0.72}.mixed({0.35, 0.30, 0.50}, warm_);
    const Colour low = Colour{0.78, 0.86, 0.93}.mixed({0.98, 0.74, 0.52}, warm_);
    const double cloud = fractal(x * 1.6, y * 4.5, 6, seed_ + 10);
    return high.mixed(low, std::min(1.0, y * 1.7))
        .mixed({0.97, 0.95, 0.93}, std::clamp((cloud - 0.5) * 3.2, 0.0, 0.85));
  }
  [[nodiscard]] Colour land(double x, double y) const {
    for (int range = 3; range >= 0; --range) {  // the nearest first
      const double top =
          0.30 + 0.1 * range + (range == 3 ? 0.02 : 0) -
          0.22 * (fractal(x * (1.1 + 0.9 * range), range * 7.5, 6, seed_ + 20) - 0.35) / (1 + 0.35 * range);
      if (y < top) continue;
      const double haze = 0.75 - 0.25 * range;
      const double rock = fractal(x * 26 * (1 + range), y * 34 * (1 + range), 5, seed_ + 30);
      const double light = 0.55 + 0.9 * (rock - 0.4) + 0.4 * (top - y + 0.1);
      const Colour ground =
          Colour{0.20, 0.30, 0.14}.mixed({0.46, 0.40, 0.32}, std::clamp(2.4 * (rock - 0.45), 0.0, 1.0));
      const Colour lit{ground.r * light * 1.4, ground.g * light * 1.4, ground.b * light * 1.4};
      return lit.mixed({0.66, 0.74, 0.84}, haze);
    }
    return sky(x, y);
  }

  std::uint64_t seed_;
  double warm_;
};

base::Result<> paint(std::uint64_t seed, screen::Size size, const std::string& path) {
  RESCUE_TRY(auto frame, screen::Frame::create(size));
  const Landscape landscape(seed);
  for (std::int32_t y = 0; y < size.height; ++y) {
    for (std::int32_t x = 0; x < size.width; ++x) {
      const Colour c = landscape.at(x / static_cast<double>(size.height), y / static_cast<double>(size.height));
      const double grain = (lattice(x, y, seed + 99) + lattice(y, x, seed + 98) - 1) * 5;
      const auto level = [grain](double v) {
        return static_cast<screen::Pixel>(std::clamp(v * 255 + grain, 0.0, 255.0));
      };
      frame.row(y)[x] = level(c.r) << 16 | level(c.g) << 8 | level(c.b);
    }
  }
  return screen::write_png(path, frame);
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: visit_photo SEED WIDTH HEIGHT OUT.png\n");
    return 2;
  }
  const auto done =
      rescue::perf::paint(std::strtoull(argv[1], nullptr, 10), {std::atoi(argv[2]), std::atoi(argv[3])}, argv[4]);
  if (!done) fmt::print(stderr, "visit_photo: {}\n", done.error().message());
  return done ? 0 : 1;
}
