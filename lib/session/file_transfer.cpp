// SPDX-License-Identifier: Apache-2.0
#include "session/file_transfer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "session/file_name.hpp"
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

FileDirection outgoing_direction(wire::End self) {
  return self == wire::End::console ? FileDirection::to_applet : FileDirection::to_console;
}
FileDirection incoming_direction(wire::End self) {
  return self == wire::End::console ? FileDirection::to_console : FileDirection::to_applet;
}
}  // namespace

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

void FileTransfers::cancel(TransferId id, FileStop reason) {
  RESCUE_ASSERT(reason != FileStop::none);
  if (id.direction == out_direction_) {
    if (const auto it = outgoing_.find(id.number); it != outgoing_.end()) {
      owner_.send_file_message(messages::file_cancel(id.number, reason));
      end_outgoing(it, reason);
    }
  } else if (const auto it = incoming_.find(id.number); it != incoming_.end()) {
    owner_.send_file_message(messages::file_reject(id.number, reason));
    end_incoming(it, reason);
  }
}

void FileTransfers::stop_all(FileDirection d, FileStop reason) {
  if (d == out_direction_) {
    while (!outgoing_.empty()) cancel(out_id(outgoing_.begin()->first), reason);
  } else {
    while (!incoming_.empty()) cancel(in_id(incoming_.begin()->first), reason);
  }
}

void FileTransfers::stop_all(FileStop reason) {
  stop_all(out_direction_, reason);
  stop_all(in_direction_, reason);
}

