// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/crc32c.hpp"
#include "rcrec/impl/file.hpp"
#include "rcrec/impl/sha256.hpp"
#include "rcrec/reader.hpp"

namespace rescue::rcrec {
namespace {
constexpr std::size_t kScanBlock = std::size_t{64} << 10;
/// Payload bytes that may be read and found bad while looking inside damaged chunks, beyond four times the file: keeps
/// the work linear when a hostile file nests headers in payloads.
constexpr std::uint64_t kWasteAllowance = std::uint64_t{64} << 20;
}  // namespace

std::string_view damage_kind_name(DamageKind k) {
  constexpr std::string_view kNames[]{"torn_tail",   "bad_header", "bad_payload", "broken_chain",
                                      "bad_content", "after_end",  "encrypted"};
  return kNames[static_cast<std::size_t>(k)];
}

struct ChunkReader::State {
  explicit State(InputFile f) : file(std::move(f)) {}

  InputFile file;
  FileHeader header;
  std::uint64_t at = kFileHeaderBytes;
  ChainHash tip{};
  std::uint32_t next_sequence = 0;
  bool chain_known = true;  // the chunk before was whole: its hash and number can be checked
  bool ended = false;
  std::uint64_t wasted = 0;
  std::deque<WalkItem> ready;

  [[nodiscard]] base::Result<std::optional<ChunkHeader>> header_at(std::uint64_t offset) const;
  [[nodiscard]] base::Result<std::uint64_t> scan(std::uint64_t from) const;
  [[nodiscard]] base::Result<> step();
  [[nodiscard]] base::Result<> no_header();
  [[nodiscard]] base::Result<> cut_short(const ChunkHeader& h);
  [[nodiscard]] base::Result<> bad_payload(const ChunkHeader& h, std::uint64_t end);
  void whole_chunk(Chunk chunk, const base::Bytes& all);
  void damage(DamageKind kind, std::uint64_t from, std::uint64_t to, std::string what, std::uint8_t type = 0) {
    ready.push_back(DamagedPlace{kind, from, to - from, type, std::move(what)});
  }
  [[nodiscard]] static std::uint64_t end_of(std::uint64_t offset, const ChunkHeader& h) {
    return offset + kChunkHeaderBytes + h.length + kChunkTrailerBytes;
  }
};

base::Result<std::optional<ChunkHeader>> ChunkReader::State::header_at(std::uint64_t offset) const {
  std::array<std::uint8_t, kChunkHeaderBytes> b{};
  RESCUE_TRY(const std::size_t n, file.read_at(offset, b));
  return decode_chunk_header(base::ByteView(b).first(n));
}

/// The next offset at or behind `from` where a chunk header stands whose chunk fits in the file; the file's end if
/// none.
base::Result<std::uint64_t> ChunkReader::State::scan(std::uint64_t from) const {
  base::Bytes block(kScanBlock);
  while (from < file.size()) {
    RESCUE_TRY(const std::size_t n, file.read_at(from, block));
    const base::ByteView view = base::ByteView(block).first(n);
    auto where = view.begin();
    while ((where = std::search(where, view.end(), kSync.begin(), kSync.end())) != view.end()) {
      const std::uint64_t offset = from + static_cast<std::uint64_t>(where - view.begin());
      RESCUE_TRY(const auto h, header_at(offset));
      if (h && end_of(offset, *h) <= file.size()) return offset;
      ++where;
    }
    if (n < kSync.size()) break;
    from += n - (kSync.size() - 1);  // a sync may lie across the border
    if (n < block.size()) break;
  }
  return file.size();
}

base::Result<> ChunkReader::State::no_header() {
  const std::uint64_t from = at;
  if (file.size() - at < kChunkHeaderBytes) {
    damage(DamageKind::torn_tail, from, file.size(), "the file ends inside a chunk header");
    at = file.size();
    return {};
  }
  RESCUE_TRY(at, scan(from + 1));
  damage(DamageKind::bad_header, from, at, "no valid chunk header");
  chain_known = false;
  return {};
}

/// A valid header whose chunk does not fit in the file.
base::Result<> ChunkReader::State::cut_short(const ChunkHeader& h) {
  const std::uint64_t from = at;
  RESCUE_TRY(at, scan(from + kChunkHeaderBytes));
  if (at == file.size()) {
    damage(DamageKind::torn_tail, from, at, fmt::format("the file ends inside a {} chunk", chunk_type_name(h.type)),
           h.type);
  } else {
    damage(DamageKind::bad_payload, from, at, fmt::format("{} chunk is cut short", chunk_type_name(h.type)));
    chain_known = false;
  }
  return {};
}

base::Result<> ChunkReader::State::bad_payload(const ChunkHeader& h, std::uint64_t end) {
  const std::uint64_t from = at;
  const std::string what =
      fmt::format("payload of {} chunk {} does not match its CRC", chunk_type_name(h.type), h.sequence);
  chain_known = false;
  bool header_follows = end == file.size();
  if (!header_follows) {
    RESCUE_TRY(const auto next, header_at(end));
    header_follows = next.has_value();
  }
  wasted += h.length;
  if (header_follows || wasted > 4 * file.size() + kWasteAllowance) {
    at = end;
    damage(DamageKind::bad_payload, from, at, what, h.type);
    return {};
  }
  // Bytes are missing or too many inside this chunk: chunks behind it may begin before its end.
  RESCUE_TRY(at, scan(from + kChunkHeaderBytes));
  damage(DamageKind::bad_payload, from, at, what);
  return {};
}

void ChunkReader::State::whole_chunk(Chunk chunk, const base::Bytes& all) {
  const ChunkHeader& h = chunk.header;
  if (chain_known && h.sequence != next_sequence) {
    damage(DamageKind::broken_chain, chunk.offset, chunk.offset,
           fmt::format("chunk {} where chunk {} was due", h.sequence, next_sequence));
  } else if (chain_known && h.previous != tip) {
    damage(DamageKind::broken_chain, chunk.offset, chunk.offset,
           fmt::format("chunk {} does not carry the hash of the chunk before it", h.sequence));
  }
  tip = chain_hash(all);
  next_sequence = h.sequence + 1;
  chain_known = true;
  ended = h.type == static_cast<std::uint8_t>(ChunkType::end);
  if ((h.flags & kChunkFlagEncrypted) != 0) {
    damage(DamageKind::encrypted, chunk.offset, chunk.offset + all.size(),
           fmt::format("{} chunk {} is encrypted", chunk_type_name(h.type), h.sequence), h.type);
    return;
  }
  ready.push_back(std::move(chunk));
}

base::Result<> ChunkReader::State::step() {
  if (ended) {
    damage(DamageKind::after_end, at, file.size(), "bytes behind END");
    at = file.size();
    return {};
  }
  RESCUE_TRY(const auto h, header_at(at));
  if (!h) return no_header();
  const std::uint64_t end = end_of(at, *h);
  if (end > file.size()) return cut_short(*h);
  base::Bytes all(static_cast<std::size_t>(end - at));
  RESCUE_TRY(const std::size_t n, file.read_at(at, all));
  if (n < all.size())
    return base::fail(base::Errc::io, fmt::format("recording '{}' became shorter while it was read", file.path()));
  const base::ByteView payload = base::ByteView(all).subspan(kChunkHeaderBytes, h->length);
  if (base::crc32c(payload) != *base::ByteReader(base::ByteView(all).last(kChunkTrailerBytes)).u32())
    return bad_payload(*h, end);
  Chunk chunk{*h, at, base::to_bytes(payload)};
  at = end;
  whole_chunk(std::move(chunk), all);
  return {};
}

ChunkReader::ChunkReader(std::unique_ptr<State> s) : state_(std::move(s)) {}
ChunkReader::ChunkReader(ChunkReader&&) noexcept = default;
ChunkReader& ChunkReader::operator=(ChunkReader&&) noexcept = default;
ChunkReader::~ChunkReader() = default;

base::Result<ChunkReader> ChunkReader::open(const std::string& path) {
  RESCUE_TRY(InputFile file, InputFile::open(path));
  auto s = std::make_unique<State>(std::move(file));
  std::array<std::uint8_t, kFileHeaderBytes> b{};
  RESCUE_TRY(const std::size_t n, s->file.read_at(0, b));
  const auto header = decode_file_header(base::ByteView(b).first(n));
  if (!header) return base::fail(header.error().within("'" + path + "'"));
  s->header = *header;
  s->tip = chain_hash(b);
  return ChunkReader(std::move(s));
}

const FileHeader& ChunkReader::header() const { return state_->header; }
const std::string& ChunkReader::path() const { return state_->file.path(); }
std::uint64_t ChunkReader::file_bytes() const { return state_->file.size(); }
ChainHash ChunkReader::chain_tip() const { return state_->tip; }

void ChunkReader::seek(std::uint64_t offset) {
  state_->ready.clear();
  state_->at = std::max<std::uint64_t>(offset, kFileHeaderBytes);
  state_->chain_known = false;
  state_->ended = false;
}

base::Result<std::optional<WalkItem>> ChunkReader::next() {
  State& s = *state_;
  while (s.ready.empty()) {
    if (s.at >= s.file.size()) return std::nullopt;
    RESCUE_CHECK(s.step());
  }
  WalkItem item = std::move(s.ready.front());
  s.ready.pop_front();
  return item;
}

base::Result<std::optional<ChunkPeek>> ChunkReader::peek_next() {
  State& s = *state_;
  s.ready.clear();
  s.chain_known = false;
  while (s.at < s.file.size()) {
    RESCUE_TRY(const auto h, s.header_at(s.at));
    if (h && State::end_of(s.at, *h) <= s.file.size()) {
      ChunkPeek peek{*h, s.at};
      s.at = State::end_of(s.at, *h);
      return peek;
    }
    RESCUE_TRY(s.at, s.scan(s.at + 1));
  }
  return std::nullopt;
}

}  // namespace rescue::rcrec
