// SPDX-License-Identifier: Apache-2.0
#include "session/file_transfer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "session/file_name.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/file_state.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;

constexpr unsigned kPurposeShift = 30;
constexpr std::uint32_t kCountMask = (std::uint32_t{1} << kPurposeShift) - 1;

std::size_t transfers_max(FilePurpose p) { return p == FilePurpose::file_manager ? kTreeTransfersMax : kTransfersMax; }
std::size_t index(FilePurpose p) { return static_cast<std::size_t>(p); }

template <typename Map>
std::size_t count_of(const Map& map, FilePurpose p) {
  return static_cast<std::size_t>(std::ranges::count_if(map, [p](const auto& t) { return purpose_of(t.first) == p; }));
}

FileDirection outgoing_direction(wire::End self) {
  return self == wire::End::console ? FileDirection::to_applet : FileDirection::to_console;
}
FileDirection incoming_direction(wire::End self) {
  return self == wire::End::console ? FileDirection::to_console : FileDirection::to_applet;
}
}  // namespace

std::optional<FilePurpose> purpose_of(std::uint32_t number) {
  const auto bits = number >> kPurposeShift;
  if (bits >= kFilePurposes || (number & kCountMask) == 0) return std::nullopt;
  return static_cast<FilePurpose>(bits);
}

wire::Permission permission_of(FileDirection d, FilePurpose p) {
  switch (p) {
    case FilePurpose::file_manager:
      return wire::Permission::file_manager;
    case FilePurpose::clipboard:
      return wire::Permission::clipboard_sync;
    case FilePurpose::file:
      break;
  }
  return d == FileDirection::to_applet ? wire::Permission::send_files : wire::Permission::receive_files;
}

std::string_view name(FileDirection d) { return d == FileDirection::to_applet ? "to_applet" : "to_console"; }
std::string_view name(FileStop s) { return msg::EnumNameFileStop(s); }

FileTransfers::FileTransfers(wire::End self, FileTransferOwner& owner, FileHasherFactory hasher)
    : owner_(owner),
      make_hasher_(std::move(hasher)),
      out_direction_(outgoing_direction(self)),
      in_direction_(incoming_direction(self)) {
  RESCUE_ASSERT(make_hasher_ != nullptr);
}
FileTransfers::~FileTransfers() = default;

std::size_t FileTransfers::active() const { return outgoing_.size() + incoming_.size(); }
bool FileTransfers::active(FileDirection d, FilePurpose purpose) const {
  return (d == out_direction_ ? count_of(outgoing_, purpose) : count_of(incoming_, purpose)) != 0;
}

void FileTransfers::cancel(TransferId id, FileStop reason, bool keep) {
  RESCUE_ASSERT(reason != FileStop::none);
  if (id.direction == out_direction_) {
    if (const auto it = outgoing_.find(id.number); it != outgoing_.end()) {
      owner_.send_file_message(messages::file_cancel(id.number, reason));
      end_outgoing(it, reason);
    }
  } else if (const auto it = incoming_.find(id.number); it != incoming_.end()) {
    owner_.send_file_message(messages::file_reject(id.number, reason));
    end_incoming(it, reason, keep);
  }
}

void FileTransfers::stop_all(FileDirection d, FilePurpose purpose, FileStop reason, bool keep) {
  std::vector<TransferId> running;
  if (d == out_direction_)
    for (const auto& [number, t] : outgoing_) running.push_back(out_id(number));
  else
    for (const auto& [number, t] : incoming_) running.push_back(in_id(number));
  for (const auto& id : running)
    if (purpose_of(id.number) == purpose) cancel(id, reason, keep);
}

void FileTransfers::stop_all(FileStop reason, bool keep) {
  for (const auto purpose : {FilePurpose::file, FilePurpose::file_manager, FilePurpose::clipboard}) {
    stop_all(out_direction_, purpose, reason, keep);
    stop_all(in_direction_, purpose, reason, keep);
  }
}

