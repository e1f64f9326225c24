// SPDX-License-Identifier: Apache-2.0
// codec_bench [OPTION…] CLIP.xcp.zst …: bytes per minute and CPU of the screen codec. Every picture is decoded again
// and compared: bit by bit without loss, else outside the parts that the decoder knows to be inexact; these are
// measured.
//
//   --fidelity exact|visual|coarse   (exact)
//   --refine            pictures at rest become exact
//   --video KBIT        moving regions may become a video stream of that rate
//   --work N            bounds the work of one call: the picture then goes out in parts
//   --fps N             presents the pictures in real time at this rate; those that come too fast are dropped
//   --compare           the encoder finds out for itself what changed; else it is told, as a capture tells it
//   --until SECONDS     only the beginning
//   --pictures FOLDER   source, decoded and difference of the picture with the most inexact pixels
//   --json              one JSON object a line
#include <cstdio>

#include "perf/run_options.hpp"

namespace rescue::perf {
namespace {

int run(int argc, char** argv) {
  RunSettings settings;
  std::vector<std::string> clips;
  bool json = false;
  CLI::App app{"measures the screen codec on desktop captures"};
  app.add_option("clips", clips)->required()->check(CLI::ExistingFile);
  add_run_options(app, settings);
  app.add_option("--fps", settings.fps)->check(CLI::Range(1.0, 240.0));
  app.add_option("--pictures", settings.pictures);
  app.add_flag("--json", json);
  CLI11_PARSE(app, argc, argv);
  int bad = 0;
  for (const std::string& clip : clips) {
    const auto result = run_clip(clip, settings);
    if (!result) {
      fmt::print(stderr, "codec_bench: {}: {}\n", clip, result.error().message());
      bad = 1;
      continue;
    }
    fmt::print("{}{}", json ? result->json() : result->text(), json ? "\n" : "");
    std::fflush(stdout);
  }
  return bad;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }
