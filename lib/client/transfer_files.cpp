// SPDX-License-Identifier: Apache-2.0
#include "client/transfer_files.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "crypto/hash.hpp"
#include "wire/session_limits.hpp"

namespace rescue::client {
namespace {
using session::FileStop;

FileStop stop_for(const base::Error& error) {
  base::log(base::LogLevel::warn, "files", "a file failed", {{"why", error.message()}});
  return error.code == files::Errc::bad_name || error.code == files::Errc::outside ? FileStop::bad_name
                                                                                   : FileStop::disk;
}

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
  std::array<std::uint8_t, 32> sha256_so_far() const override {
    std::array<std::uint8_t, 32> out{};
    std::ranges::copy(sha256_.so_far(), out.begin());
    return out;
  }

 private:
  crypto::Hasher md5_{crypto::HashAlgorithm::md5};
  crypto::Hasher sha256_{crypto::HashAlgorithm::sha256};
};

}  // namespace

session::FileHasherFactory make_file_hasher() {
  return [] { return std::make_unique<Md5AndSha256>(); };
}

TransferFiles::~TransferFiles() {
  while (!targets_.empty()) drop(targets_.begin()->first, true);
}

void TransferFiles::set_directory(std::uint32_t request, std::filesystem::path directory) {
  directories_[request] = std::move(directory);
}
void TransferFiles::set_tree(std::uint32_t request, files::Folder folder) {
  trees_.insert_or_assign(request, std::move(folder));
}
void TransferFiles::end_tree(std::uint32_t request) {
  const auto it = trees_.find(request);
  if (it == trees_.end()) return;
  it->second.sync();
  trees_.erase(it);
}

base::Result<void> TransferFiles::make_folder(std::uint32_t request, const std::string& path) {
  const auto it = trees_.find(request);
  if (it == trees_.end()) return base::fail(base::Errc::canceled, "the request has ended");
  RESCUE_TRY(const auto made, it->second.make_below(path));
  static_cast<void>(made);
  return {};
}

void TransferFiles::act(const session::FileAction& action, session::Now now) {
  std::visit(
      [&]<typename A>(const A& a) {
        if constexpr (std::is_same_v<A, session::OpenForWrite>)
          open_target(a, now);
        else if constexpr (std::is_same_v<A, session::WriteChunk>)
          write(a, now);
        else if constexpr (std::is_same_v<A, session::CommitFile>)
          commit(a, now);
        else if constexpr (std::is_same_v<A, session::DropFile>)
          drop(a.transfer, a.keep);
        else if constexpr (std::is_same_v<A, session::ReadChunk>)
          read(a, now);
        else if constexpr (std::is_same_v<A, session::CloseSource>)
          sources_.erase(a.transfer);
        else if constexpr (std::is_same_v<A, session::RestartFile>)
          restart(a.transfer, now);
      },
      action);
}

base::Result<files::PartialFile> TransferFiles::make(const session::OpenForWrite& a) {
  files::IncomingFile file;
  file.name = a.name;
  file.size = a.size;
  file.modified = a.modified;
  file.scope = scope_;
  if (session::purpose_of(a.transfer.number) == session::FilePurpose::file_manager) {
    const auto tree = trees_.find(a.request);
    if (tree == trees_.end()) return base::fail(base::Errc::canceled, "the request has ended");
    RESCUE_TRY(auto folder, tree->second.make_below(a.folder));
    file.may_be_there = true;
    file.durable = false;
    return files::PartialFile::open(std::move(folder), std::move(file), base::system_random());
  }
  const auto directory = directories_.find(a.request);
  if (directory == directories_.end()) return base::fail(base::Errc::canceled, "nobody has asked for it");
  RESCUE_TRY(auto folder, files::Folder::open(directory->second));
  if (a.request != 0) directories_.erase(directory);
  return files::PartialFile::open(std::move(folder), std::move(file), base::system_random());
}

void TransferFiles::open_target(const session::OpenForWrite& a, session::Now now) {
  auto file = make(a);
  if (!file) return core_->file_open_failed(a.transfer, stop_for(file.error()), now);
  const auto have = file->have();
  auto& target = targets_[a.transfer];
  target.request = a.request;
  target.file.emplace(std::move(*file));
  core_->file_opened(a.transfer, now, have);
}

files::PartialFile* TransferFiles::partial(session::TransferId id) {
  const auto it = targets_.find(id);
  return it != targets_.end() && it->second.file ? &*it->second.file : nullptr;
}

void TransferFiles::write(const session::WriteChunk& a, session::Now now) {
  auto* file = partial(a.transfer);
  if (file == nullptr) return core_->file_write_failed(a.transfer, FileStop::disk, now);
  if (auto written = file->write(a.offset, a.bytes); !written)
    return core_->file_write_failed(a.transfer, stop_for(written.error()), now);
  core_->file_written(a.transfer, a.offset + a.bytes.size(), now);
}

void TransferFiles::restart(session::TransferId id, session::Now now) {
  auto* file = partial(id);
  if (file == nullptr) return;
  if (auto ok = file->restart(base::system_random()); !ok) core_->file_write_failed(id, stop_for(ok.error()), now);
}

void TransferFiles::commit(const session::CommitFile& a, session::Now now) {
  auto* file = partial(a.transfer);
  if (file == nullptr) return core_->file_write_failed(a.transfer, FileStop::disk, now);
  auto path = file->commit();
  if (!path) return core_->file_write_failed(a.transfer, stop_for(path.error()), now);
  auto& target = targets_[a.transfer];
  target.file.reset();
  target.final_path = std::move(*path);
  core_->file_committed(a.transfer, now);
}

void TransferFiles::drop(session::TransferId id, bool keep) {
  const auto it = targets_.find(id);
  if (it == targets_.end()) return;
  if (keep && it->second.file) static_cast<void>(it->second.file->keep());
  targets_.erase(it);
}

void TransferFiles::read(const session::ReadChunk& a, session::Now now) {
  base::Bytes bytes(std::min<std::size_t>(a.bytes, wire::kFileChunkMax));
  const auto source = sources_.find(a.transfer);
  const auto* file = partial(a.transfer);
  const bool ok = source != sources_.end() ? source->second.read(a.offset, bytes)
                  : file != nullptr        ? file->read(a.offset, bytes)
                                           : false;
  if (!ok) return core_->file_read_failed(a.transfer, now);  // shorter than it was when it was offered
  core_->file_chunk(a.transfer, bytes, now);
}

std::optional<std::filesystem::path> TransferFiles::path_of(session::TransferId id) const {
  const auto it = targets_.find(id);
  return it != targets_.end() && !it->second.final_path.empty() ? std::optional(it->second.final_path) : std::nullopt;
}

std::uint32_t TransferFiles::request_of(session::TransferId id) const {
  const auto it = targets_.find(id);
  return it != targets_.end() ? it->second.request : 0;
}

void TransferFiles::forget(session::TransferId id) { drop(id, false); }

}  // namespace rescue::client
