// SPDX-License-Identifier: Apache-2.0
// Files on this machine behind a session's transfers: sources are read in place, received files are written to
// "NAME.part-…" and get their final name when complete, never replacing a file.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "files/partial_file.hpp"
#include "files/source_file.hpp"
#include "session/console_session.hpp"

namespace rescue::client {

/// MD5 and SHA-256 by crypto::Hasher, for the session core.
[[nodiscard]] session::FileHasherFactory make_file_hasher();

/// Answers the core's FileActions. One strand. What is under way when it goes is kept: another agent of the same
/// session goes on with it.
class TransferFiles {
 public:
  /// `scope`: whose files these are; only transfers of the same one are gone on with.
  TransferFiles(session::ConsoleSession& core, std::string scope) : core_(&core), scope_(std::move(scope)) {}
  ~TransferFiles();
  TransferFiles(const TransferFiles&) = delete;
  TransferFiles& operator=(const TransferFiles&) = delete;

  void add_source(session::TransferId id, files::SourceFile source) {
    sources_.insert_or_assign(id, std::move(source));
  }
  /// Where a file goes that answers `request` (0: one that nobody asked for).
  void set_directory(std::uint32_t request, std::filesystem::path directory);
  /// The files of a file manager's `request` go below this folder, until end_tree().
  void set_tree(std::uint32_t request, files::Folder folder);
  void end_tree(std::uint32_t request);
  /// A folder of such a tree that has nothing in it. Those of files::Folder; canceled: no such tree.
  [[nodiscard]] base::Result<void> make_folder(std::uint32_t request, const std::string& path);

  void act(const session::FileAction& action, session::Now now);
  /// The final path of a received file, once committed.
  [[nodiscard]] std::optional<std::filesystem::path> path_of(session::TransferId id) const;
  /// The request that an incoming transfer answers.
  [[nodiscard]] std::uint32_t request_of(session::TransferId id) const;
  void forget(session::TransferId id);

 private:
  struct Target {
    std::uint32_t request = 0;
    std::optional<files::PartialFile> file;  // until committed
    std::filesystem::path final_path;
  };
  [[nodiscard]] base::Result<files::PartialFile> make(const session::OpenForWrite& a);
  void open_target(const session::OpenForWrite& a, session::Now now);
  void write(const session::WriteChunk& a, session::Now now);
  void restart(session::TransferId id, session::Now now);
  void commit(const session::CommitFile& a, session::Now now);
  void drop(session::TransferId id, bool keep);
  void read(const session::ReadChunk& a, session::Now now);
  [[nodiscard]] files::PartialFile* partial(session::TransferId id);

  session::ConsoleSession* core_;
  std::string scope_;
  std::map<session::TransferId, files::SourceFile> sources_;
  std::map<session::TransferId, Target> targets_;
  std::map<std::uint32_t, std::filesystem::path> directories_;
  std::map<std::uint32_t, files::Folder> trees_;
};

}  // namespace rescue::client
