// SPDX-License-Identifier: Apache-2.0
// xcp_to_rcrec CLIP.xcp.zst OUT.rcrec [OPTION…]: a desktop capture as the recording of a session, with its cursor,
// events and chat; one JSON object with what each part takes. Options as codec_bench: --fidelity --refine --video
// --work --until.
#include <cstdio>

#include "perf/clip_record.hpp"
#include "perf/run_options.hpp"

int main(int argc, char** argv) {
  std::string clip;
  std::string out;
  rescue::perf::RunSettings settings;
  CLI::App app{"a desktop capture as a recording"};
  app.add_option("clip", clip)->required()->check(CLI::ExistingFile);
  app.add_option("out", out)->required();
  rescue::perf::add_run_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  const auto done = rescue::perf::record_clip(clip, out, settings);
  if (!done) {
    fmt::print(stderr, "xcp_to_rcrec: {}\n", done.error().message());
    return 1;
  }
  fmt::print("{}\n", done->json());
  return 0;
}