Result<void> FileTransfers::on_message(const msg::SessionMessage& m) {
  switch (m.message_type()) {
    case msg::Message::FileOffer:
      return on_offer(*m.message_as_FileOffer());
    case msg::Message::FileChunk:
      return on_chunk(*m.message_as_FileChunk());
    case msg::Message::FileDone:
      return on_done(*m.message_as_FileDone());
    case msg::Message::FileCancel: {
      const auto it = incoming_.find(m.message_as_FileCancel()->transfer());
      const auto reason = m.message_as_FileCancel()->reason();
      if (it != incoming_.end()) end_incoming(it, reason == FileStop::none ? FileStop::canceled : reason);
      return {};
    }
    case msg::Message::FileAccept:
      return on_accept(m.message_as_FileAccept()->transfer());
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

Result<TransferId> FileTransfers::offer(std::string_view file_name, std::uint64_t size, base::WallTime modified,
                                        std::uint32_t request) {
  if (file_name.empty() || file_name.size() > wire::kFileNameMax)
    return fail(Errc::denied,
                fmt::format("file name of {} bytes, 1 to {} are allowed", file_name.size(), wire::kFileNameMax));
  if (size > wire::kFileSizeMax) return fail(Errc::too_large, fmt::format("file of {} bytes", size));
  if (outgoing_.size() >= kTransfersMax)
    return fail(Errc::conflict, fmt::format("{} files are on their way", outgoing_.size()));
  const auto number = ++last_out_;
  auto t = std::make_unique<Outgoing>();
  t->number = number;
  t->name = file_name;
  t->size = size;
  t->hasher = make_hasher_();
  outgoing_.emplace(number, std::move(t));
  owner_.send_file_message(messages::file_offer(number, request, size, modified, file_name));
  owner_.on_file_event(FileOffered{out_id(number), std::string(file_name), size});
  return out_id(number);
}

Result<void> FileTransfers::on_accept(std::uint32_t number) {
  const auto it = outgoing_.find(number);
  if (it == outgoing_.end()) return {};
  if (it->second->state != Outgoing::State::offered) return fail(Errc::bad_format, "file accepted twice");
  it->second->state = Outgoing::State::sending;
  read_more(*it->second);
  return {};
}

void FileTransfers::read_more(Outgoing& t) {
  if (t.state != Outgoing::State::sending || t.reading != 0) return;
  if (t.read == t.size) {
    t.state = Outgoing::State::done_sent;
    t.digests = t.hasher->finish();
    owner_.send_file_message(messages::file_done(t.number, t.size, t.digests));
    owner_.act(CloseSource{out_id(t.number)});
    return;
  }
  const auto window = kFileWindow - (t.read - t.acked);
  if (window == 0 || owner_.files_backlog() >= kFilesBacklogMax) return;
  t.reading = static_cast<std::size_t>(std::min<std::uint64_t>({wire::kFileChunkMax, t.size - t.read, window}));
  owner_.act(ReadChunk{out_id(t.number), t.read, t.reading});
}

void FileTransfers::on_backlog_drained() {
  for (auto& [number, t] : outgoing_) read_more(*t);
}

void FileTransfers::chunk_read(TransferId id, ByteView bytes) {
  const auto it = id.direction == out_direction_ ? outgoing_.find(id.number) : outgoing_.end();
  if (it == outgoing_.end() || it->second->reading == 0) return;
  auto& t = *it->second;
  // A source that shrank or failed half-way must not pass for a complete file.
  if (bytes.size() != t.reading) return cancel(id, FileStop::source);
  owner_.send_file_message(messages::file_chunk(t.number, t.read, bytes));
  t.hasher->update(bytes);
  t.read += bytes.size();
  t.reading = 0;
  read_more(t);
}

void FileTransfers::read_failed(TransferId id) {
  if (id.direction == out_direction_) cancel(id, FileStop::source);
}

Result<void> FileTransfers::on_ack(const msg::FileAck& m) {
  const auto it = outgoing_.find(m.transfer());
  if (it == outgoing_.end()) return {};
  auto& t = *it->second;
  if (m.offset() > t.read || m.offset() < t.acked)
    return fail(Errc::bad_format, "file bytes acknowledged that were not sent");
  t.acked = m.offset();
  owner_.on_file_event(FileProgress{out_id(t.number), t.acked, t.size});
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
  owner_.on_file_event(FileFinished{out_id(t->number), t->name, t->size, reason, t->state != Outgoing::State::offered,
                                    reason == FileStop::none ? t->digests : FileDigests{}});
}

// ---- receiving

void FileTransfers::reject(const msg::FileOffer& offer, FileStop reason) {
  last_in_ = std::max(last_in_, offer.transfer());
  const TransferId id = in_id(offer.transfer());
  const std::string name = base::to_valid_utf8(wire::text(offer.name()));
  owner_.send_file_message(messages::file_reject(offer.transfer(), reason));
  owner_.on_file_event(FileOffered{id, name, offer.size()});
  owner_.on_file_event(FileFinished{id, name, offer.size(), reason, false, {}});
}

Result<void> FileTransfers::on_offer(const msg::FileOffer& m) {
  if (m.transfer() <= last_in_) return fail(Errc::bad_format, "file offered under a number used before");
  const auto name = safe_file_name(wire::text(m.name()));
  if (!name)
    reject(m, FileStop::bad_name);
  else if (m.size() > wire::kFileSizeMax)
    reject(m, FileStop::too_large);
  else if (incoming_.size() >= kTransfersMax)
    reject(m, FileStop::busy);
  if (m.transfer() == last_in_) return {};
  last_in_ = m.transfer();
  auto t = std::make_unique<Incoming>();
  t->number = m.transfer();
  t->name = wire::text(m.name());
  t->size = m.size();
  t->hasher = make_hasher_();
  incoming_.emplace(m.transfer(), std::move(t));
  owner_.on_file_event(FileOffered{in_id(m.transfer()), std::string(wire::text(m.name())), m.size()});
  owner_.act(OpenForWrite{in_id(m.transfer()), *name, m.size(), m.request()});
  return {};
}

void FileTransfers::opened(TransferId id) {
  const auto it = id.direction == in_direction_ ? incoming_.find(id.number) : incoming_.end();
  if (it == incoming_.end() || it->second->state != Incoming::State::opening) return;
  it->second->state = Incoming::State::receiving;
  owner_.send_file_message(messages::file_accept(id.number));
}

void FileTransfers::open_failed(TransferId id, FileStop reason) {
  if (id.direction == in_direction_) cancel(id, reason);
}

Result<void> FileTransfers::on_chunk(const msg::FileChunk& m) {
  const auto it = incoming_.find(m.transfer());
  if (it == incoming_.end()) {
    if (m.transfer() > last_in_) return fail(Errc::bad_format, "chunk of a file that was never offered");
    return {};  // of one that was stopped a moment ago
  }
  auto& t = *it->second;
  const auto data = wire::view(m.data());
  if (t.state != Incoming::State::receiving) return fail(Errc::bad_format, "chunk outside of a running transfer");
  if (m.offset() != t.received || data.size() > t.size - t.received)
    return fail(Errc::bad_format, fmt::format("chunk of {} bytes at {}, {} of {} were received", data.size(),
                                              m.offset(), t.received, t.size));
  if (t.received + data.size() - t.acked > kFileWindow) return fail(Errc::too_large, "file bytes beyond the window");
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
  if (t.written == t.acked || (t.written - t.acked < kFileAckEvery && t.written != t.size)) return;
  t.acked = t.written;
  owner_.send_file_message(messages::file_ack(t.number, t.acked));
  owner_.on_file_event(FileProgress{in_id(t.number), t.acked, t.size});
}

Result<void> FileTransfers::on_done(const msg::FileDone& m) {
  const auto it = incoming_.find(m.transfer());
  if (it == incoming_.end()) return {};
  auto& t = *it->second;
  if (t.state != Incoming::State::receiving || t.received != t.size || m.size() != t.size)
    return fail(Errc::bad_format, fmt::format("file done after {} of {} bytes", t.received, t.size));
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
  if (t.state != Incoming::State::finishing || t.written != t.size) return;
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

void FileTransfers::end_incoming(IncomingMap::iterator it, FileStop reason) {
  const auto t = std::move(it->second);
  incoming_.erase(it);
  if (reason != FileStop::none) owner_.act(DropFile{in_id(t->number), reason});
  owner_.on_file_event(FileFinished{in_id(t->number), t->name, t->size, reason, t->state != Incoming::State::opening,
                                    reason == FileStop::none ? t->digests : FileDigests{}});
}

}  // namespace rescue::session
