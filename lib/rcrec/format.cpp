// SPDX-License-Identifier: Apache-2.0
#include "rcrec/format.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc32c.hpp"

namespace rescue::rcrec {
namespace {
template <std::size_t N>
std::array<std::uint8_t, N> sealed(base::ByteWriter w) {
  w.u32(base::crc32c(w.view()));
  std::array<std::uint8_t, N> out{};
  std::copy_n(w.view().begin(), N, out.begin());
  return out;
}
std::uint32_t u32_at(base::ByteView b, std::size_t at) { return *base::ByteReader(b.subspan(at)).u32(); }
}  // namespace

std::string_view chunk_type_name(std::uint8_t type) {
  constexpr std::string_view kNames[]{"UNKNOWN", "HEAD",  "VIDEO", "CKPT", "CURSOR", "CHAT",
                                      "EVENT",   "CLOCK", "INDEX", "END",  "KEYS",   "REPAIR"};
  return type < std::size(kNames) ? kNames[type] : kNames[0];
}

std::array<std::uint8_t, kFileHeaderBytes> encode_file_header(const FileHeader& h) {
  base::ByteWriter w;
  w.bytes(kMagic);
  w.u16(h.major);
  w.u16(h.minor);
  w.u32(h.flags);
  w.bytes(h.session.bytes());
  w.u64(static_cast<std::uint64_t>(h.start.time_since_epoch().count()));
  w.bytes(h.file_id.bytes());
  w.u32(0);
  return sealed<kFileHeaderBytes>(std::move(w));
}

base::WallTime wall_time(std::uint64_t us) {
  const auto t = static_cast<std::int64_t>(us);
  return base::WallTime(std::clamp(std::chrono::microseconds(t), {}, kMaxWallTime.time_since_epoch()));
}

base::Result<FileHeader> decode_file_header(base::ByteView b) {
  if (b.size() < kMagic.size() || !std::equal(kMagic.begin(), kMagic.end(), b.begin()))
    return base::fail(base::Errc::bad_format, "no RCREC recording (offset 0)");
  if (b.size() < kFileHeaderBytes)
    return base::fail(base::Errc::bad_format, fmt::format("recording ends inside its header (offset {})", b.size()));
  base::ByteReader in(b.first(kFileHeaderBytes));
  in.take(kMagic.size());
  FileHeader h;
  h.major = *in.u16();
  // The major version rules everything behind it, so it is judged before the CRC.
  if (h.major != kMajor)
    return base::fail(
        base::Errc::unsupported,
        fmt::format("recording of format version {} (offset 8); this program reads version {}", h.major, kMajor));
  if (base::crc32c(b.first(kFileHeaderBytes - 4)) != u32_at(b, kFileHeaderBytes - 4))
    return base::fail(base::Errc::bad_format, "recording with a damaged header (offset 60: CRC)");
  h.minor = *in.u16();
  h.flags = *in.u32();
  // Version 1.0 knew no flag: how such a file would be encrypted is not defined.
  const std::uint32_t known = h.minor == 0 ? 0 : kFileFlagEncrypted;
  if ((h.flags & kFileFlagsMustKnow & ~known) != 0)
    return base::fail(
        base::Errc::unsupported,
        fmt::format("recording of version {}.{} with unknown flags {:#x} (offset 12)", h.major, h.minor, h.flags));
  RESCUE_TRY(h.session, base::Guid::from_bytes(*in.take(base::Guid::kSize)));
  h.start = wall_time(*in.u64());
  RESCUE_TRY(h.file_id, base::Guid::from_bytes(*in.take(base::Guid::kSize)));
  return h;
}

std::array<std::uint8_t, kChunkHeaderBytes> encode_chunk_header(const ChunkHeader& h) {
  base::ByteWriter w;
  w.bytes(kSync);
  w.u8(h.type);
  w.u8(h.flags);
  w.u16(0);
  w.u32(h.length);
  w.u64(static_cast<std::uint64_t>(h.t0.count()));
  w.u32(static_cast<std::uint32_t>(h.span.count()));
  w.u32(h.sequence);
  w.bytes(h.previous);
  return sealed<kChunkHeaderBytes>(std::move(w));
}

std::optional<ChunkHeader> decode_chunk_header(base::ByteView b) {
  if (b.size() < kChunkHeaderBytes || !std::equal(kSync.begin(), kSync.end(), b.begin())) return std::nullopt;
  if (base::crc32c(b.first(kChunkHeaderBytes - 4)) != u32_at(b, kChunkHeaderBytes - 4)) return std::nullopt;
  base::ByteReader in(b.subspan(kSync.size()));
  ChunkHeader h;
  h.type = *in.u8();
  h.flags = *in.u8();
  in.u16();
  h.length = *in.u32();
  const std::uint64_t t0 = *in.u64();
  h.span = Time(*in.u32());
  h.sequence = *in.u32();
  const auto previous = *in.take(h.previous.size());
  std::copy(previous.begin(), previous.end(), h.previous.begin());
  if (h.length > kMaxPayloadBytes || t0 > static_cast<std::uint64_t>(kMaxTime.count())) return std::nullopt;
  h.t0 = Time(static_cast<std::int64_t>(t0));
  return h;
}

base::Bytes encode_index(const IndexChunk& index) {
  base::ByteWriter w;
  w.u64(index.previous);
  w.u32(static_cast<std::uint32_t>(index.entries.size()));
  for (const IndexEntry& e : index.entries) {
    w.u64(static_cast<std::uint64_t>(e.t.count()));
    w.u64(e.offset);
    w.u8(e.type);
  }
  return std::move(w).take();
}

std::optional<IndexChunk> decode_index(base::ByteView payload) {
  constexpr std::size_t kEntryBytes = 17;
  base::ByteReader in(payload);
  const auto previous = in.u64();
  const auto count = in.u32();
  if (!previous || !count || *count > kMaxIndexEntries || in.left() < *count * kEntryBytes) return std::nullopt;
  IndexChunk out{*previous, {}};
  for (std::uint32_t i = 0; i < *count; ++i) {
    const std::uint64_t t = *in.u64();
    if (t > static_cast<std::uint64_t>(kMaxTime.count())) return std::nullopt;
    const std::uint64_t offset = *in.u64();
    out.entries.push_back({Time(static_cast<std::int64_t>(t)), offset, *in.u8()});
  }
  return out;
}

base::Bytes encode_end(const EndChunk& end) {
  base::ByteWriter w;
  w.u64(static_cast<std::uint64_t>(end.duration.count()));
  w.u64(end.last_index);
  w.u32(end.chunks);
  return std::move(w).take();
}

std::optional<EndChunk> decode_end(base::ByteView payload) {
  base::ByteReader in(payload);
  const auto duration = in.u64();
  const auto last_index = in.u64();
  const auto chunks = in.u32();
  if (!duration || !last_index || !chunks || *duration > static_cast<std::uint64_t>(kMaxTime.count()))
    return std::nullopt;
  return EndChunk{Time(static_cast<std::int64_t>(*duration)), *last_index, *chunks};
}

}  // namespace rescue::rcrec
