// SPDX-License-Identifier: Apache-2.0
#include "applet/core/file_store.hpp"

#include <set>

#include <unistd.h>

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
  std::array<std::uint8_t, 32> sha256_so_far() const override {
    std::array<std::uint8_t, 32> out{};
    std::ranges::copy(sha256_.so_far(), out.begin());
    return out;
  }

 private:
  crypto::Hasher md5_{crypto::HashAlgorithm::md5};
  crypto::Hasher sha256_{crypto::HashAlgorithm::sha256};
};

void log_failure(const base::Error& error) {
  base::log(base::LogLevel::warn, "files", "a file failed", {{"why", error.message()}});
}
}  // namespace

session::FileHasherFactory file_hasher() {
  return [] { return std::make_unique<OpenSslHasher>(); };
}

FileStop file_stop(const base::Error& error) {
  if (error.code == files::Errc::bad_name || error.code == files::Errc::outside) return FileStop::bad_name;
  return FileStop::disk;
}

// Touched by jobs of the worker alone; shared with them, so that a late job finds it.
struct FileStore::Files {
  struct Target {
    files::Folder folder;
    bool overwrite = false;
  };
  using Request = std::pair<PersonId, std::uint32_t>;

  std::filesystem::path downloads;
  std::map<PersonId, std::string> technicians;
  std::map<Key, files::PartialFile> incoming;
  std::map<Key, files::SourceFile> outgoing;
  std::map<Request, Target> targets;
  std::set<std::filesystem::path> kept;
  base::RandomSource* random = nullptr;
  std::function<void(PersonId, const std::filesystem::path&)> saved;

  ~Files() {
    for (const auto& path : kept) ::unlink(path.c_str());
  }

  base::Result<files::PartialFile> make(Key key, const session::OpenForWrite& a) {
    files::IncomingFile file;
    file.name = a.name;
    file.size = a.size;
    file.modified = a.modified;
    file.scope = technicians[key.first];
    if (session::purpose_of(a.transfer.number) != session::FilePurpose::file_manager) {
      RESCUE_TRY(auto folder, files::Folder::make(downloads));
      return files::PartialFile::open(std::move(folder), std::move(file), *random);
    }
    const auto target = targets.find({key.first, a.request});
    if (target == targets.end()) return base::fail(base::Errc::canceled, "the request has ended");
    RESCUE_TRY(auto folder, target->second.folder.make_below(a.folder));
    file.may_be_there = true;
    file.replace = target->second.overwrite;
    file.durable = false;
    return files::PartialFile::open(std::move(folder), std::move(file), *random);
  }
  SessionCall open(Key key, const session::OpenForWrite& a) {
    incoming.erase(key);
    auto file = make(key, a);
    if (!file) {
      log_failure(file.error());
      return [id = key.second, why = file_stop(file.error())](AppletSession& s, Now now) {
        s.file_open_failed(id, why, now);
      };
    }
    const auto have = incoming.emplace(key, std::move(*file)).first->second.have();
    return [id = key.second, have](AppletSession& s, Now now) { s.file_opened(id, now, have); };
  }
  SessionCall give_up(Key key, const base::Error& error) {
    log_failure(error);
    incoming.erase(key);
    return [id = key.second, why = file_stop(error)](AppletSession& s, Now now) { s.file_write_failed(id, why, now); };
  }
  SessionCall restart(Key key) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return nullptr;
    if (auto ok = found->second.restart(*random); !ok) return give_up(key, ok.error());
    return nullptr;
  }
  SessionCall write(Key key, const session::WriteChunk& a) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return nullptr;
    if (auto written = found->second.write(a.offset, a.bytes); !written) return give_up(key, written.error());
    return
        [id = key.second, end = a.offset + a.bytes.size()](AppletSession& s, Now now) { s.file_written(id, end, now); };
  }
  SessionCall commit(Key key) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return nullptr;
    auto path = found->second.commit();
    if (!path) return give_up(key, path.error());
    incoming.erase(found);
    if (saved) saved(key.first, *path);
    return [id = key.second](AppletSession& s, Now now) { s.file_committed(id, now); };
  }
  SessionCall read(Key key, const session::ReadChunk& a) {
    base::Bytes bytes(std::min<std::size_t>(a.bytes, wire::kFileChunkMax));
    const auto out = outgoing.find(key);
    const auto in = incoming.find(key);
    const bool ok = out != outgoing.end()  ? out->second.read(a.offset, bytes)
                    : in != incoming.end() ? in->second.read(a.offset, bytes)
                                           : false;
    // Shorter than it was when it was offered, or unreadable.
    if (!ok) return [id = key.second](AppletSession& s, Now now) { s.file_read_failed(id, now); };
    return [id = key.second, bytes = std::move(bytes)](AppletSession& s, Now now) { s.file_chunk(id, bytes, now); };
  }
  void drop(Key key, bool keep) {
    auto found = incoming.find(key);
    if (found == incoming.end()) return;
    if (keep) {
      if (auto path = found->second.keep(); !path.empty()) kept.insert(std::move(path));
    }
    incoming.erase(found);
  }
  void forget(PersonId person) {
    std::vector<Key> gone;
    for (const auto& [key, file] : incoming)
      if (key.first == person) gone.push_back(key);
    for (const auto& key : gone) drop(key, true);
    std::erase_if(outgoing, [&](const auto& f) { return f.first.first == person; });
    std::erase_if(targets, [&](const auto& t) { return t.first.first == person; });
    technicians.erase(person);
  }
};

