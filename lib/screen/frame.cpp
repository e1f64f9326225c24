// SPDX-License-Identifier: Apache-2.0
#include "screen/frame.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rescue::screen {
namespace {
Rect from_edges(std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom) {
  const auto clamp = [](std::int64_t v) {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, INT32_MIN, INT32_MAX));
  };
  return {clamp(left), clamp(top), clamp(right - left), clamp(bottom - top)};
}
}  // namespace

Rect Rect::intersected(const Rect& o) const {
  if (empty() || o.empty()) return {};
  const Rect r =
      from_edges(std::max(x, o.x), std::max(y, o.y), std::min(right(), o.right()), std::min(bottom(), o.bottom()));
  return r.empty() ? Rect{} : r;
}

Rect Rect::united(const Rect& o) const {
  if (empty()) return o;
  if (o.empty()) return *this;
  return from_edges(std::min(x, o.x), std::min(y, o.y), std::max(right(), o.right()), std::max(bottom(), o.bottom()));
}

void Damage::add(Rect r) {
  if (r.empty()) return;
  if (rects_.size() >= kMaxDamageRects) {
    const Rect all = bounds();
    rects_.assign(1, all.united(r));
    return;
  }
  rects_.push_back(r);
}

void Damage::add(const Damage& o) {
  if (&o == this) return;
  for (const Rect& r : o.rects_) add(r);
}

Rect Damage::bounds() const {
  Rect all;
  for (const Rect& r : rects_) all = all.united(r);
  return all;
}

base::Result<Frame> Frame::create(Size size) {
  if (size.width <= 0 || size.height <= 0)
    return base::fail(base::Errc::invalid_argument, fmt::format("picture of {}x{} pixels", size.width, size.height));
  if (!size.valid())
    return base::fail(base::Errc::too_large, fmt::format("picture of {}x{} pixels", size.width, size.height));
  return Frame(size, static_cast<std::size_t>(size.pixels()));
}

base::Result<Frame> Frame::copy_of(const FrameView& view) {
  RESCUE_TRY(Frame out, create(view.size));
  for (std::int32_t y = 0; y < view.size.height; ++y)
    std::transform(view.row(y), view.row(y) + view.size.width, out.row(y), [](Pixel p) { return p & kPixelMask; });
  return out;
}

void Frame::fill(Rect r, Pixel colour) {
  const Rect part = r.intersected(whole(size_));
  for (std::int32_t y = part.y; y < part.bottom(); ++y) std::fill_n(row(y) + part.x, part.width, colour & kPixelMask);
}

}  // namespace rescue::screen
