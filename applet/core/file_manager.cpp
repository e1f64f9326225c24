// SPDX-License-Identifier: Apache-2.0
#include "applet/core/file_manager.hpp"

#include <map>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "applet/core/file_store.hpp"
#include "applet/core/volumes.hpp"
#include "base/log.hpp"
#include "files/listing.hpp"
#include "files/tree_removal.hpp"
#include "files/tree_walk.hpp"
#include "session/applet_file_manager.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using base::fail;
using base::Result;
using files::Folder;
using session::AppletFileManager;
using session::AppletSession;
using session::FileEntry;
using session::FsAnswer;
using session::FsCall;
using session::FsKind;
using session::FsOp;
using session::FsStatus;
using session::Now;
using Request = std::pair<PersonId, std::uint32_t>;

constexpr std::size_t kPageBytes = 48 * 1024;  // of one list: as JSON, which is three times that, it is a line for views
constexpr std::size_t kRemovedPerSlice = 200;
constexpr std::size_t kWalkedPerSlice = 500;
constexpr std::size_t kFoldersPerSlice = 200;
constexpr std::chrono::milliseconds kProgressEvery{500};
constexpr std::string_view kPaused = "this machine restarts";

FsKind kind_of(files::Kind k) {
  switch (k) {
    case files::Kind::file:
      return FsKind::file;
    case files::Kind::folder:
      return FsKind::folder;
    case files::Kind::link:
      return FsKind::link;
    case files::Kind::other:
      break;
  }
  return FsKind::other;
}
FileEntry entry_of(files::Entry e) {
  return {std::move(e.name), kind_of(e.kind), e.size, e.modified, e.mode, std::move(e.detail)};
}
FsAnswer failure(const base::Error& error) {
  FsAnswer out;
  out.status = fs_status(error);
  out.detail = error.message();
  return out;
}

struct Removal {
  files::TreeRemoval tree;
  std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();
};
}  // namespace

FsStatus fs_status(const base::Error& error) {
  static const std::pair<base::ErrorCode, FsStatus> kTable[] = {
      {files::Errc::outside, FsStatus::outside},   {files::Errc::not_permitted, FsStatus::denied},
      {files::Errc::exists, FsStatus::exists},     {files::Errc::not_empty, FsStatus::not_empty},
      {files::Errc::bad_name, FsStatus::bad_name}, {files::Errc::not_a_folder, FsStatus::not_a_folder},
      {files::Errc::busy, FsStatus::busy},         {base::Errc::not_found, FsStatus::not_found},
      {base::Errc::no_space, FsStatus::disk},
  };
  for (const auto& [code, status] : kTable)
    if (error.code == code) return status;
  return FsStatus::failed;
}

struct FileManager::Disk : std::enable_shared_from_this<Disk> {
  FileStore& store;
  Deliver deliver;
  std::vector<std::filesystem::path> roots;
  Worker* worker = nullptr;
  std::map<PersonId, std::pair<std::string, files::Listing>> lists;  // the last of each, for its pages
  std::map<Request, Removal> removals;
  std::map<Request, files::TreeWalk> walks;
  bool paused = false;

  Disk(FileStore& s, Deliver d, std::vector<std::filesystem::path> r)
      : store(s), deliver(std::move(d)), roots(std::move(r)) {}

  void again(std::function<void(Disk&)> slice) {
    worker->post([self = shared_from_this(), slice = std::move(slice)] { slice(*self); });
  }
  void answer(Request r, FsAnswer a) {
    deliver(r.first, [number = r.second, a = std::move(a)](AppletSession& s, Now now) mutable {
      s.with<AppletFileManager>(now, [&](AppletFileManager& f) { f.answer(number, std::move(a)); });
    });
  }

  // ---- places
  /// The root that a path is below, and the rest.
  Result<std::pair<std::filesystem::path, std::string>> root_of(const std::string& path) const {
    if (!path.starts_with('/')) return fail(files::Errc::bad_name, fmt::format("'{}' is no absolute path", path));
    std::optional<std::string> best;
    for (const auto& r : roots) {
      const auto root = r.string();
      const bool below =
          path.starts_with(root) && (path.size() == root.size() || root == "/" || path[root.size()] == '/');
      if (below && (!best || root.size() > best->size())) best = root;
    }
    if (roots.empty()) best = "/";
    if (!best) return fail(files::Errc::outside, fmt::format("'{}'", path));
    auto rest = path.substr(best->size());
    rest.erase(0, rest.find_first_not_of('/'));
    while (rest.ends_with('/')) rest.pop_back();
    return std::pair{std::filesystem::path(*best), std::move(rest)};
  }
  Result<Folder> folder(const std::string& path) const {
    RESCUE_TRY(const auto at, root_of(path));
    RESCUE_TRY(const auto root, Folder::open(at.first));
    return root.below(at.second, files::Links::inside);
  }
  struct Place {
    Folder parent;
    std::string name;
  };
  /// Of something in a folder; the last part is what stands there, be it a link.
  Result<Place> place(const std::string& path) const {
    RESCUE_TRY(const auto at, root_of(path));
    if (at.second.empty())
      return fail(files::Errc::bad_name, fmt::format("'{}' is where the file manager begins", path));
    const auto slash = at.second.rfind('/');
    auto name = slash == std::string::npos ? at.second : at.second.substr(slash + 1);
    RESCUE_CHECK(files::check_name(name));
    RESCUE_TRY(const auto root, Folder::open(at.first));
    RESCUE_TRY(auto parent,
               root.below(slash == std::string::npos ? "" : at.second.substr(0, slash), files::Links::inside));
    return Place{std::move(parent), std::move(name)};
  }

