// SPDX-License-Identifier: Apache-2.0
#include "applet/core/file_store.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/log.hpp"
#include "crypto/hash.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using session::AppletSession;
using session::FileStop;
using session::Now;
using session::TransferId;
using Key = std::pair<PersonId, TransferId>;

class OpenSslHasher final : public session::FileHasher {
 public:
  void update(base::ByteView b) override {
    md5_.update(b);
    sha256_.update(b);
  }
  session::FileDigests finish() override {
    session::FileDigests out;
    auto md5 = md5_.finish();
    auto sha256 = sha256_.finish();
    std::ranges::copy(md5, out.md5.begin());
    std::ranges::copy(sha256, out.sha256.begin());
    return out;
  }

 private:
  crypto::Hasher md5_{crypto::HashAlgorithm::md5};
  crypto::Hasher sha256_{crypto::HashAlgorithm::sha256};
};

FileStop stop_for(const base::Error& error) {
  return error.code == base::Errc::invalid_argument ? FileStop::bad_name : FileStop::disk;
}
void log_failure(const base::Error& error) {
  base::log(base::LogLevel::warn, "files", "a file failed", {{"why", error.message()}});
}
}  // namespace

session::FileHasherFactory file_hasher() {
  return [] { return std::make_unique<OpenSslHasher>(); };
}

base::Result<FileSource> FileSource::open(const std::filesystem::path& path) {
  FileSource out;
  // Without O_NONBLOCK a named pipe would hold the thread.
  out.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (out.fd < 0) return base::fail(base::errno_error(fmt::format("open '{}'", path.string())));
  struct stat info {};
  if (fstat(out.fd, &info) != 0) return base::fail(base::errno_error(fmt::format("read '{}'", path.string())));
  if (!S_ISREG(info.st_mode))
    return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is no ordinary file", path.string()));
  out.name = path.filename().string();
  out.size = static_cast<std::uint64_t>(info.st_size);
  out.modified =
      base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec) +
                     std::chrono::duration_cast<base::Duration>(std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
  return out;
}
FileSource::FileSource(FileSource&& o) noexcept
    : fd(std::exchange(o.fd, -1)), name(std::move(o.name)), size(o.size), modified(o.modified) {}
FileSource& FileSource::operator=(FileSource&& o) noexcept {
  std::swap(fd, o.fd);
  name = std::move(o.name);
  size = o.size;
  modified = o.modified;
  return *this;
}
FileSource::~FileSource() {
  if (fd >= 0) ::close(fd);
}

// Touched by jobs of the worker alone; shared with them, so that a late job finds it.
struct FileStore::Files {
  std::map<Key, ReceivedFile> incoming;
  std::map<Key, FileSource> outgoing;
  base::RandomSource* random = nullptr;
  std::function<void(PersonId, const std::filesystem::path&)> saved;

  SessionCall open(Key key, const session::OpenForWrite& a, const std::filesystem::path& dir) {
    auto file = ReceivedFile::create(dir, a.name, a.size, *random);
    if (!file) {
      log_failure(file.error());
      return [id = key.second, why = stop_for(file.error())](AppletSession& s, Now now) {
        s.file_open_failed(id, why, now);
      };
    }
    incoming.erase(key);
    incoming.emplace(key, std::move(*file));
    return [id = key.second](AppletSession& s, Now now) { s.file_opened(id, now); };
  }
  SessionCall write(Key key, const session::WriteChunk& a) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return nullptr;
    if (auto written = found->second.write(a.offset, a.bytes); !written) {
      log_failure(written.error());
      incoming.erase(found);
      return [id = key.second](AppletSession& s, Now now) { s.file_write_failed(id, FileStop::disk, now); };
    }
    return
        [id = key.second, end = a.offset + a.bytes.size()](AppletSession& s, Now now) { s.file_written(id, end, now); };
  }
  SessionCall commit(Key key) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return nullptr;
    auto path = found->second.commit();
    incoming.erase(found);
    if (!path) {
      log_failure(path.error());
      return [id = key.second](AppletSession& s, Now now) { s.file_write_failed(id, FileStop::disk, now); };
    }
    if (saved) saved(key.first, *path);
    return [id = key.second](AppletSession& s, Now now) { s.file_committed(id, now); };
  }
  SessionCall read(Key key, const session::ReadChunk& a) {
    auto failed = [id = key.second](AppletSession& s, Now now) { s.file_read_failed(id, now); };
    auto found = outgoing.find(key);
    if (found == outgoing.end()) return failed;
    base::Bytes bytes(std::min<std::size_t>(a.bytes, wire::kFileChunkMax));
    std::size_t have = 0;
    while (have < bytes.size()) {
      auto n = pread(found->second.fd, bytes.data() + have, bytes.size() - have, static_cast<off_t>(a.offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed;  // shorter than it was when it was offered, or unreadable
      have += static_cast<std::size_t>(n);
    }
    return [id = key.second, bytes = std::move(bytes)](AppletSession& s, Now now) { s.file_chunk(id, bytes, now); };
  }
};

FileStore::FileStore(Worker& worker, Deliver deliver, std::filesystem::path download_dir, base::RandomSource& random)
    : worker_(worker), deliver_(std::move(deliver)), dir_(std::move(download_dir)), files_(std::make_shared<Files>()) {
  files_->random = &random;
}

void FileStore::on_saved(std::function<void(PersonId, const std::filesystem::path&)> f) {
  files_->saved = std::move(f);
}

void FileStore::act(PersonId person, session::FileAction action) {
  worker_.post([files = files_, deliver = deliver_, dir = dir_, person, action = std::move(action)] {
    SessionCall call;
    std::visit(
        [&]<typename A>(const A& a) {
          const Key key{person, a.transfer};
          if constexpr (std::is_same_v<A, session::OpenForWrite>)
            call = files->open(key, a, dir);
          else if constexpr (std::is_same_v<A, session::WriteChunk>)
            call = files->write(key, a);
          else if constexpr (std::is_same_v<A, session::CommitFile>)
            call = files->commit(key);
          else if constexpr (std::is_same_v<A, session::DropFile>)
            files->incoming.erase(key);
          else if constexpr (std::is_same_v<A, session::ReadChunk>)
            call = files->read(key, a);
          else if constexpr (std::is_same_v<A, session::CloseSource>)
            files->outgoing.erase(key);
        },
        action);
    if (call) deliver(person, std::move(call));
  });
}

void FileStore::offer(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> picked) {
  worker_.post([files = files_, deliver = deliver_, worker = &worker_, person, request, picked = std::move(picked)] {
    auto none = [request](AppletSession& s, Now now) { s.file_not_chosen(request, now); };
    if (!picked) return deliver(person, none);
    auto source = FileSource::open(*picked);
    if (!source) {
      log_failure(source.error());
      return deliver(person, none);
    }
    deliver(person, [files, worker, person, request, source = std::move(*source)](AppletSession& s, Now now) mutable {
      auto id = s.file_chosen(request, source.name, source.size, source.modified, now);
      if (!id) {
        log_failure(id.error());
        return;
      }
      // Jobs run in order: it is registered before any ReadChunk that the answer to the offer causes.
      worker->post([files, key = Key{person, *id}, source = std::move(source)]() mutable {
        files->outgoing.insert_or_assign(key, std::move(source));
      });
    });
  });
}

void FileStore::forget(PersonId person) {
  worker_.post([files = files_, person] {
    std::erase_if(files->incoming, [&](const auto& f) { return f.first.first == person; });
    std::erase_if(files->outgoing, [&](const auto& f) { return f.first.first == person; });
  });
}

}  // namespace rescue::applet
