// SPDX-License-Identifier: Apache-2.0
#include "rcrec/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "rcrec/impl/file.hpp"
#include "rcrec/impl/items.hpp"
#include "rcrec/impl/seal.hpp"
#include "rcrec/impl/sha256.hpp"

namespace rescue::rcrec {
namespace {

constexpr auto number(ChunkType t) { return static_cast<std::uint8_t>(t); }

class Inspector {
 public:
  explicit Inspector(RecordingInfo& info) : info_(info) {}

  void damage(DamagedPlace place) {
    ++info_.damaged_places;
    if (info_.damage.size() < kMaxReportedDamage) info_.damage.push_back(std::move(place));
  }

  void chunk(const Chunk& c) {
    const std::uint8_t type = c.header.type;
    order(c);
    ++info_.chunks;
    ChunkCount& count = info_.by_type[type < std::size(info_.by_type) ? type : 0];
    ++count.chunks;
    count.bytes += kChunkHeaderBytes + c.payload.size() + kChunkTrailerBytes;
    info_.duration = std::max(info_.duration, std::min(c.header.t0 + c.header.span, kMaxTime));
    if (c.header.t0 < last_t0_) content(c, "is earlier than the chunk before it");
    last_t0_ = std::max(last_t0_, c.header.t0);
    if (type == number(ChunkType::ckpt)) ++info_.checkpoints;
    if (type == number(ChunkType::ckpt) || type == number(ChunkType::event))
      unindexed_.push_back({c.header.t0, c.offset, type});
    if (type == number(ChunkType::keys)) keys(c);
    if (c.locked) return;
    if (type == number(ChunkType::head)) head(c);
    if (has_items(type)) items(c);
    if (type == number(ChunkType::clock) && !decode_clock(c.payload)) content(c, "time");
    if (type == number(ChunkType::index)) index(c);
    if (type == number(ChunkType::end)) end(c);
  }

 private:
  void content(const Chunk& c, std::string_view what) {
    damage({DamageKind::bad_content, c.offset, 0, c.header.type,
            fmt::format("{} chunk {}: {}", chunk_type_name(c.header.type), c.header.sequence, what)});
  }

  /// HEAD is the first chunk; in an encrypted recording it stands behind KEYS.
  void order(const Chunk& c) {
    const bool is_head = c.header.type == number(ChunkType::head);
    const std::uint64_t place = info_.encrypted ? 1 : 0;
    if (info_.encrypted && info_.chunks == 0 && c.header.type != number(ChunkType::keys))
      content(c, "the first chunk is not KEYS");
    if (info_.chunks == place && !is_head) content(c, info_.encrypted ? "HEAD is due" : "the first chunk is not HEAD");
    if (info_.chunks > place && is_head) content(c, "a second HEAD");
  }

  void keys(const Chunk& c) {
    if (!info_.encrypted) return content(c, "in a recording that is not encrypted");
    if (!decode_keys(c.payload)) content(c, "layout");
  }

  void head(const Chunk& c) {
    auto o = decode_object(c.payload);
    if (!o) return content(c, "JSON");
    if (!info_.head.empty()) return;
    info_.head = std::move(*o);
  }

  void items(const Chunk& c) {
    ItemWalker walker(c.payload, c.header.t0);
    for (;;) {
      const auto item = walker.next();
      if (!item) return content(c, item.error().context);
      if (!*item) return;
      if (!item_fits(c.header.type, (*item)->bytes)) return content(c, "item");
    }
  }

  bool item_fits(std::uint8_t type, base::ByteView bytes) {
    if (type == number(ChunkType::video) || type == number(ChunkType::ckpt)) {
      ++info_.video_packets;
      return true;
    }
    if (type == number(ChunkType::cursor)) return decode_cursor(bytes).has_value();
    ++(type == number(ChunkType::chat) ? info_.chat_lines : info_.events);
    return decode_object(bytes).has_value();
  }