Result<void> FileTransfers::on_message(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::FileOffer:
      return on_offer(*m.message_as_FileOffer());
    case msg::Message::FileChunk:
      return on_chunk(*m.message_as_FileChunk());
    case msg::Message::FileDone:
      return on_done(*m.message_as_FileDone());
    case msg::Message::FileRestart:
      return on_restart(m.message_as_FileRestart()->transfer());
    case msg::Message::FileCancel: {
      const auto it = incoming_.find(m.message_as_FileCancel()->transfer());
      const auto reason = m.message_as_FileCancel()->reason();
      if (it != incoming_.end()) end_incoming(it, reason == FileStop::none ? FileStop::canceled : reason);
      return {};
    }
    case msg::Message::FileAccept:
      return on_accept(*m.message_as_FileAccept());
    case msg::Message::FileAck:
      return on_ack(*m.message_as_FileAck());
    case msg::Message::FileReceived:
      return on_received(m.message_as_FileReceived()->transfer());
    case msg::Message::FileReject: {
      const auto it = outgoing_.find(m.message_as_FileReject()->transfer());
      const auto reason = m.message_as_FileReject()->reason();
      if (it != outgoing_.end()) end_outgoing(it, reason == FileStop::none ? FileStop::refused : reason);
      return {};
    }
    default:
      return fail(Errc::bad_format, "not a message about a file");
  }
}

// ---- sending

Result<TransferId> FileTransfers::offer(const OfferedFile& file) {
  if (file.name.empty() || file.name.size() > wire::kFileNameMax)
    return fail(Errc::denied,
                fmt::format("file name of {} bytes, 1 to {} are allowed", file.name.size(), wire::kFileNameMax));
  if (file.folder.size() > wire::kFsPathMax)
    return fail(Errc::denied, fmt::format("folder name of {} bytes", file.folder.size()));
  if (file.size > wire::kFileSizeMax) return fail(Errc::too_large, fmt::format("file of {} bytes", file.size));
  const auto running = count_of(outgoing_, file.purpose);
  if (running >= transfers_max(file.purpose))
    return fail(Errc::conflict, fmt::format("{} files are on their way", running));
  auto& last = last_out_[index(file.purpose)];
  if (last == kCountMask) return fail(Errc::conflict, "no more numbers for files");
  const auto number = ++last | static_cast<std::uint32_t>(file.purpose) << kPurposeShift;
  auto t = std::make_unique<Outgoing>();
  t->number = number;
  t->file = file;
  t->hasher = make_hasher_();
  outgoing_.emplace(number, std::move(t));
  owner_.send_file_message(
      messages::file_offer(number, file.request, file.size, file.modified, file.name, file.folder, file.clipboard));
  owner_.on_file_event(FileOffered{out_id(number), file.name, file.size, file.request, file.folder});
  return out_id(number);
}

Result<void> FileTransfers::on_accept(const msg::FileAccept& m) {
  const auto it = outgoing_.find(m.transfer());
  if (it == outgoing_.end()) return {};
  auto& t = *it->second;
  if (t.state != Outgoing::State::offered) return fail(Errc::bad_format, "file accepted twice");
  if (m.offset() > t.file.size)
    return fail(Errc::bad_format, fmt::format("has {} bytes of a file of {}", m.offset(), t.file.size));
  t.resumed_at = m.offset();
  if (t.resumed_at == 0) {
    t.state = Outgoing::State::sending;
    read_more(t);
    return {};
  }
  std::ranges::copy(wire::view(m.prefix_sha256()), t.prefix.begin());
  t.state = Outgoing::State::checking;
  check_more(t);
  return {};
}

void FileTransfers::check_more(Outgoing& t) {
  if (t.checked < t.resumed_at) {
    t.reading = static_cast<std::size_t>(std::min<std::uint64_t>(wire::kFileChunkMax, t.resumed_at - t.checked));
    owner_.act(ReadChunk{out_id(t.number), t.checked, t.reading});
    return;
  }
  t.state = Outgoing::State::sending;
  if (t.hasher->sha256_so_far() == t.prefix) {
    t.read = t.acked = t.resumed_at;
  } else {
    t.resumed_at = 0;
    t.hasher = make_hasher_();
    owner_.send_file_message(messages::file_restart(t.number));
  }
  read_more(t);
}

