// SPDX-License-Identifier: Apache-2.0
// Carries out the file actions of session cores on a worker thread and delivers what came of them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "applet/core/worker.hpp"
#include "files/partial_file.hpp"
#include "files/source_file.hpp"
#include "session/file_transfer.hpp"

namespace rescue::applet {

/// MD5 and SHA-256 through OpenSSL, for session cores.
[[nodiscard]] session::FileHasherFactory file_hasher();

/// What a session core hears of an error of the disk.
[[nodiscard]] session::FileStop file_stop(const base::Error& error);

/// Network thread, all of it; the disk work runs on `worker`, whose jobs hold what they need.
class FileStore {
 public:
  FileStore(Worker& worker, Deliver deliver, std::filesystem::path download_dir, base::RandomSource& random);

  /// Whose files these are: what an earlier session of the same technician has left half done is gone on with.
  void introduce(PersonId person, std::string technician);
  void act(PersonId person, session::FileAction action);
  /// Opens the picked file, offers it to the technician, keeps it until CloseSource. `picked` empty: the user chose
  /// none.
  void offer(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> picked);
  /// Any thread, like the next two: the content of a transfer that has been offered; before any of its actions.
  void add_source(PersonId person, session::TransferId id, files::SourceFile source);
  /// Files that come with this request go below `folder`. Without one they go to the downloads.
  void set_target(PersonId person, std::uint32_t request, files::Folder folder, bool overwrite);
  void end_target(PersonId person, std::uint32_t request);
  /// The person's session is over: what is under way is kept for another session of the same technician while the
  /// applet runs, and deleted after that.
  void forget(PersonId person);
  /// Called on the worker thread when a file stands under its final name.
  void on_saved(std::function<void(PersonId, const std::filesystem::path&)> f);

 private:
  struct Files;  // worker thread
  Worker& worker_;
  Deliver deliver_;
  std::shared_ptr<Files> files_;
};

}  // namespace rescue::applet