  void index(const Chunk& c) {
    const auto index = decode_index(c.payload);
    if (!index) return content(c, "layout");
    const std::uint64_t before = std::exchange(last_index_, c.offset);
    const auto due = std::exchange(unindexed_, {});
    if (info_.damaged_places > 0) return;
    if (index->previous != before) return content(c, "does not point to the INDEX before it");
    if (!points_to(index->entries, due)) content(c, "its entries are not the chunks since the INDEX before it");
  }

  /// Each CKPT and EVENT since the INDEX before is there once, and nothing else; entries of other types are skipped.
  static bool points_to(std::span<const IndexEntry> entries, std::span<const IndexEntry> due) {
    std::size_t met = 0;
    for (const IndexEntry& e : entries) {
      if (e.type != number(ChunkType::ckpt) && e.type != number(ChunkType::event)) continue;
      if (met == due.size() || e != due[met++]) return false;
    }
    return met == due.size();
  }

  void end(const Chunk& c) {
    const auto e = decode_end(c.payload);
    if (!e) return content(c, "layout");
    // A repair without the key closes a file like this, and so would who cut it: the recorder did not.
    if (info_.encrypted && info_.content_read && !c.sealed)
      damage({DamageKind::bad_seal, c.offset, 0, c.header.type,
              "END carries no seal: the recorder did not close this file"});
    if (info_.encrypted && c.sealed && info_.by_type[number(ChunkType::repair)].chunks > 0)
      damage({DamageKind::bad_seal, c.offset, 0, c.header.type,
              "REPAIR stands before the END of the recorder: somebody put it there"});
    info_.finished = true;
    if (e->duration < info_.duration) content(c, "duration is shorter than what was recorded");
    info_.duration = std::max(info_.duration, e->duration);
    if (info_.damaged_places > 0) return;
    if (e->chunks + 1 != info_.chunks) content(c, "counts another number of chunks");
    if (e->last_index != last_index_) content(c, "does not point to the last INDEX");
    if (!unindexed_.empty()) content(c, "chunks since the last INDEX are in none");
  }

  RecordingInfo& info_;
  Time last_t0_{};
  std::uint64_t last_index_ = 0;
  std::vector<IndexEntry> unindexed_;  // checkpoints and events since the last INDEX
};
}  // namespace

std::string_view verdict_name(Verdict v) {
  constexpr std::string_view kNames[]{"intact", "unfinished", "damaged"};
  return kNames[static_cast<std::size_t>(v)];
}

base::Result<RecordingInfo> info(const std::string& path, const KeyRing& keys) {
  RESCUE_TRY(auto reader, ChunkReader::open(path, keys));
  RecordingInfo out;
  out.path = path;
  out.header = reader.header();
  out.encrypted = (out.header.flags & kFileFlagEncrypted) != 0;
  out.content_read = !out.encrypted || reader.unlocked();
  out.recipients = reader.recipients();
  out.file_bytes = reader.file_bytes();
  Inspector inspector(out);
  for (;;) {
    RESCUE_TRY(auto item, reader.next());
    if (!item) break;
    if (auto* place = std::get_if<DamagedPlace>(&*item)) {
      inspector.damage(std::move(*place));
    } else {
      inspector.chunk(std::get<Chunk>(*item));
    }
  }
  out.chain_tip = reader.chain_tip();
  return out;
}

base::Result<Verification> verify(const std::string& path, const KeyRing& keys) {
  Verification v;
  RESCUE_TRY(v.info, info(path, keys));
  RESCUE_TRY(v.sha256_hex, sha256_hex_of_file(path));
  const auto real =
      std::ranges::find_if(v.info.damage, [](const DamagedPlace& d) { return d.kind != DamageKind::torn_tail; });
  const bool only_torn = real == v.info.damage.end();
  v.verdict = !only_torn ? Verdict::damaged : v.info.finished ? Verdict::intact : Verdict::unfinished;
  if (!only_torn) v.first_bad = *real;
  if (only_torn && !v.info.damage.empty()) v.first_bad = v.info.damage.front();
  return v;
}

}  // namespace rescue::rcrec