void FileTransfers::read_more(Outgoing& t) {
  if (t.state != Outgoing::State::sending || t.reading != 0) return;
  if (t.read == t.file.size) {
    t.state = Outgoing::State::done_sent;
    t.digests = t.hasher->finish();
    owner_.send_file_message(messages::file_done(t.number, t.file.size, t.digests));
    owner_.act(CloseSource{out_id(t.number)});
    return;
  }
  const auto window = kFileWindow - (t.read - t.acked);
  if (window == 0 || owner_.files_backlog() >= kFilesBacklogMax) return;
  t.reading = static_cast<std::size_t>(std::min<std::uint64_t>({wire::kFileChunkMax, t.file.size - t.read, window}));
  owner_.act(ReadChunk{out_id(t.number), t.read, t.reading});
}

void FileTransfers::on_backlog_drained() {
  for (auto& [number, t] : outgoing_) read_more(*t);
}

void FileTransfers::chunk_read(TransferId id, ByteView bytes) {
  if (id.direction == in_direction_) {
    if (const auto in = incoming_.find(id.number); in != incoming_.end()) chunk_read_back(*in->second, bytes);
    return;
  }
  const auto it = outgoing_.find(id.number);
  if (it == outgoing_.end() || it->second->reading == 0) return;
  auto& t = *it->second;
  // A source that shrank or failed half-way must not pass for a complete file.
  if (bytes.size() != t.reading) return cancel(id, FileStop::source);
  t.reading = 0;
  t.hasher->update(bytes);
  if (t.state == Outgoing::State::checking) {
    t.checked += bytes.size();
    return check_more(t);
  }
  owner_.send_file_message(messages::file_chunk(t.number, t.read, bytes));
  t.read += bytes.size();
  read_more(t);
}

void FileTransfers::read_failed(TransferId id) {
  cancel(id, id.direction == out_direction_ ? FileStop::source : FileStop::disk);
}

Result<void> FileTransfers::on_ack(const msg::FileAck& m) {
  const auto it = outgoing_.find(m.transfer());
  if (it == outgoing_.end()) return {};
  auto& t = *it->second;
  if (m.offset() > t.read || m.offset() < t.acked)
    return fail(Errc::bad_format, "file bytes acknowledged that were not sent");
  t.acked = m.offset();
  owner_.on_file_event(FileProgress{out_id(t.number), t.acked, t.file.size});
  read_more(t);
  return {};
}

Result<void> FileTransfers::on_received(std::uint32_t number) {
  const auto it = outgoing_.find(number);
  if (it == outgoing_.end()) return {};
  if (it->second->state != Outgoing::State::done_sent)
    return fail(Errc::bad_format, "file received before it was sent");
  end_outgoing(it, FileStop::none);
  return {};
}

void FileTransfers::end_outgoing(OutgoingMap::iterator it, FileStop reason) {
  const auto t = std::move(it->second);
  outgoing_.erase(it);
  if (t->state != Outgoing::State::done_sent) owner_.act(CloseSource{out_id(t->number)});
  owner_.on_file_event(FileFinished{
      out_id(t->number), t->file.name, t->file.size, reason, t->state != Outgoing::State::offered,
      reason == FileStop::none ? t->digests : FileDigests{}, t->file.request, t->file.folder, t->resumed_at});
}

// ---- receiving

void FileTransfers::reject(const msg::FileOffer& offer, FileStop reason) {
  const TransferId id = in_id(offer.transfer());
  const std::string name = base::to_valid_utf8(wire::text(offer.name()));
  const std::string folder = base::to_valid_utf8(wire::text(offer.folder()));
  if (const auto purpose = purpose_of(offer.transfer())) {
    auto& last = last_in_[index(*purpose)];
    last = std::max(last, offer.transfer() & kCountMask);
  }
  owner_.send_file_message(messages::file_reject(offer.transfer(), reason));
  owner_.on_file_event(FileOffered{id, name, offer.size(), offer.request(), folder});
  owner_.on_file_event(FileFinished{id, name, offer.size(), reason, false, {}, offer.request(), folder, 0});
}

