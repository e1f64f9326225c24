// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/canvas.hpp"

#include <bit>
#include <cstring>

#include "base/crc32c.hpp"

namespace rescue::screen {
namespace {
std::uint32_t row_check(const Pixel* row, std::int32_t width, std::uint32_t previous) {
  if constexpr (std::endian::native == std::endian::little) {
    return base::crc32c({reinterpret_cast<const std::uint8_t*>(row), static_cast<std::size_t>(width) * 4}, previous);
  } else {
    std::array<std::uint8_t, kTileSide * 4> bytes{};
    for (std::int32_t x = 0; x < width; ++x) {
      for (int k = 0; k < 4; ++k)
        bytes[static_cast<std::size_t>(x * 4 + k)] = static_cast<std::uint8_t>(row[x] >> (8 * k));
    }
    return base::crc32c(base::ByteView(bytes).first(static_cast<std::size_t>(width) * 4), previous);
  }
}
}  // namespace

void add_run(Damage& damage, const TileGrid& grid, std::size_t first, std::size_t run) {
  const auto columns = static_cast<std::size_t>(grid.columns);
  while (run > 0) {
    const std::size_t left_in_row = columns - first % columns;
    const std::size_t rows = first % columns == 0 ? run / columns : 0;
    if (rows == 0) {
      const std::size_t part = std::min(run, left_in_row);
      damage.add(grid.run_rect(first, part));
      first += part;
      run -= part;
      continue;
    }
    Rect block = grid.run_rect(first, columns);
    block = block.united(grid.run_rect(first + (rows - 1) * columns, columns));
    damage.add(block);
    first += rows * columns;
    run -= rows * columns;
  }
}

base::Result<> Canvas::reset(Size size) {
  if (frame_.size() == size) {
    frame_.fill(whole(size), 0);
  } else {
    frame_ = Frame();  // frees the old picture before the new one is made
    RESCUE_TRY(frame_, Frame::create(size));
  }
  grid_ = TileGrid(size);
  checks_.resize(grid_.count());
  check_ = 0;
  for (std::size_t t = 0; t < grid_.count(); ++t) {
    checks_[t] = tile_check(t);
    check_ += checks_[t];
  }
  return {};
}

std::uint32_t Canvas::tile_check(std::size_t tile) const {
  const Rect r = grid_.rect(tile);
  std::array<std::uint8_t, 4> number{};
  for (std::size_t i = 0; i < 4; ++i) number[i] = static_cast<std::uint8_t>(tile >> (24 - 8 * i));
  std::uint32_t crc = base::crc32c(number);
  for (std::int32_t y = 0; y < r.height; ++y) crc = row_check(frame_.row(r.y + y) + r.x, r.width, crc);
  return crc;
}

void Canvas::repainted(std::size_t tile) {
  check_ -= checks_[tile];
  checks_[tile] = tile_check(tile);
  check_ += checks_[tile];
}

}  // namespace rescue::screen
