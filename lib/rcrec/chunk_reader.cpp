// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/crc32c.hpp"
#include "rcrec/impl/seal.hpp"
#include "rcrec/impl/sha256.hpp"
#include "rcrec/impl/walk.hpp"
#include "rcrec/reader.hpp"

namespace rescue::rcrec {
namespace {
/// Payload bytes that may be read and found bad while looking inside damaged chunks, beyond four times the file: keeps
/// the work linear when a hostile file nests headers in payloads.
constexpr std::uint64_t kWasteAllowance = std::uint64_t{64} << 20;
}  // namespace

std::string_view damage_kind_name(DamageKind k) {
  constexpr std::string_view kNames[]{"torn_tail",   "bad_header", "bad_payload", "broken_chain",
                                      "bad_content", "after_end",  "encrypted",   "bad_seal"};
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

  // Of an encrypted recording.
  bool encrypted = false;
  bool as_it_stands = false;  // payloads are handed out with their seals
  std::vector<WrappedKey> keys;
  std::vector<crypto::RecipientId> recipients;
  std::optional<Unsealer> unsealer;
  std::uint32_t last_seal = 0;  // number of the sealed chunk before
  bool seals_known = true;      // the chunk before was whole: the next one must name its seal

  [[nodiscard]] base::Result<> step();
  [[nodiscard]] base::Result<> no_header();
  [[nodiscard]] base::Result<> cut_short(const ChunkHeader& h);
  [[nodiscard]] base::Result<> bad_payload(const ChunkHeader& h, std::uint64_t end);
  void whole_chunk(Chunk chunk, const base::Bytes& all);
  [[nodiscard]] base::Result<> find_keys();
  void sealed_chunk(Chunk chunk, std::uint64_t end, bool chain_broken);
  [[nodiscard]] bool open_seal(Chunk& chunk, std::uint64_t end, bool chain_broken);
  void lost_the_chain() { chain_known = seals_known = false; }
  void damage(DamageKind kind, std::uint64_t from, std::uint64_t to, std::string what, std::uint8_t type = 0) {
    ready.push_back(DamagedPlace{kind, from, to - from, type, std::move(what)});
  }
};

base::Result<> ChunkReader::State::no_header() {
  const std::uint64_t from = at;
  if (file.size() - at < kChunkHeaderBytes) {
    damage(DamageKind::torn_tail, from, file.size(), "the file ends inside a chunk header");
    at = file.size();
    return {};
  }
  RESCUE_TRY(at, scan_for_chunk(file, from + 1));
  damage(DamageKind::bad_header, from, at, "no valid chunk header");
  lost_the_chain();
  return {};
}

/// A valid header whose chunk does not fit in the file.
base::Result<> ChunkReader::State::cut_short(const ChunkHeader& h) {
  const std::uint64_t from = at;
  RESCUE_TRY(at, scan_for_chunk(file, from + kChunkHeaderBytes));
  if (at == file.size()) {
    damage(DamageKind::torn_tail, from, at, fmt::format("the file ends inside a {} chunk", chunk_type_name(h.type)),
           h.type);
  } else {
    damage(DamageKind::bad_payload, from, at, fmt::format("{} chunk is cut short", chunk_type_name(h.type)));
    lost_the_chain();
  }
  return {};
}

base::Result<> ChunkReader::State::bad_payload(const ChunkHeader& h, std::uint64_t end) {
  const std::uint64_t from = at;
  const std::string what =
      fmt::format("payload of {} chunk {} does not match its CRC", chunk_type_name(h.type), h.sequence);
  lost_the_chain();
  bool header_follows = end == file.size();
  if (!header_follows) {
    RESCUE_TRY(const auto next, header_at(file, end));
    header_follows = next.has_value();
  }
  wasted += h.length;
  if (header_follows || wasted > 4 * file.size() + kWasteAllowance) {
    at = end;
    damage(DamageKind::bad_payload, from, at, what, h.type);
    return {};
  }
  // Bytes are missing or too many inside this chunk: chunks behind it may begin before its end.
  RESCUE_TRY(at, scan_for_chunk(file, from + kChunkHeaderBytes));
  damage(DamageKind::bad_payload, from, at, what);
  return {};
}

void ChunkReader::State::whole_chunk(Chunk chunk, const base::Bytes& all) {
  const ChunkHeader& h = chunk.header;
  const std::size_t told = ready.size();
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
  if (encrypted) return sealed_chunk(std::move(chunk), chunk.offset + all.size(), ready.size() > told);
  if ((h.flags & kChunkFlagEncrypted) != 0) {
    damage(DamageKind::encrypted, chunk.offset, chunk.offset + all.size(),
           fmt::format("{} chunk {} is encrypted", chunk_type_name(h.type), h.sequence), h.type);
    return;
  }
  ready.push_back(std::move(chunk));
}

/// Whether the seal is right; the payload is opened then.
bool ChunkReader::State::open_seal(Chunk& chunk, std::uint64_t end, bool chain_broken) {
  const ChunkHeader& h = chunk.header;
  auto opened = unsealer->open(h, chunk.payload);
  const bool goes_back = opened && opened->number <= last_seal;
  if (!opened || goes_back) {
    damage(DamageKind::bad_seal, chunk.offset, end,
           fmt::format("{} chunk {} {}", chunk_type_name(h.type), h.sequence,
                       goes_back ? "stands behind chunks that were written after it"
                                 : "is not what the recorder wrote: its seal does not fit"),
           h.type);
    seals_known = seals_known && goes_back;
    return false;
  }
  if (seals_known && opened->before != last_seal && !chain_broken)
    damage(DamageKind::broken_chain, chunk.offset, chunk.offset,
           fmt::format("chunks that the recorder wrote before {} chunk {} are missing", chunk_type_name(h.type),
                       h.sequence));
  last_seal = opened->number;
  seals_known = true;
  chunk.sealed = true;
  if (!as_it_stands) chunk.payload = std::move(opened->payload);
  return true;
}

/// A whole chunk of an encrypted recording.
void ChunkReader::State::sealed_chunk(Chunk chunk, std::uint64_t end, bool chain_broken) {
  const ChunkHeader& h = chunk.header;
  const auto is = [&](ChunkType type) { return h.type == static_cast<std::uint8_t>(type); };
  const unsigned how = h.flags & (kChunkFlagEncrypted | kChunkFlagSealed);
  if (is(ChunkType::keys) || is(ChunkType::repair)) return ready.push_back(std::move(chunk));
  if (how == 0 && (is(ChunkType::index) || is(ChunkType::end)))  // a repair without the key made it
    return ready.push_back(std::move(chunk));
  if (how == 0 || how == (kChunkFlagEncrypted | kChunkFlagSealed) || chunk.payload.size() < kSealBytes) {
    return damage(
        DamageKind::bad_seal, chunk.offset, end,
        fmt::format("{} chunk {} of an encrypted recording carries no seal", chunk_type_name(h.type), h.sequence),
        h.type);
  }
  if (unsealer) {
    if (!open_seal(chunk, end, chain_broken)) return;
  } else if (how == kChunkFlagEncrypted) {
    chunk.locked = true;
  } else if (!as_it_stands) {
    chunk.payload.resize(chunk.payload.size() - kSealBytes);
  }
  ready.push_back(std::move(chunk));
}

/// KEYS is the first chunk; where that is damaged, the writer's repetition stands further back.
base::Result<> ChunkReader::State::find_keys() {
  for (std::uint64_t offset = kFileHeaderBytes; offset < file.size();) {
    RESCUE_TRY(const auto h, header_at(file, offset));
    if (!h || chunk_end(offset, *h) > file.size()) {
      RESCUE_TRY(offset, scan_for_chunk(file, offset + 1));
      continue;
    }
    if (h->type == static_cast<std::uint8_t>(ChunkType::keys)) {
      RESCUE_TRY(const auto payload, read_chunk_of(file, offset, ChunkType::keys, file.size()));
      auto found = payload ? decode_keys(*payload) : std::nullopt;
      if (found) {
        keys = std::move(*found);
        for (const WrappedKey& k : keys) recipients.push_back(k.recipient);
        return {};
      }
    }
    offset = chunk_end(offset, *h);
  }
  return {};
}

base::Result<> ChunkReader::State::step() {
  if (ended) {
    damage(DamageKind::after_end, at, file.size(), "bytes behind END");
    at = file.size();
    return {};
  }
  RESCUE_TRY(const auto h, header_at(file, at));
  if (!h) return no_header();
  const std::uint64_t end = chunk_end(at, *h);
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

base::Result<ChunkReader> ChunkReader::open(const std::string& path, const KeyRing& keys) {
  RESCUE_TRY(InputFile file, InputFile::open(path));
  auto s = std::make_unique<State>(std::move(file));
  std::array<std::uint8_t, kFileHeaderBytes> b{};
  RESCUE_TRY(const std::size_t n, s->file.read_at(0, b));
  const auto header = decode_file_header(base::ByteView(b).first(n));
  if (!header) return base::fail(header.error().within("'" + path + "'"));
  s->header = *header;
  s->tip = chain_hash(b);
  s->encrypted = (header->flags & kFileFlagEncrypted) != 0;
  if (s->encrypted) {
    RESCUE_CHECK(s->find_keys());
    s->unsealer = Unsealer::unlock(b, s->keys, keys);
    if (!s->unsealer && !keys.empty()) {
      if (s->keys.empty())
        return base::fail(base::Errc::bad_format, fmt::format("'{}': encrypted recording whose KEYS are lost", path));
      const bool is_recipient = std::ranges::any_of(keys.keys(), [&](const crypto::X25519Private& k) {
        return std::ranges::find(s->recipients, k.public_key().id()) != s->recipients.end();
      });
      if (is_recipient)
        return base::fail(base::Errc::verification_failed,
                          fmt::format("'{}': its header or KEYS (offset 0) are not what the recorder wrote", path));
      return base::fail(Errc::wrong_key, fmt::format("'{}' (recipients: {})", path, recipients_text(s->recipients)));
    }
  }
  return ChunkReader(std::move(s));
}

const FileHeader& ChunkReader::header() const { return state_->header; }
const std::string& ChunkReader::path() const { return state_->file.path(); }
std::uint64_t ChunkReader::file_bytes() const { return state_->file.size(); }
bool ChunkReader::unlocked() const { return state_->unsealer.has_value(); }
const std::vector<crypto::RecipientId>& ChunkReader::recipients() const { return state_->recipients; }
base::Bytes ChunkReader::keys_payload() const { return encode_keys(state_->keys); }
void ChunkReader::keep_seals() { state_->as_it_stands = true; }
std::uint64_t ChunkReader::bytes_read() const { return state_->file.bytes_read(); }
base::Result<Outline> ChunkReader::outline(bool trust_index) const {
  return trust_index ? outline_of(state_->file) : outline_by_walking(state_->file);
}
base::Result<std::optional<ChunkHeader>> ChunkReader::peek_at(std::uint64_t offset) const {
  return header_at(state_->file, offset);
}
ChainHash ChunkReader::chain_tip() const { return state_->tip; }

void ChunkReader::seek(std::uint64_t offset) {
  state_->ready.clear();
  state_->at = std::max<std::uint64_t>(offset, kFileHeaderBytes);
  state_->lost_the_chain();
  state_->last_seal = 0;
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
  s.lost_the_chain();
  while (s.at < s.file.size()) {
    RESCUE_TRY(const auto h, header_at(s.file, s.at));
    if (h && chunk_end(s.at, *h) <= s.file.size()) {
      ChunkPeek peek{*h, s.at};
      s.at = chunk_end(s.at, *h);
      return peek;
    }
    RESCUE_TRY(s.at, scan_for_chunk(s.file, s.at + 1));
  }
  return std::nullopt;
}

}  // namespace rescue::rcrec