Result<std::string> FileTransfers::judge(const msg::FileOffer& m) const {
  if (purpose_of(m.transfer()) != FilePurpose::file_manager) return safe_file_name(wire::text(m.name()));
  RESCUE_CHECK(check_file_name(wire::text(m.name())));
  RESCUE_CHECK(check_folder_name(wire::text(m.folder())));
  return std::string(wire::text(m.name()));
}

Result<void> FileTransfers::on_offer(const msg::FileOffer& m) {
  const auto purpose = purpose_of(m.transfer());
  if (!purpose) return fail(Errc::bad_format, fmt::format("file offered under the number {}", m.transfer()));
  if ((m.transfer() & kCountMask) <= last_in_[index(*purpose)])
    return fail(Errc::bad_format, "file offered under a number used before");
  const auto name = judge(m);
  if (!name || m.size() > wire::kFileSizeMax || count_of(incoming_, *purpose) >= transfers_max(*purpose)) {
    reject(m, !name ? FileStop::bad_name : m.size() > wire::kFileSizeMax ? FileStop::too_large : FileStop::busy);
    return {};
  }
  last_in_[index(*purpose)] = m.transfer() & kCountMask;
  auto t = std::make_unique<Incoming>();
  t->number = m.transfer();
  t->file = {std::string(wire::text(m.name())),
             m.size(),
             base::WallTime(std::chrono::microseconds(m.modified_us())),
             m.request(),
             *purpose,
             *purpose == FilePurpose::file_manager ? std::string(wire::text(m.folder())) : std::string(),
             m.clipboard()};
  t->hasher = make_hasher_();
  const auto& file = incoming_.emplace(m.transfer(), std::move(t)).first->second->file;
  owner_.on_file_event(FileOffered{in_id(m.transfer()), file.name, file.size, file.request, file.folder});
  owner_.act(
      OpenForWrite{in_id(m.transfer()), *name, file.size, file.request, file.modified, file.folder, file.clipboard});
  return {};
}

void FileTransfers::opened(TransferId id, std::uint64_t have) {
  const auto it = id.direction == in_direction_ ? incoming_.find(id.number) : incoming_.end();
  if (it == incoming_.end() || it->second->state != Incoming::State::opening) return;
  auto& t = *it->second;
  RESCUE_ASSERT(have <= t.file.size);
  t.have = have;
  t.state = Incoming::State::looking_back;
  look_back(t);
}

void FileTransfers::look_back(Incoming& t) {
  if (t.looked < t.have) {
    t.reading = static_cast<std::size_t>(std::min<std::uint64_t>(wire::kFileChunkMax, t.have - t.looked));
    owner_.act(ReadChunk{in_id(t.number), t.looked, t.reading});
    return;
  }
  t.state = Incoming::State::receiving;
  t.received = t.written = t.acked = t.have;
  t.may_restart = t.have > 0;
  if (t.have == 0) return owner_.send_file_message(messages::file_accept(t.number));
  owner_.send_file_message(messages::file_accept(t.number, t.have, t.hasher->sha256_so_far()));
}

void FileTransfers::chunk_read_back(Incoming& t, ByteView bytes) {
  if (t.state != Incoming::State::looking_back || t.reading == 0) return;
  if (bytes.size() != t.reading) return cancel(in_id(t.number), FileStop::disk);
  t.reading = 0;
  t.hasher->update(bytes);
  t.looked += bytes.size();
  look_back(t);
}

Result<void> FileTransfers::on_restart(std::uint32_t number) {
  const auto it = incoming_.find(number);
  if (it == incoming_.end()) return {};
  auto& t = *it->second;
  if (t.state != Incoming::State::receiving || !t.may_restart)
    return fail(Errc::bad_format, "file begun anew in the middle");
  t.may_restart = false;
  t.have = t.received = t.written = t.acked = 0;
  t.hasher = make_hasher_();
  owner_.act(RestartFile{in_id(number)});
  return {};
}

