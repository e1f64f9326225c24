// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "rcrec/impl/chunk_appender.hpp"
#include "rcrec/impl/items.hpp"
#include "rcrec/inspect.hpp"

namespace rescue::rcrec {
namespace {

constexpr std::size_t kMaxNamedDamage = 100;  // places that the "repaired" event lists

class Copy {
 public:
  Copy(ChunkReader reader, ChunkAppender out) : reader_(std::move(reader)), out_(std::move(out)) {}

  base::Result<> run(RepairReport& report) {
    RESCUE_CHECK(out_.begin(reader_.header()));
    encrypted_ = (reader_.header().flags & kFileFlagEncrypted) != 0;
    if (encrypted_) {  // stands first, also when it was found further back
      ChunkHeader keys;
      keys.type = static_cast<std::uint8_t>(ChunkType::keys);
      RESCUE_CHECK(copy(keys, reader_.keys_payload()));
      reader_.keep_seals();
    }
    for (;;) {
      RESCUE_TRY(auto item, reader_.next());
      if (!item) break;
      if (auto* place = std::get_if<DamagedPlace>(&*item)) {
        damaged_ = true;
        report.bytes_dropped += place->length;
        if (report.damage.size() < kMaxReportedDamage) report.damage.push_back(std::move(*place));
      } else {
        RESCUE_CHECK(chunk(std::get<Chunk>(*item)));
      }
    }
    report.chunks_kept = out_.chunks();
    RESCUE_CHECK(close(report));
    report.sha256_hex = out_.sha256_hex();
    return {};
  }

 private:
  base::Result<> chunk(const Chunk& c) {
    // INDEX and END speak of offsets and counts. Up to the first damage these are still right; then new ones follow.
    if (c.header.type == static_cast<std::uint8_t>(ChunkType::index) && damaged_) return {};
    if (c.header.type == static_cast<std::uint8_t>(ChunkType::end)) {
      if (const auto e = decode_end(c.payload)) last_ = std::max(last_, e->duration);
      return {};
    }
    if (c.header.type == static_cast<std::uint8_t>(ChunkType::keys) && c.offset == kFileHeaderBytes) return {};
    return copy(c.header, c.payload);
  }

  base::Result<> copy(ChunkHeader header, base::ByteView payload) {
    // A seal covers t0, so a sealed chunk is never made to fit; one that goes back in time was moved by somebody.
    if (!encrypted_) header.t0 = std::max(header.t0, last_t0_);
    last_t0_ = std::max(last_t0_, header.t0);
    last_ = std::max(last_, std::min(header.t0 + header.span, kMaxTime));
    RESCUE_TRY(const std::uint64_t offset, out_.append(header, payload));
    if (header.type == static_cast<std::uint8_t>(ChunkType::index)) {
      index_ = {offset, {}};
      return {};
    }
    return remember({header.t0, offset, header.type});
  }

  base::Result<> remember(IndexEntry e) {
    if (e.type != static_cast<std::uint8_t>(ChunkType::ckpt) && e.type != static_cast<std::uint8_t>(ChunkType::event))
      return {};
    index_.entries.push_back(e);
    return index_.entries.size() >= kMaxIndexEntries ? write_index() : base::Result<>{};
  }

  base::Result<> write_index() {
    if (index_.entries.empty()) return {};
    RESCUE_TRY(const std::uint64_t offset, out_.append(ChunkType::index, last_t0_, Time(0), encode_index(index_)));
    index_ = {offset, {}};
    return {};
  }

  base::Result<> close(const RepairReport& report) {
    boost::json::array places;
    for (const DamagedPlace& p : report.damage) {
      if (places.size() >= kMaxNamedDamage) break;
      places.push_back(boost::json::object{
          {"kind", damage_kind_name(p.kind)}, {"offset", p.offset}, {"length", p.length}, {"what", p.what}});
    }
    const std::string event =
        boost::json::serialize(boost::json::object{{"type", "repaired"},
                                                   {"original_sha256", report.original_sha256_hex},
                                                   {"bytes_dropped", report.bytes_dropped},
                                                   {"damaged_places", report.damage.size()},
                                                   {"damage", std::move(places)}});
    last_t0_ = std::max(last_t0_, last_);
    base::Bytes payload;
    append_item(payload, Time(0), base::as_bytes(event));
    // Nobody but the recorder can seal, so an encrypted file tells its repair in a chunk of another type.
    const auto type = encrypted_ ? ChunkType::repair : ChunkType::event;
    RESCUE_TRY(const std::uint64_t offset, out_.append(type, last_t0_, Time(0), payload));
    RESCUE_CHECK(remember({last_t0_, offset, static_cast<std::uint8_t>(type)}));
    RESCUE_CHECK(write_index());
    RESCUE_TRY(const auto end,
               out_.append(ChunkType::end, last_t0_, Time(0), encode_end({last_t0_, index_.previous, out_.chunks()})));
    static_cast<void>(end);
    return out_.sync();
  }

  ChunkReader reader_;
  ChunkAppender out_;
  IndexChunk index_;
  bool damaged_ = false;
  bool encrypted_ = false;
  Time last_t0_{};
  Time last_{};
};
}  // namespace

base::Result<RepairReport> repair(const std::string& in, const std::string& out, const KeyRing& keys) {
  RepairReport report;
  RESCUE_TRY(auto reader, ChunkReader::open(in, keys));
  RESCUE_TRY(report.original_sha256_hex, sha256_hex_of_file(in));
  RESCUE_TRY(auto sink, create_file_sink(out));
  auto done = Copy(std::move(reader), ChunkAppender(std::move(sink))).run(report);
  if (!done) {
    ::unlink(out.c_str());
    return base::fail(std::move(done).error());
  }
  return report;
}

}  // namespace rescue::rcrec
