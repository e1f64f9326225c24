// SPDX-License-Identifier: Apache-2.0
// What loss looks like: the picture as it was, as it was decoded, and eight times the difference.
#pragma once

#include <string>

#include "screen/frame.hpp"

namespace rescue::perf {

class SideBySide {
 public:
  /// Keeps the picture with the most inexact pixels of all that are offered.
  void offer(const screen::Frame& source, const screen::Frame& decoded);
  /// Writes FOLDER/NAME.png, the three beside each other around the place of the largest error, and FOLDER/NAME-source,
  /// -decoded and -difference.png in full. Nothing when all that was offered was exact. Errors: io.
  [[nodiscard]] base::Result<> write(const std::string& folder, const std::string& name) const;

  static constexpr int kAmplify = 8;
  static constexpr screen::Size kPart{420, 320};

 private:
  screen::Frame source_;
  screen::Frame decoded_;
  std::int64_t inexact_ = 0;
};

/// kAmplify times the difference of each channel, black where both are equal. Both of one size.
[[nodiscard]] base::Result<screen::Frame> difference(const screen::Frame& a, const screen::Frame& b);

}  // namespace rescue::perf
