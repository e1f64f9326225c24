// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

namespace rescue::test {
/// A fresh folder that goes away with its owner.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};
}  // namespace rescue::test
