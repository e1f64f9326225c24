// SPDX-License-Identifier: Apache-2.0
// rcrec_make_golden FOLDER: made tests/golden/rcrec. Existing files stay: a golden file is never made anew, only added.
#include <cstdio>

#include "rcrec/impl/chunk_appender.hpp"
#include "rcrec/impl/items.hpp"
#include "samples.hpp"
#include "screen/codec.hpp"

namespace {
using namespace rescue;
using namespace rescue::rcrec;
using namespace rescue::rcrec::samples;
namespace fs = std::filesystem;

fs::path root;

void put(const char* name, base::ByteView bytes) {
  if (fs::exists(root / name)) return;
  fs::create_directories((root / name).parent_path());
  write_file(root / name, bytes);
  std::printf("%s\n", name);
}

void seal_header(base::Bytes& b) {
  base::ByteWriter crc;
  crc.u32(base::crc32c(base::ByteView(b).first(60)));
  std::copy(crc.view().begin(), crc.view().end(), b.begin() + 60);
}

void desktop(const fs::path& path) {
  base::SeededRandom random(2);
  auto w = Writer::create(*create_file_sink(path.string()), start(), random);
  screen::Encoder encoder;
  screen::Frame f = *screen::Frame::create({160, 120});
  f.fill({0, 0, 160, 120}, 0x3a6ea5);
  for (int i = 0; i < 12; ++i) {
    const Time t = milliseconds(250 * i);
    f.fill({10 + i * 8, 20, 6, 10}, 0xffffff);
    f.fill({40, 50 + i, 60, 40}, static_cast<screen::Pixel>(random.below(0x1000000)));
    const auto p = encoder.encode(f, nullptr, i == 8);
    if (i == 0) static_cast<void>(w->cursor_shape(arrow(), t));
    static_cast<void>(w->cursor_move({i * 10, i * 5, 7, true}, t));
    static_cast<void>(w->video((*p)->bytes, (*p)->info.keyframe, t));
    if (i == 3) static_cast<void>(w->chat("technician", "I can see your desktop now.", t));
    if (i == 5) static_cast<void>(w->event("control.started", {{"technician", "Ada"}}, t));
    static_cast<void>(w->flush_due(t));
  }
  static_cast<void>(w->finish(milliseconds(3200)));
}

void minor_9(const fs::path& path) {
  ChunkAppender out(*create_file_sink(path.string()));
  FileHeader header;
  header.minor = 9;
  header.flags = 0x80000000;  // one that readers may ignore
  header.session = session_id();
  header.start = start_time();
  static_cast<void>(out.begin(header));
  static_cast<void>(out.append(ChunkType::head, Time(0), Time(0),
                               base::as_bytes(R"({"codec":{"id":1,"version":1},"later":{"things":[1,2]}})")));
  ChunkHeader unknown;
  unknown.type = 77;
  unknown.flags = 0x80;
  static_cast<void>(out.append(unknown, base::as_bytes("not for you")));
  base::Bytes cursor;
  base::Bytes move = encode_cursor(CursorMove{5, 6, 7, true});
  move.push_back(0x55);
  append_item(cursor, Time(0), move);
  append_item(cursor, Time(5), base::Bytes{99, 1, 2, 3});
  static_cast<void>(out.append(ChunkType::cursor, Time(100), Time(5), cursor));
  base::Bytes chat;
  append_item(chat, Time(0), base::as_bytes(R"({"from":"technician","text":"known","colour":"blue"})"));
  static_cast<void>(out.append(ChunkType::chat, Time(200), Time(0), chat));
  base::Bytes end = encode_end({Time(1000), 0, out.chunks()});
  end.push_back(1);
  static_cast<void>(out.append(ChunkType::end, Time(1000), Time(0), end));
}

void bad_files(const base::Bytes& basic, const std::vector<ChunkPeek>& chunks) {
  const auto of_type = [&](ChunkType type) {
    return *std::ranges::find(chunks, static_cast<std::uint8_t>(type), [](const auto& c) { return c.header.type; });
  };
  const auto cut = [](base::Bytes b, std::uint64_t from, std::uint64_t to) {
    b.erase(b.begin() + static_cast<std::ptrdiff_t>(from), b.begin() + static_cast<std::ptrdiff_t>(to));
    return b;
  };
  const auto flip = [](base::Bytes b, std::uint64_t at) {
    b[at] ^= 0x10;
    return b;
  };
  const auto video = of_type(ChunkType::video);
  put("bad/flipped-payload.rcrec", flip(basic, video.offset + 70));
  put("bad/flipped-header.rcrec", flip(basic, video.offset + 14));
  put("bad/removed-chunk.rcrec", cut(basic, video.offset, end_of(video)));
  put("bad/missing-bytes.rcrec", cut(basic, video.offset + 60, video.offset + 70));
  put("bad/torn-tail.rcrec", cut(basic, basic.size() - 90, basic.size()));
  put("bad/cut-at-border.rcrec", cut(basic, chunks.back().offset, basic.size()));
  put("bad/no-magic.rcrec", flip(basic, 2));
  put("bad/short-header.rcrec", cut(basic, 40, basic.size()));
  base::Bytes elsewhere = basic;
  elsewhere[of_type(ChunkType::index).offset + kChunkHeaderBytes + 12 + 17 + 15] ^= 1;  // the second entry's offset
  put("bad/index-elsewhere.rcrec", rechained(elsewhere, chunks));
  base::Bytes more = basic;
  base::append(more, base::as_bytes("more"));
  put("bad/after-end.rcrec", more);
}

void encrypted_files(const base::Bytes& b, const std::vector<ChunkPeek>& chunks) {
  const auto index_of = [&](ChunkType type) {
    return std::ranges::find(chunks, static_cast<std::uint8_t>(type), [](const auto& c) { return c.header.type; }) -
           chunks.begin();
  };
  const auto video = index_of(ChunkType::video);
  // Sealed payloads with one bit turned and a CRC that fits.
  base::Bytes changed = b;
  changed[chunks[static_cast<std::size_t>(video)].offset + 70] ^= 0x10;
  put("bad/encrypted-changed.rcrec", rechained(changed, chunks));
  auto others = chunks;
  std::swap(others[static_cast<std::size_t>(video)], others[static_cast<std::size_t>(video) + 1]);
  put("bad/encrypted-swapped.rcrec", rechained(b, others));
  others = chunks;
  others.erase(others.begin() + video);
  put("bad/encrypted-removed.rcrec", rechained(b, others));
  others = chunks;
  others.insert(others.begin() + video + 1, chunks[static_cast<std::size_t>(video)]);
  put("bad/encrypted-repeated.rcrec", rechained(b, others));
  // A span that says another time.
  others = chunks;
  others[static_cast<std::size_t>(video)].header.span += Time(1);
  put("bad/encrypted-span.rcrec", rechained(b, others));
  // A chunk in clear among the encrypted ones.
  others = chunks;
  others[static_cast<std::size_t>(index_of(ChunkType::chat))].header.flags = 0;
  put("bad/encrypted-clear.rcrec", rechained(b, others));
  // The header says another start: the file key is not for this header.
  base::Bytes other_start = b;
  other_start[39] ^= 1;
  seal_header(other_start);
  put("bad/encrypted-other-start.rcrec", rechained(other_start, chunks));
  // KEYS damaged: the repetition before END opens the rest.
  base::Bytes no_keys = b;
  no_keys[chunks[0].offset + 60] ^= 1;
  put("bad/encrypted-keys-damaged.rcrec", no_keys);
  put("bad/encrypted-torn-tail.rcrec", base::ByteView(b).first(b.size() - 90));
  // The tail cut off and END made by somebody who has no key.
  others = chunks;
  others.resize(others.size() - 4);
  base::Bytes closed = rechained(b, others);
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(ChunkType::end);
  h.t0 = others.back().header.t0 + others.back().header.span;
  h.sequence = static_cast<std::uint32_t>(others.size());
  h.previous = chain_hash(base::ByteView(closed).last(
      static_cast<std::size_t>(kChunkHeaderBytes + others.back().header.length + kChunkTrailerBytes)));
  const auto end = encode_end({h.t0, 0, h.sequence});
  h.length = static_cast<std::uint32_t>(end.size());
  base::append(closed, encode_chunk_header(h));
  base::append(closed, end);
  base::ByteWriter crc;
  crc.u32(base::crc32c(end));
  base::append(closed, crc.view());
  put("bad/encrypted-closed-by-another.rcrec", closed);
}

void forged(const char* name, base::ByteView payload, std::uint8_t flags) {
  const fs::path path = root / name;
  if (fs::exists(path)) return;
  ChunkAppender out(*create_file_sink(path.string()));
  static_cast<void>(out.begin({}));
  static_cast<void>(out.append(ChunkType::head, Time(0), Time(0), base::as_bytes("{}")));
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(ChunkType::event);
  h.flags = flags;
  static_cast<void>(out.append(h, payload));
  std::printf("%s\n", name);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  root = argv[1];
  for (const char* folder : {"compat", "bad", "future"}) fs::create_directories(root / folder);
  const fs::path basic_path = root / "compat/basic.rcrec";
  if (!fs::exists(basic_path) && !make(basic_path.string())) return 1;
  if (!fs::exists(root / "compat/basic-1.1.rcrec") && !make((root / "compat/basic-1.1.rcrec").string())) return 1;
  const fs::path encrypted_path = root / "compat/encrypted-1.1.rcrec";
  if (!fs::exists(encrypted_path) &&
      !make(encrypted_path.string(), {auditor().public_key(), second_auditor().public_key()}))
    return 1;
  put("compat/encrypted-1.1.key", auditor().pem().view());
  encrypted_files(read_file(encrypted_path), chunks_of(encrypted_path.string()));
  if (!fs::exists(root / "compat/desktop.rcrec")) desktop(root / "compat/desktop.rcrec");
  if (!fs::exists(root / "future/minor-9.rcrec")) minor_9(root / "future/minor-9.rcrec");
  const base::Bytes basic = read_file(basic_path);
  bad_files(basic, chunks_of(basic_path.string()));
  base::Bytes text;
  append_item(text, Time(0), base::as_bytes("{no json"));
  forged("bad/no-json.rcrec", text, 0);
  base::Bytes object;
  append_item(object, Time(0), base::as_bytes(R"({"type":"x"})"));
  forged("bad/encrypted-chunk.rcrec", object, kChunkFlagEncrypted);
  base::Bytes b = basic;
  b[9] = 2;
  seal_header(b);
  put("future/major-2.rcrec", b);
  for (const auto& [name, flag] : {std::pair{"future/encrypted.rcrec", std::uint8_t{1}},
                                   std::pair{"future/unknown-flag.rcrec", std::uint8_t{0x40}}}) {
    b = basic;
    b[15] = flag;
    seal_header(b);
    put(name, b);
  }
  return 0;
}
