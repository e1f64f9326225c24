// SPDX-License-Identifier: Apache-2.0
// The file manager on this machine, with the rights of the user who runs the applet. What takes long is done in slices,
// and one slice of everybody after the other.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "applet/core/worker.hpp"
#include "files/errors.hpp"
#include "session/file_manager.hpp"

namespace rescue::applet {

class FileStore;

/// What a technician hears of an error of the disk.
[[nodiscard]] session::FsStatus fs_status(const base::Error& error);

/// Network thread, all of it; the disk work runs on a thread of its own. Paths of technicians are absolute and stay
/// below one of the roots; symbolic links are followed while they stay inside, and never where a tree is sent, written
/// or removed.
class FileManager {
 public:
  /// `roots` empty: the whole file system. `store` carries the content of files, and outlives this.
  FileManager(FileStore& store, Deliver deliver, std::vector<std::filesystem::path> roots);
  ~FileManager();
  FileManager(const FileManager&) = delete;
  FileManager& operator=(const FileManager&) = delete;

  void act(PersonId person, session::FileManagerAction action);
  /// The person's session is over: what runs stops.
  void forget(PersonId person);
  /// Nobody sees the disk by this until resume(): trees that are being walked end, and what is asked for is refused as
  /// busy. `then` runs on the disk's thread, when nothing of before can open a file any more.
  void pause(std::move_only_function<void()> then);
  /// `first` runs on the disk's thread, before anything is seen again.
  void resume(std::move_only_function<void()> first);

 private:
  struct Disk;  // worker thread
  std::shared_ptr<Disk> disk_;
  Worker worker_;  // last: its jobs end before what they use
};

}  // namespace rescue::applet
