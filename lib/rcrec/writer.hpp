// SPDX-License-Identifier: Apache-2.0
// Writes one recording. Items are gathered into chunks; a chunk is written whole when its first item is kFlushAfter
// old, when it reaches kFlushBytes, or at an event, so a SIGKILL costs at most the last second. The caller gives `t`
// (time since the start of the recording, from a steady clock) with each item and calls flush_due() by
// flush_deadline().
//
// A full disk: the failed chunk is cut off again, so the file stays whole up to the last good chunk. Video and cursor
// moves since then are lost; chat and events are kept (up to kMaxHeldBytes) and written when there is space again, and
// an EVENT {"type":"gap",…} tells the hole. From then on video(…) needs a keyframe: see needs_keyframe(). One thread at
// a time; calls may block in the file system.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "crypto/x25519.hpp"
#include "rcrec/format.hpp"
#include "rcrec/sink.hpp"

namespace rescue::rcrec {

inline constexpr Time kFlushAfter = std::chrono::seconds(1);       // items wait in memory at most this long
inline constexpr std::size_t kFlushBytes = std::size_t{64} << 10;  // a chunk that reaches this is closed
inline constexpr Time kSyncEvery = std::chrono::seconds(1);        // fdatasync at most this often
inline constexpr Time kClockEvery = std::chrono::seconds(60);      // CLOCK and INDEX, when there is something to say
inline constexpr Time kKeysEvery = std::chrono::minutes(10);       // KEYS of an encrypted file stands again
inline constexpr Time kCheckpointEvery = std::chrono::minutes(10);
// Or after this much video, which takes some seconds to decode, once it is so many times what a keyframe costs: then
// seeking stays quick, and checkpoints stay a small part of the file.
inline constexpr std::uint64_t kCheckpointBytes = std::uint64_t{2} << 20;
inline constexpr std::uint64_t kCheckpointShare = 8;
inline constexpr Time kRetryAfter = std::chrono::seconds(1);        // after a failed write
inline constexpr std::size_t kMaxHeldBytes = std::size_t{1} << 20;  // chat and events kept while the disk is full

struct RecordingStart {
  base::Guid session;
  base::WallTime start;  // of t = 0
  /// HEAD. Use "codec" {"id","version"}, "software", "technician", "customer", "display" …; see rcrec(5).
  boost::json::object head;
  /// Who may read it. Not empty: the recording is encrypted, and the writer itself cannot read it back.
  std::vector<crypto::X25519Public> recipients{};
};

struct Finished {
  std::string sha256_hex;  // of the whole file
  ChainHash chain_tip{};   // hash of its END chunk
  std::uint64_t bytes = 0;
  Time duration{};
};

class Writer {
 public:
  /// Writes header and HEAD and syncs them. `random` makes the file id and, for recipients, keys: then it must be
  /// system_random(). Errors: those of the sink; too_large (HEAD, more than kMaxRecipients); key_malformed (a
  /// recipient).
  [[nodiscard]] static base::Result<Writer> create(std::unique_ptr<Sink> sink, RecordingStart start,
                                                   base::RandomSource& random);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  /// Writes what is pending, without END: a recording that was not finished reads as "not finished", never as whole.
  ~Writer();

  // Items. Times never go back: an earlier `t` counts as the latest one. An error says that a write failed (with the
  // path); the writer stays usable, the item is kept or counted as lost as told above. too_large and invalid_argument
  // concern the item alone.

  /// A packet exactly as on the wire. One that depends on a lost one is dropped without error (needs_keyframe()).
  base::Result<> video(base::ByteView packet, bool keyframe, Time t);
  base::Result<> cursor_shape(const CursorShape& shape, Time t);
  base::Result<> cursor_move(const CursorMove& move, Time t);
  /// `from` is "technician" or "customer" or a name; extra fields may follow in `more`.
  base::Result<> chat(std::string_view from, std::string_view text, Time t, boost::json::object more = {});
  /// {"type": type, …data}; closes all open chunks and syncs soon.
  base::Result<> event(std::string_view type, boost::json::object data, Time t);
  /// UTC at `t`, to tie the steady time line to the wall clock; asked for by clock_due().
  base::Result<> clock(base::WallTime utc, Time t);

  /// Writes and syncs what is due. Call by flush_deadline(), or on any regular tick.
  base::Result<> flush_due(Time now);
  [[nodiscard]] std::optional<Time> flush_deadline() const;
  /// Writes everything pending now and syncs.
  base::Result<> flush();
  [[nodiscard]] bool clock_due(Time now) const;

  /// True until the first keyframe, and after video was lost: ask the encoder's side for a keyframe.
  [[nodiscard]] bool needs_keyframe() const;
  /// True when the last checkpoint is kCheckpointEvery old and video came since: a keyframe keeps seeking fast.
  [[nodiscard]] bool checkpoint_due(Time now) const;
  /// True between a failed write and the next good one.
  [[nodiscard]] bool failing() const;

  /// Hash of the last chunk that is in the file: what an audit log keeps as witness while the recording runs.
  [[nodiscard]] ChainHash chain_tip() const;
  [[nodiscard]] std::uint64_t bytes_written() const;
  /// Chunks in the file; the last one's hash is chain_tip().
  [[nodiscard]] std::uint32_t chunks_written() const;
  [[nodiscard]] const std::string& name() const;

  /// Writes everything, INDEX and END, and syncs. The writer is of no use afterwards. On an error the file is what it
  /// was up to the last good chunk; finish() may be tried again.
  [[nodiscard]] base::Result<Finished> finish(Time duration);

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> s);
  std::unique_ptr<State> state_;
};

}  // namespace rescue::rcrec
