// SPDX-License-Identifier: Apache-2.0
// Progress of long work on stderr: a line that redraws itself on a terminal; in a pipe nothing, or with -v a plain line
// every ten seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "cli/env.hpp"

namespace rescue::cli {

/// "12.3 MB" (powers of 1000), for people only.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// "1:02:03" or "2:03".
[[nodiscard]] std::string human_duration(base::Duration d);

/// One task at a time; owned by the thread that calls it. The destructor ends the line.
class Progress {
 public:
  enum class Unit : std::uint8_t { bytes, items, seconds };
  struct Options {
    bool quiet = false;    // -q: nothing at all
    bool verbose = false;  // -v: plain lines where stderr is no terminal
    Unit unit = Unit::bytes;
  };
  Progress(Env& env, std::string label, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Redraws at most ten times a second. `total` 0 = unknown.
  void update(std::uint64_t done, std::uint64_t total);
  /// The last state, then a line end.
  void finish();
  /// Time left by the mean rate so far; nothing in the first half second or without a total.
  [[nodiscard]] std::optional<base::Duration> eta() const;

 private:
  [[nodiscard]] std::string text() const;
  void draw();
  Env& env_;
  std::string label_;
  Options options_;
  base::SteadyTime started_;
  base::SteadyTime drawn_{};
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  bool shown_ = false;
  bool finished_ = false;
};

}  // namespace rescue::cli
