// SPDX-License-Identifier: Apache-2.0
#include "rcrec/impl/walk.hpp"

#include <algorithm>

#include "base/crc32c.hpp"

namespace rescue::rcrec {
namespace {
constexpr std::size_t kScanBlock = std::size_t{64} << 10;
/// END is looked for in so many bytes at the end of the file: it takes 72, or 96 with a seal, and later versions may
/// put more behind what it has now.
constexpr std::size_t kTailBytes = 1024;

bool is_indexed(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(ChunkType::ckpt) || type == static_cast<std::uint8_t>(ChunkType::event);
}

/// END, when it is the last chunk of the file.
base::Result<std::optional<EndChunk>> end_of_file(const InputFile& file) {
  const std::uint64_t from = file.size() < kFileHeaderBytes + kTailBytes ? kFileHeaderBytes : file.size() - kTailBytes;
  base::Bytes tail(kTailBytes);
  RESCUE_TRY(const std::size_t n, file.read_at(from, tail));
  const base::ByteView view = base::ByteView(tail).first(n);
  for (auto at = view.begin(); (at = std::search(at, view.end(), kSync.begin(), kSync.end())) != view.end(); ++at) {
    const auto skip = static_cast<std::size_t>(at - view.begin());
    const auto h = decode_chunk_header(view.subspan(skip));
    if (!h || h->type != static_cast<std::uint8_t>(ChunkType::end) || chunk_end(from + skip, *h) != file.size())
      continue;
    const base::ByteView payload = view.subspan(skip + kChunkHeaderBytes, h->length);
    if (base::crc32c(payload) == *base::ByteReader(view.last(kChunkTrailerBytes)).u32()) return decode_end(payload);
  }
  return std::nullopt;
}

/// All entries of the INDEX chunks from `last` back; nullopt when one of them is not as it must be.
base::Result<std::optional<std::vector<IndexEntry>>> indexed(const InputFile& file, std::uint64_t last) {
  std::vector<IndexEntry> backwards;
  std::uint64_t end = file.size();
  for (std::uint64_t at = last; at != 0;) {
    // One behind the other: chunks that lie in each other would be read again and again.
    RESCUE_TRY(const auto payload, read_chunk_of(file, at, ChunkType::index, end));
    end = at;
    const auto index = payload ? decode_index(*payload) : std::nullopt;
    if (!index || index->previous >= at) return std::nullopt;  // strictly back, so it ends
    for (const IndexEntry& e : index->entries) {
      if (e.offset < kFileHeaderBytes || e.offset >= at) return std::nullopt;
    }
    std::ranges::copy_if(index->entries.rbegin(), index->entries.rend(), std::back_inserter(backwards),
                         [](const IndexEntry& e) { return is_indexed(e.type); });
    at = index->previous;
  }
  std::ranges::reverse(backwards);
  if (!std::ranges::is_sorted(backwards, {}, &IndexEntry::offset) ||
      !std::ranges::is_sorted(backwards, {}, &IndexEntry::t))
    return std::nullopt;
  return backwards;
}
}  // namespace

base::Result<std::optional<ChunkHeader>> header_at(const InputFile& file, std::uint64_t offset) {
  std::array<std::uint8_t, kChunkHeaderBytes> b{};
  RESCUE_TRY(const std::size_t n, file.read_at(offset, b));
  return decode_chunk_header(base::ByteView(b).first(n));
}

base::Result<std::uint64_t> scan_for_chunk(const InputFile& file, std::uint64_t from) {
  base::Bytes block(kScanBlock);
  while (from < file.size()) {
    RESCUE_TRY(const std::size_t n, file.read_at(from, block));
    const base::ByteView view = base::ByteView(block).first(n);
    auto where = view.begin();
    while ((where = std::search(where, view.end(), kSync.begin(), kSync.end())) != view.end()) {
      const std::uint64_t offset = from + static_cast<std::uint64_t>(where - view.begin());
      RESCUE_TRY(const auto h, header_at(file, offset));
      if (h && chunk_end(offset, *h) <= file.size()) return offset;
      ++where;
    }
    if (n < kSync.size()) break;
    from += n - (kSync.size() - 1);  // a sync may lie across the border
    if (n < block.size()) break;
  }
  return file.size();
}

base::Result<std::optional<base::Bytes>> read_chunk_of(const InputFile& file, std::uint64_t offset, ChunkType type,
                                                       std::uint64_t end) {
  RESCUE_TRY(const auto h, header_at(file, offset));
  if (!h || h->type != static_cast<std::uint8_t>(type) || chunk_end(offset, *h) > end) return std::nullopt;
  base::Bytes rest(h->length + kChunkTrailerBytes);
  RESCUE_TRY(const std::size_t n, file.read_at(offset + kChunkHeaderBytes, rest));
  if (n < rest.size()) return std::nullopt;
  const std::uint32_t crc = *base::ByteReader(base::ByteView(rest).last(kChunkTrailerBytes)).u32();
  rest.resize(h->length);
  if (base::crc32c(rest) != crc) return std::nullopt;
  return rest;
}

base::Result<Outline> outline_by_walking(const InputFile& file) {
  Outline out;
  for (std::uint64_t at = kFileHeaderBytes; at < file.size();) {
    RESCUE_TRY(const auto h, header_at(file, at));
    if (!h || chunk_end(at, *h) > file.size()) {
      RESCUE_TRY(at, scan_for_chunk(file, at + 1));
      continue;
    }
    out.duration = std::max(out.duration, std::min(h->t0 + h->span, kMaxTime));
    if (is_indexed(h->type)) out.entries.push_back({h->t0, at, h->type});
    at = chunk_end(at, *h);
  }
  return out;
}

base::Result<Outline> outline_of(const InputFile& file) {
  RESCUE_TRY(const auto end, end_of_file(file));
  if (end) {
    RESCUE_TRY(auto entries, indexed(file, end->last_index));
    if (entries) return Outline{true, true, end->duration, std::move(*entries)};
  }
  RESCUE_TRY(auto out, outline_by_walking(file));
  if (end) {
    out.finished = true;
    out.duration = std::max(out.duration, end->duration);
  }
  return out;
}

}  // namespace rescue::rcrec
