// SPDX-License-Identifier: Apache-2.0
// xcp_frames: desktop captures as raw pictures (bgr0), for encoders that read those.
//
//   xcp_frames info CLIP                    one JSON object: size, seconds, pictures
//   xcp_frames dump CLIP [OPTION…]          raw pictures on standard output
//   xcp_frames compare CLIP [OPTION…]       reads what a decoder made of them from standard input: one JSON object
//   xcp_frames zstd CLIP [--level N]        all changed 64x64 tiles as one zstd stream with a window over all of them:
//                                           what LZ could reach with the whole capture in view
//   xcp_frames make CLIP [--seconds N] [--width N] [--height N]   a small synthetic capture, the same on every machine
//
//   --fps N      samples at this rate; without it every changed picture comes once, whenever that was
//   --cursor     with the mouse cursor drawn in
//   --until S    only the beginning
#include <CLI/CLI.hpp>
#include <cstdio>

#include "perf/clip_frames.hpp"
#include "perf/lz_bound.hpp"
#include "perf/made_clip.hpp"
#include "perf/picture_quality.hpp"

namespace rescue::perf {
namespace {

base::Result<> info(const std::string& clip, const FrameSettings& settings) {
  RESCUE_TRY(auto source, ClipSource::open(clip, settings.until));
  for (;;) {
    RESCUE_TRY(const bool more, source.next_picture());
    if (!more) break;
  }
  fmt::print(R"({{"width":{},"height":{},"seconds":{:.3f},"pictures":{}}})"
             "\n",
             source.frame().size().width, source.frame().size().height,
             std::chrono::duration<double>(source.now()).count(), source.pictures());
  return {};
}

base::Result<> dump(const std::string& clip, const FrameSettings& settings) {
  return each_frame(clip, settings, [](const screen::Frame& f) -> base::Result<> {
    if (std::fwrite(f.pixels().data(), sizeof(screen::Pixel), f.pixels().size(), stdout) == f.pixels().size())
      return {};
    return base::fail(base::errno_error("write"));
  });
}

base::Result<> compare(const std::string& clip, const FrameSettings& settings) {
  PictureQuality quality;
  screen::Frame decoded;
  std::size_t missing = 0;
  RESCUE_CHECK(each_frame(clip, settings, [&](const screen::Frame& f) -> base::Result<> {
    if (decoded.empty()) decoded = f;
    const auto pixels = static_cast<std::size_t>(f.size().pixels());
    if (missing > 0 || std::fread(decoded.row(0), sizeof(screen::Pixel), pixels, stdin) != pixels) {
      ++missing;
      return {};
    }
    for (std::size_t i = 0; i < pixels; ++i) decoded.row(0)[i] &= screen::kPixelMask;
    quality.add(f, decoded);
    return {};
  }));
  const std::size_t extra = missing == 0 && std::fgetc(stdin) != EOF ? 1 : 0;
  fmt::print(R"({{"missing":{},"extra":{},{}}})"
             "\n",
             missing, extra, quality.json());
  return {};
}

int run(int argc, char** argv) {
  std::string clip;
  FrameSettings settings;
  MadeClip made;
  double until = 0;
  int level = 20;
  CLI::App app{"desktop captures as raw pictures"};
  app.require_subcommand(1);
  for (const char* name : {"info", "dump", "compare", "zstd", "make"}) {
    auto* verb = app.add_subcommand(name);
    auto* file = verb->add_option("clip", clip)->required();
    if (std::string_view(name) == "make") {
      verb->add_option("--seconds", made.seconds)->check(CLI::PositiveNumber);
      verb->add_option("--width", made.size.width)->check(CLI::Range(320, 4096));
      verb->add_option("--height", made.size.height)->check(CLI::Range(200, 4096));
      continue;
    }
    file->check(CLI::ExistingFile);
    verb->add_option("--until", until)->check(CLI::PositiveNumber);
    if (std::string_view(name) == "zstd") verb->add_option("--level", level)->check(CLI::Range(1, 22));
    verb->add_option("--fps", settings.fps)->check(CLI::Range(1.0, 240.0));
    verb->add_flag("--cursor", settings.cursor);
  }
  CLI11_PARSE(app, argc, argv);
  if (until > 0) settings.until = std::chrono::microseconds(static_cast<std::int64_t>(until * 1e6));
  const std::string verb = app.get_subcommands().front()->get_name();
  const auto done = verb == "info"      ? info(clip, settings)
                    : verb == "dump"    ? dump(clip, settings)
                    : verb == "compare" ? compare(clip, settings)
                    : verb == "zstd"    ? print_lz_bound(clip, settings.until, level)
                                        : make_clip(clip, made);
  if (!done) fmt::print(stderr, "xcp_frames: {}\n", done.error().message());
  return done ? 0 : 1;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }
