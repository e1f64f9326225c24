// SPDX-License-Identifier: Apache-2.0
// The file manager's words, of both ends. Paths are those of the supported machine, absolute, parts separated by '/';
// the host of that machine says what they mean and how far they reach.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

using wire::session::FsKind;
using wire::session::FsOp;
using wire::session::FsStatus;

struct FileEntry {
  std::string name;
  FsKind kind = FsKind::other;
  std::uint64_t size = 0;
  base::WallTime modified{};
  std::uint32_t mode = 0;
  std::string detail;  // where a link points, what a volume is; of a folder of a `get`: the folder it is in
  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

/// What a technician asks for.
struct FsCall {
  FsOp op = FsOp::none;
  std::string path;
  std::string target;  // of rename
  bool recursive =
      false;  // remove: with what is in it; make_folder: what is missing on the way too, and it may be there
  bool overwrite = false;  // rename, put: a file that is there is replaced
  std::string cursor;      // list: go on from here
};

/// What came of it, or how far it is.
struct FsAnswer {
  FsStatus status = FsStatus::ok;
  std::string detail;  // words for a person where it is not ok
  std::vector<FileEntry> entries;
  std::string cursor;       // of a list of which more can be asked for
  bool more = false;        // another answer follows
  std::uint64_t files = 0;  // done; of a list: how many the folder has
  std::uint64_t bytes = 0;
};

// ---- what the host of the supported end has to do (AppletFileManager)
/// Answer with answer(); a `put` with put_ready(), a `get` with found(), each as often as asked, or with answer() where
/// it cannot begin.
struct FsStart {
  std::uint32_t request = 0;
  FsCall call;
};
/// Of a `get`: find this many files more, and answer with found().
struct FsNext {
  std::uint32_t request = 0;
  std::size_t files = 0;
};
/// It is over; no answer is wanted, what still runs stops.
struct FsStop {
  std::uint32_t request = 0;
};
using FileManagerAction = std::variant<FsStart, FsNext, FsStop>;

/// What the technician's end tells: an answer, or a refusal in the shape of one.
struct FsReplied {
  std::uint32_t request = 0;
  FsOp op = FsOp::none;
  FsAnswer answer;
};

/// Requests of one technician that run at a time; one of them a `get` and one a `put`.
inline constexpr std::size_t kFsRequestsMax = 8;

}  // namespace rescue::session
