// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_frames.hpp"

#include <cmath>
#include <map>

#include "screen/compose.hpp"

namespace rescue::perf {

base::Result<> each_frame(const std::string& clip, const FrameSettings& settings,
                          const std::function<base::Result<>(const screen::Frame&)>& take) {
  RESCUE_TRY(auto source, ClipSource::open(clip, settings.until));
  std::map<std::uint32_t, screen::CursorImage> shapes;
  const screen::CursorImage* shape = nullptr;
  source.on_cursor = [&](const XcpReader::Record& r) -> base::Result<> {
    if (r.kind == XcpReader::Kind::cursor_shape) shapes[r.shape_id] = r.shape;
    const auto found = shapes.find(r.shape_id);
    if (found != shapes.end() && r.kind == XcpReader::Kind::cursor_move) shape = &found->second;
    return {};
  };
  screen::Frame drawn;
  const auto give = [&]() -> base::Result<> {
    if (!settings.cursor || shape == nullptr) return take(source.frame());
    drawn = source.frame();
    screen::draw_cursor(drawn, *shape, {source.cursor(), true});
    return take(drawn);
  };
  if (settings.fps <= 0) {
    for (;;) {
      RESCUE_TRY(const bool more, source.next_picture());
      if (!more) return {};
      RESCUE_CHECK(give());
    }
  }
  for (std::int64_t tick = 0;; ++tick) {
    RESCUE_TRY(
        const bool more,
        source.advance_to(std::chrono::microseconds(std::llround(1e6 / settings.fps * static_cast<double>(tick)))));
    if (!more) return {};
    RESCUE_CHECK(give());
  }
}

}  // namespace rescue::perf
