// SPDX-License-Identifier: Apache-2.0
// An open folder, and what lies below it by the word of a peer. Paths are relative, parts separated by '/', without
// "..", and stay below the folder whatever symbolic links stand on the way (openat2(2)).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "files/errors.hpp"
#include "files/fd.hpp"

struct stat;

namespace rescue::files {

/// Parts of a path, and levels of a tree that is walked.
inline constexpr std::size_t kDepthMax = 200;

/// Symbolic links on the way to a folder.
enum class Links : std::uint8_t {
  refused,  // none at all: a tree that is being written
  inside,   // followed as long as they stay inside: a person looks around
};

enum class Kind : std::uint8_t { other, file, folder, link };
struct Entry {
  std::string name;
  Kind kind = Kind::other;
  std::uint64_t size = 0;
  base::WallTime modified;
  std::uint32_t mode = 0;  // permission bits
  std::string detail;      // where a link points
};

/// bad_name unless this is the name of one file: not empty, "." or "..", no '/', NUL, control character or
/// bidirectional override, UTF-8, at most 255 bytes.
[[nodiscard]] base::Result<void> check_name(std::string_view name);
/// The parts of a relative path; "" has none. bad_name for a part that check_name refuses, or too many.
[[nodiscard]] base::Result<std::vector<std::string>> parts_of(std::string_view relative);

/// Move only; the descriptor may be used from one thread at a time.
class Folder {
 public:
  /// The caller's own path; links are followed. not_a_folder, not_found, not_permitted.
  [[nodiscard]] static base::Result<Folder> open(const std::filesystem::path& path);
  /// The same, made where it is missing.
  [[nodiscard]] static base::Result<Folder> make(const std::filesystem::path& path);
  /// A handle that is there already.
  [[nodiscard]] static Folder adopt(Fd fd, std::filesystem::path path) {
    return Folder(std::move(fd), std::move(path));
  }
  /// A folder below; "" is a second handle of this one. outside, bad_name, not_a_folder, not_found, not_permitted.
  [[nodiscard]] base::Result<Folder> below(std::string_view relative, Links links) const;
  /// The same without links, made where it is missing (mode 0777 less the umask).
  [[nodiscard]] base::Result<Folder> make_below(std::string_view relative) const;
  /// What stands here under this name; a link itself, not what it points at.
  [[nodiscard]] base::Result<Entry> entry(const std::string& name) const;

  /// Everything written to its file system is on the disk.
  void sync() const;

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// For messages and for telling a person where something is; never opened again.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Folder(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] base::Result<Fd> step_by_step(const std::vector<std::string>& parts, bool make) const;
  Fd fd_;
  std::filesystem::path path_;
};

/// Kind, size, time and mode of a stat(2) answer.
[[nodiscard]] Entry entry_of(std::string name, const struct stat& info);

}  // namespace rescue::files
