// SPDX-License-Identifier: Apache-2.0
// Files on this machine behind a session's transfers: sources are read in place, received files are written to
// "NAME.part-…" and get their final name when complete, never replacing a file.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "session/console_session.hpp"

namespace rescue::client {

/// MD5 and SHA-256 by crypto::Hasher, for the session core.
[[nodiscard]] session::FileHasherFactory make_file_hasher();

struct SourceFile {
  int fd = -1;
  std::string name;
  std::uint64_t size = 0;
  base::WallTime modified;
};

/// Answers the core's FileActions. One strand.
class TransferFiles {
 public:
  explicit TransferFiles(session::ConsoleSession& core) : core_(&core) {}
  ~TransferFiles();
  TransferFiles(const TransferFiles&) = delete;
  TransferFiles& operator=(const TransferFiles&) = delete;

  /// Opens a regular file for sending. Errors: not_found, io, invalid_argument (no regular file).
  [[nodiscard]] static base::Result<SourceFile> open_source(const std::filesystem::path& path);
  /// Takes over source.fd.
  void add_source(session::TransferId id, const SourceFile& source);
  /// Where a file goes that answers `request` (0: one that nobody asked for).
  void set_directory(std::uint32_t request, std::filesystem::path directory);

  void act(const session::FileAction& action, session::Now now);
  /// The final path of a received file, once committed.
  [[nodiscard]] std::optional<std::filesystem::path> path_of(session::TransferId id) const;
  /// The request that an incoming transfer answers.
  [[nodiscard]] std::uint32_t request_of(session::TransferId id) const;
  void forget(session::TransferId id);

 private:
  struct Target {
    int fd = -1;
    std::uint32_t request = 0;
    std::filesystem::path directory, partial, final_path;
    std::string name;
  };
  void open_target(const session::OpenForWrite& a, session::Now now);
  void write(const session::WriteChunk& a, session::Now now);
  void commit(const session::CommitFile& a, session::Now now);
  void drop(session::TransferId id);
  void read(const session::ReadChunk& a, session::Now now);

  session::ConsoleSession* core_;
  std::map<session::TransferId, int> sources_;
  std::map<session::TransferId, Target> targets_;
  std::map<std::uint32_t, std::filesystem::path> directories_;
};

}  // namespace rescue::client
