// SPDX-License-Identifier: Apache-2.0
// What the applet may touch of its process, so that tests run it in-process with an Env of their own.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace rescue::applet {

/// Arguments after the program's name.
using Args = std::span<const std::string>;

/// Owned by main or a test, outlives x_main. The user interface runs in the thread of x_main.
struct Env {
  std::ostream* out = nullptr;  // --help and --version
  std::ostream* err = nullptr;  // usage errors; log lines go through base::log
  int in_fd = 0;                // --pin-stdin
  std::map<std::string, std::string, std::less<>> environment;
  base::Clock* clock = &base::system_clock();
  base::RandomSource* random = &base::system_random();
  /// What this very program file was stamped with when it was downloaded (stamp::read_own_slot); none: it was not.
  std::function<base::Result<base::SecretBytes>()> own_slot;

  /// The value, or nothing when unset or empty.
  [[nodiscard]] std::optional<std::string> var(std::string_view name) const;
};

/// The process' own: cout, cerr, descriptor 0, environ.
[[nodiscard]] Env process_env();

/// Body of main(): ignores SIGPIPE, builds the Env, runs. An exception that got this far gives 1 and a line on stderr.
int run_main(int argc, char** argv, int (*program)(Args, Env&));

}  // namespace rescue::applet
