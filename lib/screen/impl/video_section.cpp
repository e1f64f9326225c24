// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/video_section.hpp"

#include <fmt/format.h>

namespace rescue::screen {
namespace {
std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: video: {}", what));
}

base::Result<Rect> take_rect(base::ByteReader& in, Size picture) {
  std::array<std::int32_t, 4> n{};
  for (std::int32_t& each : n) {
    const auto value = in.u16();
    if (!value) return malformed("cut off");
    each = *value;
  }
  const Rect r{n[0], n[1], n[2], n[3]};
  if (r.width < kMinVideoSide || r.height < kMinVideoSide) return malformed("small region");
  if (r.intersected(whole(picture)) != r) return malformed("region outside");
  return r;
}

base::Result<base::ByteView> take_frame(base::ByteReader& in) {
  const auto high = in.u8();
  const auto low = in.u16();
  if (!high || !low) return malformed("cut off");
  const std::size_t length = std::size_t{*high} << 16 | *low;
  if (length == 0) return malformed("empty picture");
  if (length > kMaxVideoFrameBytes)
    return base::fail(base::Errc::too_large, fmt::format("screen packet: video of {} bytes", length));
  const auto bytes = in.take(length);
  if (!bytes) return malformed("cut off");
  return *bytes;
}

base::Result<VideoStep> take_step(base::ByteReader& in, Size picture, VideoPlaces& places) {
  const auto first = in.u8();
  if (!first) return malformed("cut off");
  VideoStep step;
  step.region = *first & 15;
  if (step.region >= kMaxVideoRegions) return malformed("number of a region");
  if (*first >> 4 > static_cast<int>(VideoStep::Kind::end)) return malformed("kind of step");
  step.kind = static_cast<VideoStep::Kind>(*first >> 4);
  std::optional<Rect>& place = places[step.region];
  if (step.kind == VideoStep::Kind::start) {
    RESCUE_TRY(step.rect, take_rect(in, picture));
    place = step.rect;
  } else if (!place) {
    return malformed("region that did not begin");
  }
  if (step.kind == VideoStep::Kind::end) {
    place.reset();
    return step;
  }
  RESCUE_TRY(step.frame, take_frame(in));
  return step;
}
}  // namespace

void append_video_section(base::Bytes& out, std::span<const VideoStep> steps) {
  base::ByteWriter w;
  w.u8(static_cast<std::uint8_t>(steps.size()));
  for (const VideoStep& step : steps) {
    w.u8(static_cast<std::uint8_t>(static_cast<unsigned>(step.kind) << 4 | step.region));
    if (step.kind == VideoStep::Kind::start) {
      for (const std::int32_t n : {step.rect.x, step.rect.y, step.rect.width, step.rect.height})
        w.u16(static_cast<std::uint16_t>(n));
    }
    if (step.kind == VideoStep::Kind::end) continue;
    w.u8(static_cast<std::uint8_t>(step.frame.size() >> 16));
    w.u16(static_cast<std::uint16_t>(step.frame.size()));
    w.bytes(step.frame);
  }
  base::append(out, w.view());
}

base::Result<VideoSection> parse_video_section(base::ByteView in, Size picture, const VideoPlaces& places) {
  base::ByteReader reader(in);
  const auto count = reader.u8();
  if (!count) return malformed("cut off");
  if (*count == 0 || *count > kMaxVideoRegions) return malformed("number of steps");
  VideoSection out;
  out.places = places;
  for (int i = 0; i < *count; ++i) {
    RESCUE_TRY(const VideoStep step, take_step(reader, picture, out.places));
    if (!out.steps.empty() && step.region <= out.steps.back().region) return malformed("order of regions");
    out.steps.push_back(step);
  }
  std::int64_t pixels = 0;
  for (const auto& place : out.places) pixels += place ? Size{place->width, place->height}.pixels() : 0;
  if (pixels > kMaxVideoPixels)
    return base::fail(base::Errc::too_large, fmt::format("screen packet: video of {} pixels", pixels));
  out.bytes = reader.offset();
  return out;
}

}  // namespace rescue::screen
