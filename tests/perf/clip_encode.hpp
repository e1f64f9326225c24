// SPDX-License-Identifier: Apache-2.0
// The two passes of clip_run: encoding, which is measured without anything beside it, then decoding and comparing.
#pragma once

#include "perf/clip_run.hpp"
#include "perf/clip_source.hpp"

namespace rescue::perf {

/// A packet, and which state of the capture it shows.
struct Sent {
  std::size_t pictures = 0;  // of the capture, read before it was made
  std::chrono::microseconds t{};
  bool rest = false;  // made while nothing changed
  base::Bytes bytes;
};

/// Fills in what concerns encoding.
[[nodiscard]] base::Result<std::vector<Sent>> encode_clip(const std::string& path, const RunSettings& settings,
                                                          RunResult& result);
/// Fills in what concerns decoding.
[[nodiscard]] base::Result<> check_clip(const std::string& path, const RunSettings& settings,
                                        const std::vector<Sent>& sent, RunResult& result);

/// CPU time of all threads of this process, in ms.
[[nodiscard]] double process_cpu_ms();

}  // namespace rescue::perf