  // ---- what is answered at once
  Result<FsAnswer> list(PersonId person, const FsCall& call) {
    auto known = lists.find(person);
    if (call.cursor.empty() || known == lists.end() || known->second.first != call.path) {
      if (known != lists.end()) lists.erase(known);
      RESCUE_TRY(auto at, folder(call.path));
      RESCUE_TRY(auto listing, files::Listing::read(std::move(at)));
      known = lists.emplace(person, std::pair{call.path, std::move(listing)}).first;
    }
    auto page = known->second.second.page(call.cursor, wire::kFsEntriesMax, kPageBytes);
    FsAnswer out;
    for (auto& e : page.entries) out.entries.push_back(entry_of(std::move(e)));
    out.cursor = std::move(page.cursor);
    out.files = page.total;
    if (page.cut) {
      out.status = FsStatus::too_many;
      out.detail = fmt::format("only {} names of this folder are listed", files::kListedMax);
    }
    if (out.cursor.empty()) lists.erase(known);
    return out;
  }
  Result<FsAnswer> stat(const FsCall& call) const {
    FsAnswer out;
    RESCUE_TRY(const auto at, root_of(call.path));
    if (at.second.empty()) {
      RESCUE_TRY(const auto root, folder(call.path));
      struct ::stat info {};
      if (fstat(root.fd(), &info) != 0) return fail(files::errno_error(call.path));
      out.entries.push_back(entry_of(files::entry_of(call.path, info)));
      return out;
    }
    RESCUE_TRY(const auto there, place(call.path));
    RESCUE_TRY(auto entry, there.parent.entry(there.name));
    out.entries.push_back(entry_of(std::move(entry)));
    return out;
  }
  Result<FsAnswer> make_folder(const FsCall& call) const {
    if (call.recursive) {
      RESCUE_TRY(const auto at, root_of(call.path));
      RESCUE_TRY(const auto root, Folder::open(at.first));
      RESCUE_TRY(const auto made, root.make_below(at.second));
      static_cast<void>(made);
    } else {
      RESCUE_TRY(const auto there, place(call.path));
      if (mkdirat(there.parent.fd(), there.name.c_str(), 0777) != 0)
        return fail(files::errno_error(fmt::format("make folder '{}'", call.path)));
    }
    FsAnswer out;
    out.files = 1;
    return out;
  }
  Result<FsAnswer> rename(const FsCall& call) const {
    RESCUE_TRY(const auto from, place(call.path));
    RESCUE_TRY(const auto to, place(call.target));
    const auto what = fmt::format("rename '{}' to '{}'", call.path, call.target);
    unsigned flags = RENAME_NOREPLACE;
    if (call.overwrite) {
      // Files alone: a folder that is replaced would take what is in it along.
      const auto there = to.parent.entry(to.name);
      if (there && there->kind != files::Kind::file && there->kind != files::Kind::link)
        return fail(files::Errc::exists, what);
      flags = 0;
    }
    if (renameat2(from.parent.fd(), from.name.c_str(), to.parent.fd(), to.name.c_str(), flags) != 0) {
      if (errno == EXDEV) return fail(base::Errc::io, what + ": another file system");
      return fail(files::errno_error(what));
    }
    FsAnswer out;
    out.files = 1;
    return out;
  }

