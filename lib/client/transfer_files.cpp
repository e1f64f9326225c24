// SPDX-License-Identifier: Apache-2.0
#include "client/transfer_files.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/guid.hpp"
#include "crypto/hash.hpp"

namespace rescue::client {
namespace {
using session::FileStop;
namespace fs = std::filesystem;

constexpr int kNameAttempts = 1000;  // "name (2).txt" … before the folder counts as full of them

class Md5AndSha256 final : public session::FileHasher {
 public:
  void update(base::ByteView b) override {
    md5_.update(b);
    sha256_.update(b);
  }
  session::FileDigests finish() override {
    session::FileDigests out;
    std::ranges::copy(md5_.finish(), out.md5.begin());
    std::ranges::copy(sha256_.finish(), out.sha256.begin());
    return out;
  }

 private:
  crypto::Hasher md5_{crypto::HashAlgorithm::md5};
  crypto::Hasher sha256_{crypto::HashAlgorithm::sha256};
};

/// "report.txt", "report (2).txt", …
std::string numbered(const std::string& name, int n) {
  if (n == 1) return name;
  const fs::path p(name);
  return fmt::format("{} ({}){}", p.stem().string(), n, p.extension().string());
}

}  // namespace

session::FileHasherFactory make_file_hasher() {
  return [] { return std::make_unique<Md5AndSha256>(); };
}

TransferFiles::~TransferFiles() {
  for (auto& [id, fd] : sources_) ::close(fd);
  while (!targets_.empty()) drop(targets_.begin()->first);
}

base::Result<SourceFile> TransferFiles::open_source(const fs::path& path) {
  SourceFile out;
  // O_NONBLOCK: a named pipe must not hold the session up; it is refused below.
  out.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (out.fd < 0) return base::fail(base::errno_error(fmt::format("open '{}'", path.string())));
  struct stat info {};
  if (::fstat(out.fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(out.fd);
    return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is no regular file", path.string()));
  }
  out.name = path.filename().string();
  out.size = static_cast<std::uint64_t>(info.st_size);
  out.modified = base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec) +
                                std::chrono::microseconds(info.st_mtim.tv_nsec / 1000));
  return out;
}

void TransferFiles::add_source(session::TransferId id, const SourceFile& source) { sources_[id] = source.fd; }
void TransferFiles::set_directory(std::uint32_t request, fs::path directory) {
  directories_[request] = std::move(directory);
}

void TransferFiles::act(const session::FileAction& action, session::Now now) {
  if (const auto* a = std::get_if<session::OpenForWrite>(&action))
    open_target(*a, now);
  else if (const auto* w = std::get_if<session::WriteChunk>(&action))
    write(*w, now);
  else if (const auto* c = std::get_if<session::CommitFile>(&action))
    commit(*c, now);
  else if (const auto* d = std::get_if<session::DropFile>(&action))
    drop(d->transfer);
  else if (const auto* r = std::get_if<session::ReadChunk>(&action))
    read(*r, now);
  else if (const auto* s = std::get_if<session::CloseSource>(&action)) {
    if (const auto it = sources_.find(s->transfer); it != sources_.end()) {
      ::close(it->second);
      sources_.erase(it);
    }
  }
}

void TransferFiles::open_target(const session::OpenForWrite& a, session::Now now) {
  Target t;
  t.request = a.request;
  t.name = a.name;
  const auto directory = directories_.find(a.request);
  if (directory == directories_.end()) return core_->file_open_failed(a.transfer, FileStop::refused, now);
  t.directory = directory->second;
  if (a.request != 0) directories_.erase(directory);
  t.partial =
      t.directory / fmt::format("{}.part-{:08x}", a.name, static_cast<std::uint32_t>(base::system_random().u64()));
  t.fd = ::open(t.partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (t.fd < 0) return core_->file_open_failed(a.transfer, FileStop::disk, now);
  targets_[a.transfer] = std::move(t);
  core_->file_opened(a.transfer, now);
}

void TransferFiles::write(const session::WriteChunk& a, session::Now now) {
  const auto it = targets_.find(a.transfer);
  if (it == targets_.end()) return core_->file_write_failed(a.transfer, FileStop::disk, now);
  std::size_t at = 0;
  while (at < a.bytes.size()) {
    const auto n = ::pwrite(it->second.fd, a.bytes.data() + at, a.bytes.size() - at, static_cast<off_t>(a.offset + at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return core_->file_write_failed(a.transfer, FileStop::disk, now);
    at += static_cast<std::size_t>(n);
  }
  core_->file_written(a.transfer, a.offset + a.bytes.size(), now);
}

void TransferFiles::commit(const session::CommitFile& a, session::Now now) {
  const auto it = targets_.find(a.transfer);
  if (it == targets_.end()) return core_->file_write_failed(a.transfer, FileStop::disk, now);
  auto& t = it->second;
  bool ok = ::fdatasync(t.fd) == 0;
  ::close(t.fd);
  t.fd = -1;
  for (int n = 1; ok && n <= kNameAttempts; ++n) {
    const auto path = t.directory / numbered(t.name, n);
    // link(2) never replaces an existing name.
    if (::link(t.partial.c_str(), path.c_str()) == 0) {
      ::unlink(t.partial.c_str());
      t.final_path = path;
      return core_->file_committed(a.transfer, now);
    }
    ok = errno == EEXIST;
  }
  core_->file_write_failed(a.transfer, FileStop::disk, now);
}

void TransferFiles::drop(session::TransferId id) {
  const auto it = targets_.find(id);
  if (it == targets_.end()) return;
  if (it->second.fd >= 0) ::close(it->second.fd);
  if (it->second.final_path.empty()) ::unlink(it->second.partial.c_str());
  targets_.erase(it);
}

void TransferFiles::read(const session::ReadChunk& a, session::Now now) {
  const auto it = sources_.find(a.transfer);
  base::Bytes bytes(a.bytes);
  std::size_t at = 0;
  while (it != sources_.end() && at < bytes.size()) {
    const auto n = ::pread(it->second, bytes.data() + at, bytes.size() - at, static_cast<off_t>(a.offset + at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // shorter than it was when it was offered
    at += static_cast<std::size_t>(n);
  }
  if (at < bytes.size() || it == sources_.end()) return core_->file_read_failed(a.transfer, now);
  core_->file_chunk(a.transfer, bytes, now);
}

std::optional<fs::path> TransferFiles::path_of(session::TransferId id) const {
  const auto it = targets_.find(id);
  return it != targets_.end() && !it->second.final_path.empty() ? std::optional(it->second.final_path) : std::nullopt;
}

std::uint32_t TransferFiles::request_of(session::TransferId id) const {
  const auto it = targets_.find(id);
  return it != targets_.end() ? it->second.request : 0;
}

void TransferFiles::forget(session::TransferId id) { drop(id); }

}  // namespace rescue::client
