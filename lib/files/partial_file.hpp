// SPDX-License-Identifier: Apache-2.0
// A file on its way in: under a partial name until it is whole, never over another file unless that was said, gone when
// it does not become whole, unless it is kept for another try.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "files/folder.hpp"

namespace rescue::files {

/// Bytes that stay free on the disk: a received file must not be what stops the machine.
inline constexpr std::uint64_t kDiskReserveBytes = std::uint64_t{64} << 20;
/// "report.txt", "report (2).txt", … up to this number.
inline constexpr int kNameTriesMax = 1000;

struct IncomingFile {
  std::string name;         // of one file; longer than 240 bytes is refused (the partial name is longer)
  std::uint64_t size = 0;   // that is to come
  base::WallTime modified;  // given to the file; the epoch: unknown
  /// Whose file this is. An earlier try with the same scope, name, size and time is gone on with; empty: never.
  std::string scope;
  /// A file of the same name, size and time counts as an earlier try that got everything.
  bool may_be_there = false;
  /// May take the place of a regular file of that name; else it becomes "NAME (2)".
  bool replace = false;
  /// On the disk before it has its name. One of very many is not; Folder::sync() is for all of them.
  bool durable = true;
};

/// Not thread-safe; move only.
class PartialFile {
 public:
  /// Makes NAME.part-XXXXXXXX (mode 0600) in `folder`, or goes on with the one of an earlier try.
  /// no_space: fewer bytes than are to come and the reserve are free. bad_name. Those of Folder.
  [[nodiscard]] static base::Result<PartialFile> open(Folder folder, IncomingFile file, base::RandomSource& random);
  PartialFile(PartialFile&&) noexcept = default;
  PartialFile& operator=(PartialFile&&) = delete;
  /// Deletes the partial file unless commit() or keep() came first.
  ~PartialFile();

  /// Bytes that an earlier try has left; whether they are the right ones is for the caller to find out.
  [[nodiscard]] std::uint64_t have() const { return have_; }
  /// Fills `out` from what is there; false when there is less or it cannot be read.
  [[nodiscard]] bool read(std::uint64_t offset, base::MutableByteView out) const;
  /// Begins at 0: what was there is void.
  [[nodiscard]] base::Result<void> restart(base::RandomSource& random);
  /// Writes at `offset`, whole or not at all as far as the caller is concerned. no_space, io.
  [[nodiscard]] base::Result<void> write(std::uint64_t offset, base::ByteView bytes);
  /// Makes it durable and gives it its name. The path it got. conflict: exists: no free name, or no file there to
  /// replace.
  [[nodiscard]] base::Result<std::filesystem::path> commit();
  /// Leaves what was written for another try; where it lies, or nothing when nothing can go on with it.
  [[nodiscard]] std::filesystem::path keep();

 private:
  PartialFile(Folder folder, IncomingFile file) : folder_(std::move(folder)), file_(std::move(file)) {}
  [[nodiscard]] base::Result<void> create(base::RandomSource& random);
  [[nodiscard]] bool go_on();
  [[nodiscard]] bool already_there();
  [[nodiscard]] base::Result<bool> take_name(const std::string& name);
  [[nodiscard]] base::Result<void> take_place();

  Folder folder_;
  IncomingFile file_;
  Fd fd_;
  std::string partial_;  // empty: committed, kept, or the file was there already
  std::string salt_;     // of the partial name
  bool resumable_ = false;
  std::uint64_t have_ = 0;
};

}  // namespace rescue::files
