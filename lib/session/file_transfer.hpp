// SPDX-License-Identifier: Apache-2.0
// File transfer of one end, both directions; the same code in applet and console. Sans-IO: it says what to read and
// write.
//
// The host's part, as receiver:  OpenForWrite → opened() or open_failed(); WriteChunk → chunk_written() or
// write_failed();
//   CommitFile (hashes match) → committed() or write_failed(); DropFile: delete what was written, or keep it.
// The host writes to a partial file ("name.part-…") and gives it its final name at CommitFile only. Where it has a part
// from an earlier try, opened() says how much; it is read back (ReadChunk → chunk_read() or read_failed()), both ends
// compare its hash, and the sender goes on from there, or the part is void (RestartFile). As sender:  ReadChunk →
// chunk_read() or read_failed(); CloseSource: nothing more is read. One ReadChunk at a time per transfer; WriteChunks
// may queue up to kFileWindow bytes.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.hpp"
#include "session/now.hpp"
#include "wire/permission.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

using wire::session::FileStop;

struct FileDigests {
  std::array<std::uint8_t, 16> md5{};
  std::array<std::uint8_t, 32> sha256{};
  friend bool operator==(const FileDigests&, const FileDigests&) = default;
};
/// MD5 and SHA-256 of a stream; the room stays free of OpenSSL, so the shell brings it.
class FileHasher {
 public:
  virtual ~FileHasher() = default;
  virtual void update(base::ByteView b) = 0;
  [[nodiscard]] virtual FileDigests finish() = 0;
  /// SHA-256 of what has come so far; more may follow.
  [[nodiscard]] virtual std::array<std::uint8_t, 32> sha256_so_far() const = 0;
};
using FileHasherFactory = std::function<std::unique_ptr<FileHasher>()>;
[[nodiscard]] inline FileDigests digests_of(const FileHasherFactory& make, base::ByteView content) {
  const auto hasher = make();
  hasher->update(content);
  return hasher->finish();
}

/// Content sent and not yet acknowledged as written, per transfer.
inline constexpr std::uint64_t kFileWindow = 2 * 1024 * 1024;
/// Running or waiting transfers per direction and purpose; a further offer is rejected as busy.
inline constexpr std::size_t kTransfersMax = 8;
/// The same of a file manager, which carries trees of small files: each costs two round trips.
inline constexpr std::size_t kTreeTransfersMax = 16;
/// The receiver acknowledges when this much was written since the last time.
inline constexpr std::uint64_t kFileAckEvery = 256 * 1024;

enum class FileDirection : std::uint8_t { to_applet, to_console };
[[nodiscard]] std::string_view name(FileDirection d);
[[nodiscard]] std::string_view name(FileStop s);

/// What a file is sent for, and with that the permission it needs. In the two highest bits of a transfer's number, so
/// that each message says it; each purpose counts up for itself.
enum class FilePurpose : std::uint8_t { file = 0, file_manager = 1, clipboard = 2 };
inline constexpr std::size_t kFilePurposes = 3;

struct TransferId {
  FileDirection direction = FileDirection::to_applet;
  std::uint32_t number = 0;
  auto operator<=>(const TransferId&) const = default;
};
/// None for a number that has no meaning.
[[nodiscard]] std::optional<FilePurpose> purpose_of(std::uint32_t transfer_number);
[[nodiscard]] wire::Permission permission_of(FileDirection d, FilePurpose p);

// ---- what the host has to do
struct OpenForWrite {
  TransferId transfer;
  std::string name;  // safe_file_name() of what the peer said; of a file manager's as it is, checked
  std::uint64_t size = 0;
  std::uint32_t request = 0;  // of ours that it answers, or 0
  base::WallTime modified{};  // as the peer says
  std::string folder{};       // of a file manager: below its target, checked; empty is the target itself
  std::uint32_t clipboard = 0;
};
struct WriteChunk {
  TransferId transfer;
  std::uint64_t offset = 0;
  base::Bytes bytes;
};
struct CommitFile {
  TransferId transfer;
};
struct DropFile {
  TransferId transfer;
  FileStop reason = FileStop::none;
  bool keep = false;  // for another try; nobody has said no
};
/// What was there from an earlier try is void; chunks from 0 follow.
struct RestartFile {
  TransferId transfer;
};
/// Of the source, or of the part of an incoming file that is there.
struct ReadChunk {
  TransferId transfer;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;  // exactly so many
};
struct CloseSource {
  TransferId transfer;
};
using FileAction = std::variant<OpenForWrite, WriteChunk, CommitFile, DropFile, ReadChunk, CloseSource, RestartFile>;
[[nodiscard]] inline TransferId transfer_of(const FileAction& a) {
  return std::visit([](const auto& x) { return x.transfer; }, a);
}
/// DropFile and CloseSource make earlier actions of the same transfer void that the host has not taken yet. The host
/// may therefore meet them for a transfer it never saw.
template <typename Queue>
void push_file_action(Queue& queue, FileAction action) {
  if (std::holds_alternative<DropFile>(action) || std::holds_alternative<CloseSource>(action)) {
    const auto id = transfer_of(action);
    std::erase_if(queue, [id](const auto& entry) {
      const auto* queued = std::get_if<FileAction>(&entry);
      return queued != nullptr && transfer_of(*queued) == id;
    });
  }
  queue.emplace_back(std::move(action));
}

