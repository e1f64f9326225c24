// SPDX-License-Identifier: Apache-2.0
#include "media/impl/scaler.hpp"

#include <algorithm>

namespace rescue::media {
namespace {
/// The largest size of `from`'s shape that fits into `to`.
screen::Size fitted(screen::Size from, screen::Size to) {
  const std::int64_t wide = std::int64_t{to.width} * from.height;
  const std::int64_t tall = std::int64_t{to.height} * from.width;
  if (wide <= tall) return {to.width, std::max(1, static_cast<std::int32_t>(wide / from.width))};
  return {std::max(1, static_cast<std::int32_t>(tall / from.height)), to.height};
}
}  // namespace

base::Result<Scaler> Scaler::create(screen::Size from, screen::Size to) {
  RESCUE_TRY(auto frame, screen::Frame::create(to));
  const screen::Size size = fitted(from, to);
  Scaler s(std::move(frame), {(to.width - size.width) / 2, (to.height - size.height) / 2, size.width, size.height});
  // AREA averages all pixels of a place, so thin lines of text do not vanish when the picture shrinks.
  const int how = size.width < from.width ? SWS_AREA : SWS_BICUBIC;
  s.context_.reset(sws_getContext(from.width, from.height, AV_PIX_FMT_0RGB32, size.width, size.height,
                                  AV_PIX_FMT_0RGB32, how | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!s.context_) return base::fail(base::Errc::internal, "no scaling between these sizes");
  return s;
}

base::Result<const screen::Frame*> Scaler::scale(const screen::Frame& picture) {
  const std::uint8_t* const from[4] = {reinterpret_cast<const std::uint8_t*>(picture.pixels().data())};
  const int from_stride[4] = {picture.stride() * 4};
  std::uint8_t* const to[4] = {reinterpret_cast<std::uint8_t*>(frame_.row(place_.y) + place_.x)};
  const int to_stride[4] = {frame_.stride() * 4};
  const int rc = sws_scale(context_.get(), from, from_stride, 0, picture.size().height, to, to_stride);
  if (rc < 0) return base::fail(ffmpeg_error(rc, "scale"));
  return &frame_;
}

}  // namespace rescue::media
