// SPDX-License-Identifier: Apache-2.0
// Small recordings with known content, the same bytes every time.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/crc32c.hpp"
#include "rcrec/impl/sha256.hpp"
#include "rcrec/inspect.hpp"
#include "rcrec/writer.hpp"

namespace rescue::rcrec::samples {

using std::chrono::milliseconds;

inline base::Guid session_id() { return *base::Guid::parse("7f1a2b3c-0000-4000-8000-00000000cafe"); }
inline base::WallTime start_time() { return base::WallTime(std::chrono::seconds(1'764'000'000)); }

inline RecordingStart start() {
  return {session_id(),
          start_time(),
          {{"codec", {{"id", 1}, {"version", 1}}}, {"software", "rescue sample"}, {"technician", {{"name", "Ada"}}}}};
}

inline base::Bytes packet(base::SeededRandom& random, std::size_t bytes) {
  base::Bytes b(bytes);
  random.fill(b);
  return b;
}

inline CursorShape arrow() { return {7, 3, 2, 1, 0, {0xff000000, 0xffffffff, 0x80404040, 0, 0xff112233, 0xffffffff}}; }

/// Six seconds: two checkpoints, packets, a cursor that moves, chat and events. Works over any sink; what a failing
/// sink answers is ignored, as a session would go on.
inline void play(Writer& w, milliseconds from = {}) {
  base::SeededRandom random(99);
  for (int tick = 0; tick < 60; ++tick) {
    const Time t = from + milliseconds(100 * tick);
    if (w.clock_due(t)) static_cast<void>(w.clock(start_time() + t, t));
    if (tick == 1) static_cast<void>(w.cursor_shape(arrow(), t));
    if (tick % 3 == 1) static_cast<void>(w.cursor_move({tick, -tick, 7, tick != 31}, t));
    if (tick % 2 == 0) {
      const bool keyframe = tick == 0 || tick == 34 || w.needs_keyframe();
      static_cast<void>(w.video(packet(random, 20 + random.below(120)), keyframe, t));
    }
    if (tick == 12) static_cast<void>(w.chat("technician", "Good morning, may I see your screen?", t));
    if (tick == 20) static_cast<void>(w.event("consent.granted", {{"permission", "desktop_view"}}, t));
    if (tick == 40) static_cast<void>(w.chat("customer", "Gr\u00fc\u00df Gott \u2615", t));
    if (tick == 50) static_cast<void>(w.event("control.ended", {{"by", "customer"}}, t));
    static_cast<void>(w.flush_due(t));
  }
}

inline crypto::X25519Private auditor() {
  base::SeededRandom random(11);
  return crypto::X25519Private::generate(random).value();
}
inline crypto::X25519Private second_auditor() {
  base::SeededRandom random(12);
  return crypto::X25519Private::generate(random).value();
}
inline KeyRing ring_of(crypto::X25519Private key) {
  KeyRing ring;
  ring.add(std::move(key));
  return ring;
}

inline base::Result<Finished> make(const std::string& path, std::vector<crypto::X25519Public> recipients = {}) {
  RESCUE_TRY(auto sink, create_file_sink(path));
  base::SeededRandom random(1);
  auto what = start();
  what.recipients = std::move(recipients);
  RESCUE_TRY(auto w, Writer::create(std::move(sink), std::move(what), random));
  play(w);
  return w.finish(milliseconds(6500));
}

inline base::Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void write_file(const std::filesystem::path& path, base::ByteView b) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(b.data()), static_cast<std::streamsize>(b.size()));
}

inline std::vector<ChunkPeek> chunks_of(const std::string& path) {
  std::vector<ChunkPeek> out;
  auto reader = ChunkReader::open(path);
  while (reader) {
    auto peek = reader->peek_next();
    if (!peek || !*peek) break;
    out.push_back(**peek);
  }
  return out;
}
inline std::uint64_t end_of(const ChunkPeek& c) {
  return c.offset + kChunkHeaderBytes + c.header.length + kChunkTrailerBytes;
}

/// What somebody without the key can do to an encrypted recording: CRCs, sequence and chain are right again, only the
/// seals tell.
inline base::Bytes rechained(const base::Bytes& b, const std::vector<ChunkPeek>& chunks) {
  base::Bytes out(b.begin(), b.begin() + kFileHeaderBytes);
  ChainHash tip = chain_hash(out);
  std::uint32_t sequence = 0;
  for (const auto& c : chunks) {
    ChunkHeader h = c.header;
    h.sequence = sequence++;
    h.previous = tip;
    base::ByteWriter w;
    w.bytes(encode_chunk_header(h));
    const auto payload = base::ByteView(b).subspan(c.offset + kChunkHeaderBytes, h.length);
    w.bytes(payload);
    w.u32(base::crc32c(payload));
    tip = chain_hash(w.view());
    base::append(out, w.view());
  }
  return out;
}

inline std::vector<TimelineItem> items_of(const std::string& path, const KeyRing& keys = {}) {
  std::vector<TimelineItem> out;
  auto timeline = Timeline::open(path, keys);
  while (timeline) {
    auto item = timeline->next();
    if (!item || !*item) break;
    out.push_back(std::move(**item));
  }
  return out;
}
inline std::string member(const boost::json::object& o, std::string_view key) {
  return std::string(o.at(key).as_string());
}
template <typename T>
std::vector<T> only(const std::vector<TimelineItem>& items) {
  std::vector<T> out;
  for (const auto& i : items) {
    if (const T* v = std::get_if<T>(&i.item)) out.push_back(*v);
  }
  return out;
}

}  // namespace rescue::rcrec::samples