// ---- what happened
struct FileOffered {
  TransferId transfer;
  std::string name;  // as the sender said it; not safe for a path or a terminal
  std::uint64_t size = 0;
  std::uint32_t request = 0;
  std::string folder{};  // of a file manager's
};
struct FileProgress {
  TransferId transfer;
  std::uint64_t done = 0;  // written at the receiver
  std::uint64_t size = 0;
};
struct FileFinished {
  TransferId transfer;
  std::string name;
  std::uint64_t size = 0;
  FileStop reason = FileStop::none;  // none: complete, hashes equal at both ends
  bool accepted = false;             // false with a reason: it never began
  FileDigests digests;               // set when reason is none
  std::uint32_t request = 0;
  std::string folder{};
  std::uint64_t resumed_at = 0;  // bytes that had come in an earlier try
};
using FileEvent = std::variant<FileOffered, FileProgress, FileFinished>;

/// Where a FileTransfers object puts its output; the session core that owns it.
class FileTransferOwner {
 public:
  virtual void send_file_message(base::Bytes message) = 0;
  virtual void act(FileAction action) = 0;
  virtual void on_file_event(FileEvent event) = 0;
  /// Bytes of files messages queued at the core; reading pauses above kFilesBacklogMax.
  [[nodiscard]] virtual std::size_t files_backlog() const = 0;

 protected:
  ~FileTransferOwner() = default;
};
inline constexpr std::size_t kFilesBacklogMax = 256 * 1024;

struct OfferedFile {
  std::string name;
  std::uint64_t size = 0;
  base::WallTime modified{};
  std::uint32_t request = 0;
  FilePurpose purpose = FilePurpose::file;
  std::string folder{};
  std::uint32_t clipboard = 0;
};

class FileTransfers {
 public:
  FileTransfers(wire::End self, FileTransferOwner& owner, FileHasherFactory hasher);
  ~FileTransfers();

  /// Offers a file; the host keeps the source open until CloseSource. Errors: denied (name), too_large, conflict
  /// (busy).
  [[nodiscard]] base::Result<TransferId> offer(const OfferedFile& file);
  /// From either side.
  void cancel(TransferId id, FileStop reason, bool keep = false);
  /// `keep`: partial files are kept for another try.
  void stop_all(FileDirection d, FilePurpose purpose, FileStop reason, bool keep = false);
  void stop_all(FileStop reason, bool keep = false);
  /// The other end is another process now: what was under way is over, and it counts from 1 again.
  void peer_restarted() {
    stop_all(FileStop::canceled, true);
    last_in_ = {};
  }

  // answers of the host
  /// `have`: bytes of it that are there already, at most its size.
  void opened(TransferId id, std::uint64_t have = 0);
  void open_failed(TransferId id, FileStop reason);
  void chunk_written(TransferId id, std::uint64_t up_to);
  void write_failed(TransferId id, FileStop reason);
  void committed(TransferId id);
  void chunk_read(TransferId id, base::ByteView bytes);
  void read_failed(TransferId id);
  /// The core's files queue got shorter.
  void on_backlog_drained();

  /// A checked message of the files channel that belongs here (File*, without FileRequest). Errors: bad_format when the
  /// peer breaks the order of a transfer; drop it. Messages of transfers that are over are ignored.
  [[nodiscard]] base::Result<void> on_message(const wire::session::SessionMessage& m);
  /// Rejects an offer without looking at it.
  void reject(const wire::session::FileOffer& offer, FileStop reason);

  [[nodiscard]] std::size_t active() const;
  [[nodiscard]] bool active(FileDirection d, FilePurpose purpose) const;

 private:
  struct Outgoing;
  struct Incoming;
  using OutgoingMap = std::map<std::uint32_t, std::unique_ptr<Outgoing>>;
  using IncomingMap = std::map<std::uint32_t, std::unique_ptr<Incoming>>;

  [[nodiscard]] base::Result<void> on_offer(const wire::session::FileOffer& m);
  [[nodiscard]] base::Result<void> on_chunk(const wire::session::FileChunk& m);
  [[nodiscard]] base::Result<void> on_done(const wire::session::FileDone& m);
  [[nodiscard]] base::Result<void> on_accept(const wire::session::FileAccept& m);
  [[nodiscard]] base::Result<void> on_restart(std::uint32_t number);
  void check_more(Outgoing& t);
  void look_back(Incoming& t);
  void chunk_read_back(Incoming& t, base::ByteView bytes);
  [[nodiscard]] base::Result<std::string> judge(const wire::session::FileOffer& m) const;
  [[nodiscard]] base::Result<void> on_ack(const wire::session::FileAck& m);
  [[nodiscard]] base::Result<void> on_received(std::uint32_t number);
  void read_more(Outgoing& t);
  void acknowledge(Incoming& t);
  void commit_if_complete(Incoming& t);
  void end_outgoing(OutgoingMap::iterator it, FileStop reason);
  void end_incoming(IncomingMap::iterator it, FileStop reason, bool keep = false);
  [[nodiscard]] TransferId out_id(std::uint32_t number) const { return {out_direction_, number}; }
  [[nodiscard]] TransferId in_id(std::uint32_t number) const { return {in_direction_, number}; }

  FileTransferOwner& owner_;
  FileHasherFactory make_hasher_;
  FileDirection out_direction_;
  FileDirection in_direction_;
  std::array<std::uint32_t, kFilePurposes> last_out_{};  // numbers used, by purpose
  std::array<std::uint32_t, kFilePurposes> last_in_{};
  OutgoingMap outgoing_;
  IncomingMap incoming_;
};

}  // namespace rescue::session
