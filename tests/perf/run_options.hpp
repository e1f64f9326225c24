// SPDX-License-Identifier: Apache-2.0
// The options that say how a capture is to be encoded, the same in each program that does.
#pragma once

#include <CLI/CLI.hpp>

#include "perf/clip_run.hpp"

namespace rescue::perf {

/// `settings` must outlive the parsing.
inline void add_run_options(CLI::App& app, RunSettings& settings) {
  app.add_option("--fidelity", settings.fidelity)
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, screen::Fidelity>{{"exact", screen::Fidelity::exact},
                                                                          {"visual", screen::Fidelity::visual},
                                                                          {"coarse", screen::Fidelity::coarse}}));
  app.add_flag("--refine", settings.refine);
  app.add_option("--video", settings.video_kbit);
  app.add_option("--work", settings.work);
  app.add_flag("--compare", settings.compare);
  app.add_option_function<double>("--until",
                                  [&settings](double seconds) {
                                    settings.until =
                                        std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
                                  })
      ->check(CLI::PositiveNumber);
}

}  // namespace rescue::perf
