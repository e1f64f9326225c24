// SPDX-License-Identifier: Apache-2.0
// A file that gets its name when it is complete.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rescue::media {

/// The name OUT.part; the file is gone at the end unless it was renamed.
class PartFile {
 public:
  explicit PartFile(const std::string& out);
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile();
  [[nodiscard]] const std::string& path() const { return path_; }
  /// conflict when `out` exists and may not be replaced.
  [[nodiscard]] base::Result<> rename_to(const std::string& out, bool overwrite);

 private:
  std::string path_;
  bool renamed_ = false;
};

}  // namespace rescue::media
