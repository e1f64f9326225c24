// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_encode.hpp"
#include "perf/side_by_side.hpp"

namespace rescue::perf {
namespace {

std::unexpected<base::Error> differs(const RunSettings& settings, std::size_t picture, const char* what) {
  return base::fail(base::Errc::verification_failed,
                    fmt::format("{}: picture {} of the capture {}", settings.name(), picture, what));
}

/// Equal wherever the decoder does not say otherwise.
bool exact_outside(const screen::Frame& source, screen::Frame decoded, const screen::Damage& inexact) {
  for (const screen::Rect& r : inexact.rects()) {
    const screen::Rect in = r.intersected(screen::whole(source.size()));
    for (std::int32_t y = in.y; y < in.bottom(); ++y)
      std::copy_n(source.row(y) + in.x, in.width, decoded.row(y) + in.x);
  }
  return decoded == source;
}
}  // namespace

base::Result<> check_clip(const std::string& path, const RunSettings& settings, const std::vector<Sent>& sent,
                          RunResult& result) {
  RESCUE_TRY(auto source, ClipSource::open(path, settings.until));
  screen::Decoder decoder;
  SideBySide worst;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const Sent& s = sent[i];
    while (source.pictures() < s.pictures) {
      RESCUE_TRY(const bool more, source.next_picture());
      if (!more) return base::fail(base::Errc::internal, "the capture is shorter than it was");
    }
    RESCUE_TRY(const auto info, screen::inspect_packet(s.bytes));
    const double before = process_cpu_ms();
    RESCUE_CHECK(decoder.decode(s.bytes));
    result.decode_ms.push_back(process_cpu_ms() - before);
    if (!info.complete) continue;
    const screen::Frame& shown = decoder.canvas();
    const bool exact = shown == source.frame();
    if (!exact && (settings.lossless() || info.exact)) return differs(settings, s.pictures, "is not exact");
    if (!exact && !exact_outside(source.frame(), shown, decoder.inexact()))
      return differs(settings, s.pictures, "differs where the decoder says that it is exact");
    result.last_exact = exact;
    if (s.rest) continue;
    result.quality.add(source.frame(), shown);
    if (!settings.pictures.empty()) worst.offer(source.frame(), shown);
  }
  if (settings.pictures.empty()) return {};
  return worst.write(settings.pictures, result.clip + "-" + settings.name());
}

}  // namespace rescue::perf
