// SPDX-License-Identifier: Apache-2.0
// xcp_to_rcrec CLIP.xcp.zst OUT.rcrec: a desktop capture as a recording, to measure converting on real work.
#include <fmt/format.h>

#include <cstdio>

#include "perf/xcp_reader.hpp"
#include "rcrec/writer.hpp"
#include "screen/codec.hpp"

namespace rescue::perf {
namespace {

base::Result<> cursor_shape(rcrec::Writer& w, const XcpReader::Record& r) {
  const auto side = [](std::int32_t v) { return static_cast<std::uint16_t>(v); };
  return w.cursor_shape({r.shape_id, side(r.shape.size.width), side(r.shape.size.height), side(r.shape.hotspot.x),
                         side(r.shape.hotspot.y), r.shape.argb},
                        r.t);
}

base::Result<> convert(const std::string& clip, const std::string& out) {
  RESCUE_TRY(auto reader, XcpReader::open(clip));
  RESCUE_TRY(auto sink, rcrec::create_file_sink(out));
  RESCUE_TRY(auto w, rcrec::Writer::create(std::move(sink),
                                           {base::Guid::random(base::system_random()),
                                            base::system_clock().wall(),
                                            {{"software", "xcp_to_rcrec"}}},
                                           base::system_random()));
  screen::Encoder encoder;
  for (;;) {
    RESCUE_TRY(const auto r, reader.next());
    if (r.kind == XcpReader::Kind::frame) {
      RESCUE_TRY(const auto packet, encoder.encode(reader.frame()));
      if (packet) RESCUE_CHECK(w.video(packet->bytes, packet->info.keyframe, r.t));
    }
    if (r.kind == XcpReader::Kind::cursor_shape) RESCUE_CHECK(cursor_shape(w, r));
    if (r.kind == XcpReader::Kind::cursor_move)
      RESCUE_CHECK(w.cursor_move({r.position.x, r.position.y, r.shape_id, true}, r.t));
    if (r.kind == XcpReader::Kind::end) {
      RESCUE_TRY(const auto done, w.finish(r.t));
      fmt::print("{}: {} bytes, {:.2f} s\n", out, done.bytes, std::chrono::duration<double>(done.duration).count());
      return {};
    }
    RESCUE_CHECK(w.flush_due(r.t));
  }
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto done = rescue::perf::convert(argv[1], argv[2]);
  if (!done) fmt::print(stderr, "xcp_to_rcrec: {}\n", done.error().message());
  return done ? 0 : 1;
}