  // ---- what takes long
  Result<void> remove(Request r, const FsCall& call) {
    RESCUE_TRY(auto there, place(call.path));
    RESCUE_TRY(auto tree, files::TreeRemoval::start(std::move(there.parent), there.name, call.recursive));
    removals.insert_or_assign(r, Removal{std::move(tree)});
    remove_more(r);
    return {};
  }
  void remove_more(Request r) {
    const auto it = removals.find(r);
    if (it == removals.end()) return;
    auto& [tree, told] = it->second;
    const bool through = tree.step(kRemovedPerSlice);
    FsAnswer out;
    out.files = tree.removed();
    if (!through) {
      if (std::chrono::steady_clock::now() - told >= kProgressEvery) {
        told = std::chrono::steady_clock::now();
        out.more = true;
        answer(r, std::move(out));
      }
      return again([r](Disk& d) { d.remove_more(r); });
    }
    if (tree.trouble()) {
      out.status = tree.removed() > 0 ? FsStatus::partial : fs_status(*tree.trouble());
      out.detail = tree.removed() > 0 ? fmt::format("{} left: {}", tree.left(), tree.trouble()->message())
                                      : tree.trouble()->message();
    }
    removals.erase(it);
    answer(r, std::move(out));
  }
  Result<void> put(Request r, const FsCall& call) {
    RESCUE_TRY(auto at, folder(call.path));
    store.set_target(r.first, r.second, std::move(at), call.overwrite);
    deliver(r.first, [number = r.second](AppletSession& s, Now now) {
      s.with<AppletFileManager>(now, [&](AppletFileManager& f) { f.put_ready(number); });
    });
    return {};
  }
  Result<void> get(Request r, const FsCall& call) {
    RESCUE_TRY(const auto there, place(call.path));
    RESCUE_TRY(auto walk, files::TreeWalk::start(there.parent, there.name));
    walks.insert_or_assign(r, std::move(walk));
    find(r, session::kTreeTransfersMax);
    return {};
  }
  void find(Request r, std::size_t count) {
    const auto it = walks.find(r);
    if (it == walks.end()) return;
    AppletFileManager::Walked out;
    std::vector<files::SourceFile> sources;
    for (std::size_t n = 0; n < kWalkedPerSlice && out.files.size() < count && out.folders.size() < kFoldersPerSlice;
         ++n) {
      if (paused) {
        out.end = true;
        ++out.left_out;
        out.why = kPaused;
        break;
      }
      auto item = it->second.next();
      if (!item) {
        out.end = true;
        break;
      }
      if (item->what == files::TreeItem::What::file && item->source.name.size() > wire::kFileNameMax) {
        item->what = files::TreeItem::What::skipped;
        item->why = "its name is too long";
      }
      if (item->what == files::TreeItem::What::file) {
        out.files.push_back({item->source.name, item->folder, item->source.size, item->source.modified});
        sources.push_back(std::move(item->source));
      } else if (item->what == files::TreeItem::What::folder) {
        out.folders.push_back({item->source.name, item->folder, 0, {}});
      } else {
        ++out.left_out;
        if (out.why.empty()) out.why = fmt::format("'{}': {}", item->source.name, item->why);
      }
    }
    if (out.end) walks.erase(it);
    deliver(r.first, [&store = store, r, out = std::move(out), sources = std::move(sources)](AppletSession& s,
                                                                                             Now now) mutable {
      const auto ids = s.with<AppletFileManager>(now, [&](AppletFileManager& f) { return f.found(r.second, out); });
      // Before any of the reads that the answers to the offers cause.
      for (std::size_t n = 0; n < ids.size(); ++n)
        if (ids[n]) store.add_source(r.first, *ids[n], std::move(sources[n]));
    });
  }

  // ---- dispatch
  void start(PersonId person, const session::FsStart& a) {
    const Request r{person, a.request};
    const auto at_once = [&](Result<FsAnswer> result) {
      answer(r, result ? std::move(*result) : failure(result.error()));
    };
    const auto begun = [&](Result<void> result) {
      if (!result) answer(r, failure(result.error()));
    };
    if (paused) return begun(fail(files::Errc::busy, std::string(kPaused)));
    switch (a.call.op) {
      case FsOp::volumes: {
        FsAnswer out;
        out.entries = volumes(roots);
        return answer(r, std::move(out));
      }
      case FsOp::list:
        return at_once(list(person, a.call));
      case FsOp::stat:
        return at_once(stat(a.call));
      case FsOp::make_folder:
        return at_once(make_folder(a.call));
      case FsOp::rename:
        return at_once(rename(a.call));
      case FsOp::remove:
        return begun(remove(r, a.call));
      case FsOp::get:
        return begun(get(r, a.call));
      case FsOp::put:
        return begun(put(r, a.call));
      case FsOp::none:
        break;
    }
    begun(fail(base::Errc::unsupported, "no such operation on files"));
  }
  void stop(Request r) {
    removals.erase(r);
    walks.erase(r);
    store.end_target(r.first, r.second);
  }
};

FileManager::FileManager(FileStore& store, Deliver deliver, std::vector<std::filesystem::path> roots)
    : disk_(std::make_shared<Disk>(store, std::move(deliver), std::move(roots))) {
  disk_->worker = &worker_;
}
FileManager::~FileManager() = default;

void FileManager::act(PersonId person, session::FileManagerAction action) {
  worker_.post([disk = disk_, person, action = std::move(action)] {
    if (const auto* start = std::get_if<session::FsStart>(&action))
      disk->start(person, *start);
    else if (const auto* next = std::get_if<session::FsNext>(&action))
      disk->find({person, next->request}, next->files);
    else if (const auto* stop = std::get_if<session::FsStop>(&action))
      disk->stop({person, stop->request});
  });
}

void FileManager::pause(std::move_only_function<void()> then) {
  worker_.post([disk = disk_, then = std::move(then)]() mutable {
    disk->paused = true;
    then();
  });
}

void FileManager::resume(std::move_only_function<void()> first) {
  worker_.post([disk = disk_, first = std::move(first)]() mutable {
    first();
    disk->paused = false;
  });
}

void FileManager::forget(PersonId person) {
  worker_.post([disk = disk_, person] {
    const auto of_person = [&](const auto& entry) { return entry.first.first == person; };
    std::erase_if(disk->removals, of_person);
    std::erase_if(disk->walks, of_person);
    disk->lists.erase(person);
  });
}

}  // namespace rescue::applet