FileStore::FileStore(Worker& worker, Deliver deliver, std::filesystem::path download_dir, base::RandomSource& random)
    : worker_(worker), deliver_(std::move(deliver)), files_(std::make_shared<Files>()) {
  files_->downloads = std::move(download_dir);
  files_->random = &random;
}

void FileStore::on_saved(std::function<void(PersonId, const std::filesystem::path&)> f) {
  files_->saved = std::move(f);
}

void FileStore::introduce(PersonId person, std::string technician) {
  worker_.post([files = files_, person, technician = std::move(technician)]() mutable {
    files->technicians[person] = std::move(technician);
  });
}

void FileStore::act(PersonId person, session::FileAction action) {
  worker_.post([files = files_, deliver = deliver_, person, action = std::move(action)] {
    SessionCall call;
    std::visit(
        [&]<typename A>(const A& a) {
          const Key key{person, a.transfer};
          if constexpr (std::is_same_v<A, session::OpenForWrite>)
            call = files->open(key, a);
          else if constexpr (std::is_same_v<A, session::WriteChunk>)
            call = files->write(key, a);
          else if constexpr (std::is_same_v<A, session::CommitFile>)
            call = files->commit(key);
          else if constexpr (std::is_same_v<A, session::DropFile>)
            files->drop(key, a.keep);
          else if constexpr (std::is_same_v<A, session::ReadChunk>)
            call = files->read(key, a);
          else if constexpr (std::is_same_v<A, session::CloseSource>)
            files->outgoing.erase(key);
          else if constexpr (std::is_same_v<A, session::RestartFile>)
            call = files->restart(key);
        },
        action);
    if (call) deliver(person, std::move(call));
  });
}

void FileStore::add_source(PersonId person, session::TransferId id, files::SourceFile source) {
  worker_.post([files = files_, key = Key{person, id}, source = std::move(source)]() mutable {
    files->outgoing.insert_or_assign(key, std::move(source));
  });
}

void FileStore::offer(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> picked) {
  worker_.post([this, deliver = deliver_, person, request, picked = std::move(picked)] {
    auto none = [request](AppletSession& s, Now now) { s.file_not_chosen(request, now); };
    if (!picked) return deliver(person, none);
    auto source = files::SourceFile::open(*picked);
    if (!source) {
      log_failure(source.error());
      return deliver(person, none);
    }
    deliver(person, [this, person, request, source = std::move(*source)](AppletSession& s, Now now) mutable {
      auto id = s.file_chosen(request, source.name, source.size, source.modified, now);
      if (!id) return log_failure(id.error());
      // Jobs run in order: it is registered before any ReadChunk that the answer to the offer causes.
      add_source(person, *id, std::move(source));
    });
  });
}

void FileStore::set_target(PersonId person, std::uint32_t request, files::Folder folder, bool overwrite) {
  worker_.post([files = files_, person, request, folder = std::move(folder), overwrite]() mutable {
    files->targets.insert_or_assign({person, request}, Files::Target{std::move(folder), overwrite});
  });
}

void FileStore::end_target(PersonId person, std::uint32_t request) {
  worker_.post([files = files_, person, request] {
    const auto found = files->targets.find({person, request});
    if (found == files->targets.end()) return;
    found->second.folder.sync();
    files->targets.erase(found);
  });
}

void FileStore::forget(PersonId person) {
  worker_.post([files = files_, person] { files->forget(person); });
}

}  // namespace rescue::applet