void FileTransfers::open_failed(TransferId id, FileStop reason) {
  if (id.direction == in_direction_) cancel(id, reason);
}

Result<void> FileTransfers::on_chunk(const msg::FileChunk& m) {
  const auto it = incoming_.find(m.transfer());
  if (it == incoming_.end()) {
    const auto purpose = purpose_of(m.transfer());
    if (!purpose || (m.transfer() & kCountMask) > last_in_[index(*purpose)])
      return fail(Errc::bad_format, "chunk of a file that was never offered");
    return {};  // of one that was stopped a moment ago
  }
  auto& t = *it->second;
  const auto data = wire::view(m.data());
  if (t.state != Incoming::State::receiving) return fail(Errc::bad_format, "chunk outside of a running transfer");
  if (m.offset() != t.received || data.size() > t.file.size - t.received)
    return fail(Errc::bad_format, fmt::format("chunk of {} bytes at {}, {} of {} were received", data.size(),
                                              m.offset(), t.received, t.file.size));
  if (t.received + data.size() - t.acked > kFileWindow) return fail(Errc::too_large, "file bytes beyond the window");
  t.may_restart = false;
  t.hasher->update(data);
  owner_.act(WriteChunk{in_id(t.number), t.received, base::to_bytes(data)});
  t.received += data.size();
  return {};
}

void FileTransfers::chunk_written(TransferId id, std::uint64_t up_to) {
  const auto it = id.direction == in_direction_ ? incoming_.find(id.number) : incoming_.end();
  if (it == incoming_.end()) return;
  auto& t = *it->second;
  t.written = std::clamp(up_to, t.written, t.received);
  acknowledge(t);
  commit_if_complete(t);
}

void FileTransfers::acknowledge(Incoming& t) {
  if (t.written == t.acked || (t.written - t.acked < kFileAckEvery && t.written != t.file.size)) return;
  t.acked = t.written;
  owner_.send_file_message(messages::file_ack(t.number, t.acked));
  owner_.on_file_event(FileProgress{in_id(t.number), t.acked, t.file.size});
}

Result<void> FileTransfers::on_done(const msg::FileDone& m) {
  const auto it = incoming_.find(m.transfer());
  if (it == incoming_.end()) return {};
  auto& t = *it->second;
  if (t.state != Incoming::State::receiving || t.received != t.file.size || m.size() != t.file.size)
    return fail(Errc::bad_format, fmt::format("file done after {} of {} bytes", t.received, t.file.size));
  t.digests = t.hasher->finish();
  if (!std::ranges::equal(wire::view(m.md5()), t.digests.md5) ||
      !std::ranges::equal(wire::view(m.sha256()), t.digests.sha256)) {
    cancel(in_id(t.number), FileStop::hash_mismatch);
    return {};
  }
  t.state = Incoming::State::finishing;
  commit_if_complete(t);
  return {};
}

void FileTransfers::commit_if_complete(Incoming& t) {
  if (t.state != Incoming::State::finishing || t.written != t.file.size) return;
  t.state = Incoming::State::committing;
  owner_.act(CommitFile{in_id(t.number)});
}

void FileTransfers::committed(TransferId id) {
  const auto it = id.direction == in_direction_ ? incoming_.find(id.number) : incoming_.end();
  if (it == incoming_.end() || it->second->state != Incoming::State::committing) return;
  owner_.send_file_message(messages::file_received(id.number));
  end_incoming(it, FileStop::none);
}

void FileTransfers::write_failed(TransferId id, FileStop reason) {
  if (id.direction == in_direction_) cancel(id, reason);
}

void FileTransfers::end_incoming(IncomingMap::iterator it, FileStop reason, bool keep) {
  const auto t = std::move(it->second);
  incoming_.erase(it);
  if (reason != FileStop::none) owner_.act(DropFile{in_id(t->number), reason, keep});
  owner_.on_file_event(
      FileFinished{in_id(t->number), t->file.name, t->file.size, reason, t->state != Incoming::State::opening,
                   reason == FileStop::none ? t->digests : FileDigests{}, t->file.request, t->file.folder, t->have});
}

}  // namespace rescue::session
