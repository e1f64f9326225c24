// SPDX-License-Identifier: Apache-2.0
// Reads recordings: finished ones, ones whose recorder was killed, and damaged ones. Reads in streaming order with
// memory bounded by format.hpp's limits, whatever the file holds. Two layers: ChunkReader walks chunks and names
// damaged places; Timeline gives items in time order. One thread at a time.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <variant>

#include "rcrec/format.hpp"
#include "rcrec/keys.hpp"
#include "rcrec/outline.hpp"

namespace rescue::rcrec {

enum class DamageKind : std::uint8_t {
  torn_tail,     // the file ends inside a chunk: its writer was killed or the file was cut
  bad_header,    // no valid chunk header where one must stand
  bad_payload,   // a chunk's payload does not match its CRC
  broken_chain,  // whole chunks, but one does not follow the one before it: something was removed, swapped or replaced
  bad_content,   // a chunk whose payload does not follow its type's layout
  after_end,     // bytes follow END
  encrypted,     // an encrypted chunk in a recording that is not
  bad_seal,      // a chunk of an encrypted recording that is not what its recorder wrote
};
[[nodiscard]] std::string_view damage_kind_name(DamageKind k);

struct DamagedPlace {
  DamageKind kind{};
  std::uint64_t offset = 0;     // first byte that is not as it must be, from the start of the file
  std::uint64_t length = 0;     // bytes that were skipped; 0 when none were
  std::uint8_t chunk_type = 0;  // of the damaged chunk, when its header can be trusted; else 0
  std::string what;             // one line for people, without the file's name
};

struct Chunk {
  ChunkHeader header;
  std::uint64_t offset = 0;
  base::Bytes payload;
  bool locked = false;  // encrypted and not opened: `payload` is what stands in the file
  bool sealed = false;  // the writer's own by its seal, which was checked with a key
};
struct ChunkPeek {
  ChunkHeader header;
  std::uint64_t offset = 0;
};
using WalkItem = std::variant<Chunk, DamagedPlace>;

/// Walks a file chunk by chunk.
class ChunkReader {
 public:
  /// Errors with the path: not_found, io; bad_format (not a recording, damaged header), unsupported (version, flags);
  /// Errc::wrong_key (the recording is encrypted, and for none of the keys). Without keys an encrypted recording opens
  /// for its structure: see Chunk::locked.
  [[nodiscard]] static base::Result<ChunkReader> open(const std::string& path, const KeyRing& keys = {});
  ChunkReader(ChunkReader&&) noexcept;
  ChunkReader& operator=(ChunkReader&&) noexcept;
  ~ChunkReader();

  [[nodiscard]] const FileHeader& header() const;
  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::uint64_t file_bytes() const;
  /// Whether an encrypted recording was opened with a key of it.
  [[nodiscard]] bool unlocked() const;
  /// Whom an encrypted recording is for; empty when it is not encrypted, or its KEYS are damaged.
  [[nodiscard]] const std::vector<crypto::RecipientId>& recipients() const;
  /// The next whole chunk or damaged place; nullopt at the end. Errors: io only. Behind a damaged place it goes on at
  /// the next chunk whose header and payload are valid.
  [[nodiscard]] base::Result<std::optional<WalkItem>> next();
  /// The next chunk by its header alone, over whatever is damaged; the payload is neither read nor checked. Fast: for
  /// tables of contents. nullopt at the end.
  [[nodiscard]] base::Result<std::optional<ChunkPeek>> peek_next();
  /// Continues at a chunk border that was seen before, or that an INDEX names; the chain check starts anew there.
  void seek(std::uint64_t offset);
  /// What the file says of itself at its end, or else what a walk over its headers finds (also where the INDEX is not
  /// to be trusted). Leaves the reader where it is.
  [[nodiscard]] base::Result<Outline> outline(bool trust_index = true) const;
  /// The chunk header at `offset`; nullopt when there is no valid one.
  [[nodiscard]] base::Result<std::optional<ChunkHeader>> peek_at(std::uint64_t offset) const;
  /// For copies: payloads come as they stand in the file, with their seals (which are checked all the same).
  void keep_seals();
  /// Payload of the first readable KEYS chunk; one without recipients when there is none.
  [[nodiscard]] base::Bytes keys_payload() const;
  /// So far, from the file: what opening and seeking cost.
  [[nodiscard]] std::uint64_t bytes_read() const;
  /// Hash of the last whole chunk that next() returned (of the file header before that).
  [[nodiscard]] ChainHash chain_tip() const;

 private:
  struct State;
  explicit ChunkReader(std::unique_ptr<State> s);
  std::unique_ptr<State> state_;
};

struct VideoItem {
  base::Bytes packet;
  bool checkpoint = false;  // first packet of a CKPT chunk: decoding may start here
};
struct ChatItem {
  std::string from;
  std::string text;
  boost::json::object all;
};
struct EventItem {
  std::string type;
  boost::json::object all;
};
struct ClockItem {
  base::WallTime utc;
};
/// A damaged place. Video is withheld until the next checkpoint; the item that carries it shows the end of the hole.
struct GapItem {
  DamagedPlace place;
};
struct TimelineItem {
  Time t{};
  std::uint64_t offset = 0;  // of its chunk
  std::variant<VideoItem, CursorShape, CursorMove, ChatItem, EventItem, ClockItem, GapItem> item;
};

/// The items of a recording in time order.
class Timeline {
 public:
  /// Errors as ChunkReader::open, and Errc::key_needed: the recording is encrypted and there are no keys.
  [[nodiscard]] static base::Result<Timeline> open(const std::string& path, const KeyRing& keys = {});
  Timeline(Timeline&&) noexcept;
  Timeline& operator=(Timeline&&) noexcept;
  ~Timeline();

  [[nodiscard]] const FileHeader& header() const;
  /// nullopt at the end. Errors: io only; damage comes as GapItem.
  [[nodiscard]] base::Result<std::optional<TimelineItem>> next();
  /// Continues at the last checkpoint at or before `t` (the first one when there is none before). The caller decodes
  /// and drops what is earlier than `t`. Cursor shapes from before that point come again when they are used.
  base::Result<> seek(Time t);
  /// Length of the recording and its checkpoints; made once, by the first that needs it.
  [[nodiscard]] base::Result<const Outline*> outline();
  [[nodiscard]] std::uint64_t bytes_read() const;

 private:
  struct State;
  explicit Timeline(std::unique_ptr<State> s);
  std::unique_ptr<State> state_;
};

}  // namespace rescue::rcrec
