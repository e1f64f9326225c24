// SPDX-License-Identifier: Apache-2.0
// Carries out the file actions of session cores on a worker thread and delivers what came of them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "applet/core/received_file.hpp"
#include "applet/core/worker.hpp"
#include "session/file_transfer.hpp"

namespace rescue::applet {

/// MD5 and SHA-256 through OpenSSL, for session cores.
[[nodiscard]] session::FileHasherFactory file_hasher();

/// A file that the user has picked, open for reading.
struct FileSource {
  int fd = -1;
  std::string name;
  std::uint64_t size = 0;
  base::WallTime modified;
  /// invalid_argument: not a regular file. not_found, io.
  [[nodiscard]] static base::Result<FileSource> open(const std::filesystem::path& path);
  FileSource() = default;
  FileSource(FileSource&& o) noexcept;
  FileSource& operator=(FileSource&& o) noexcept;
  ~FileSource();
};

/// Network thread, all of it; the disk work runs on `worker`, whose jobs hold what they need.
class FileStore {
 public:
  FileStore(Worker& worker, Deliver deliver, std::filesystem::path download_dir, base::RandomSource& random);

  void act(PersonId person, session::FileAction action);
  /// Opens the picked file, offers it to the technician, keeps it until CloseSource. `picked` empty: the user chose
  /// none.
  void offer(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> picked);
  /// The person's session is over: what is under way is dropped.
  void forget(PersonId person);
  /// Called on the worker thread when a file stands under its final name.
  void on_saved(std::function<void(PersonId, const std::filesystem::path&)> f);

 private:
  struct Files;  // worker thread
  Worker& worker_;
  Deliver deliver_;
  std::filesystem::path dir_;
  std::shared_ptr<Files> files_;
};

}  // namespace rescue::applet
