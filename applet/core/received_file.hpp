// SPDX-License-Identifier: Apache-2.0
// A file on its way in: under a partial name until it is whole, never over another file, gone when it does not become
// whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace rescue::applet {

/// Bytes that stay free on the disk: a received file must not be what stops the machine.
inline constexpr std::uint64_t kDiskReserveBytes = std::uint64_t{64} << 20;
/// "report.txt", "report (2).txt", … up to this number.
inline constexpr int kNameTriesMax = 1000;

/// Not thread-safe; move only.
class ReceivedFile {
 public:
  /// Creates DIR/NAME.part-RANDOM (mode 0600) and DIR where needed. `name` is a bare name (session/file_name.hpp).
  /// no_space: fewer than `size` bytes and the reserve are free. invalid_argument: not a bare name. io.
  [[nodiscard]] static base::Result<ReceivedFile> create(const std::filesystem::path& dir, const std::string& name,
                                                         std::uint64_t size, base::RandomSource& random);
  ReceivedFile(ReceivedFile&& o) noexcept;
  ReceivedFile& operator=(ReceivedFile&&) = delete;
  /// Deletes the partial file unless commit() has succeeded.
  ~ReceivedFile();

  /// Writes at `offset`, whole or not at all as far as the caller is concerned. no_space, io.
  [[nodiscard]] base::Result<> write(std::uint64_t offset, base::ByteView bytes);
  /// Makes it durable and gives it its name, or "NAME (2)" and so on when that is taken. The path it got.
  [[nodiscard]] base::Result<std::filesystem::path> commit();

 private:
  ReceivedFile(int dir, int file, std::filesystem::path folder, std::string name, std::string partial)
      : dir_(dir), file_(file), folder_(std::move(folder)), name_(std::move(name)), partial_(std::move(partial)) {}
  base::Result<bool> take_name(const std::string& name);
  int dir_ = -1;
  int file_ = -1;
  std::filesystem::path folder_;
  std::string name_;
  std::string partial_;  // empty once committed or moved from
};

}  // namespace rescue::applet
