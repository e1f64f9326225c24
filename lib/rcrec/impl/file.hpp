// SPDX-License-Identifier: Apache-2.0
// A file opened for reading at any place.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace rescue::rcrec {

class InputFile {
 public:
  /// Regular files only. Errors with the path: not_found, io, invalid_argument (a folder, a pipe).
  [[nodiscard]] static base::Result<InputFile> open(const std::string& path);
  InputFile(InputFile&& o) noexcept;
  InputFile& operator=(InputFile&& o) noexcept;
  ~InputFile();

  /// Fills `to` from `offset` on; fewer bytes only at the end of the file.
  [[nodiscard]] base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView to) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  InputFile(int fd, std::uint64_t size, std::string path) : fd_(fd), size_(size), path_(std::move(path)) {}
  int fd_ = -1;
  std::uint64_t size_ = 0;
  mutable std::uint64_t bytes_read_ = 0;
  std::string path_;
};

}  // namespace rescue::rcrec
