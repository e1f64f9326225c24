// SPDX-License-Identifier: Apache-2.0
// Entering long recordings: what is read for it, counted.
#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {
using namespace samples;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kPacket = 20'000;

/// Three hours, a packet each minute and a checkpoint each half hour; 3.6 MB.
class Seek : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    base::SeededRandom random(4);
    auto what = start();
    if (GetParam()) {
      what.recipients = {auditor().public_key()};
      ring = ring_of(auditor());
    }
    auto w = Writer::create(*create_file_sink(path), what, random);
    ASSERT_TRUE(w->cursor_shape(arrow(), Time(0)));
    for (int minute = 0; minute < 180; ++minute) {
      const Time t = minutes(minute);
      if (w->clock_due(t)) {
        ASSERT_TRUE(w->clock(start_time() + t, t));
      }
      ASSERT_TRUE(w->video(packet(random, kPacket), minute % 30 == 0, t));
      ASSERT_TRUE(w->cursor_move({minute, 1, 7, true}, t + seconds(1)));
      if (minute % 10 == 5) {
        ASSERT_TRUE(w->event("tick", {{"minute", minute}}, t + seconds(2)));
      }
      ASSERT_TRUE(w->flush_due(t + seconds(30)));
    }
    ASSERT_TRUE(w->finish(minutes(180)));
    whole = read_file(path);
    chunks = chunks_of(path);
  }
  [[nodiscard]] std::uint64_t bytes_of(ChunkType type) const {
    std::uint64_t out = 0;
    for (const auto& c : chunks)
      if (c.header.type == static_cast<std::uint8_t>(type)) out += end_of(c) - c.offset;
    return out;
  }
  /// What the first pictures behind a seek to `t` are, and the bytes that were read for them since `before`.
  static void expect_at(Timeline& timeline, Time t, std::uint64_t most) {
    const auto before = timeline.bytes_read();
    ASSERT_TRUE(timeline.seek(t));
    auto item = timeline.next();
    ASSERT_TRUE(item && *item);
    EXPECT_EQ((*item)->t, minutes(std::chrono::floor<minutes>(t).count() / 30 * 30));
    EXPECT_TRUE(std::get<VideoItem>((*item)->item).checkpoint);
    EXPECT_LE(timeline.bytes_read() - before, most);
    item = timeline.next();
    EXPECT_EQ(std::get<CursorShape>((*item)->item), arrow());
  }

  test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  KeyRing ring;
  base::Bytes whole;
  std::vector<ChunkPeek> chunks;
};
INSTANTIATE_TEST_SUITE_P(PlainAndEncrypted, Seek, ::testing::Bool(),
                         [](const auto& i) { return i.param ? "encrypted" : "plain"; });

TEST_P(Seek, AFinishedRecordingIsEnteredByItsIndex) {
  auto timeline = Timeline::open(path, ring);
  ASSERT_TRUE(timeline);
  EXPECT_LE(timeline->bytes_read(), 512u) << "the file header, and KEYS";
  const auto opened = timeline->bytes_read();
  const auto outline = timeline->outline();
  ASSERT_TRUE(outline);
  EXPECT_TRUE((*outline)->finished);
  EXPECT_TRUE((*outline)->from_index);
  EXPECT_EQ((*outline)->duration, minutes(180));
  EXPECT_EQ(std::ranges::count((*outline)->entries, static_cast<std::uint8_t>(ChunkType::ckpt), &IndexEntry::type), 6);
  EXPECT_EQ(std::ranges::count((*outline)->entries, static_cast<std::uint8_t>(ChunkType::event), &IndexEntry::type),
            18);
  EXPECT_LE(timeline->bytes_read() - opened, bytes_of(ChunkType::index) + 1024) << "the tail and the INDEX chunks";
  // The checkpoint, and what must be seen before its items can be given out.
  for (const int minute : {179, 31, 0, 90, 150, 29}) expect_at(*timeline, minutes(minute), 2 * kPacket + 4096);
}

TEST_P(Seek, AnUnfinishedOneIsWalkedOverByItsHeadersOnce) {
  write_file(path, base::ByteView(whole).first(whole.size() - 10));
  auto timeline = Timeline::open(path, ring);
  const auto outline = timeline->outline();
  EXPECT_FALSE((*outline)->finished);
  EXPECT_EQ((*outline)->entries.size(), 24u);
  EXPECT_LE(timeline->bytes_read(), (chunks.size() + 1) * kChunkHeaderBytes + 2048);
  for (const int minute : {179, 31, 0}) expect_at(*timeline, minutes(minute), 2 * kPacket + 4096);
}

TEST_P(Seek, AnIndexThatNamesWhatIsNotThereIsNotBelieved) {
  // Ten bytes are missing in the middle: all offsets behind are wrong, and END and INDEX are as whole as before.
  const auto hit = chunks[chunks.size() / 3];
  base::Bytes b = whole;
  b.erase(b.begin() + static_cast<std::ptrdiff_t>(hit.offset) + 60,
          b.begin() + static_cast<std::ptrdiff_t>(hit.offset) + 70);
  write_file(path, b);
  auto timeline = Timeline::open(path, ring);
  for (const int minute : {179, 0, 95}) expect_at(*timeline, minutes(minute), whole.size());
}

TEST_P(Seek, AnEntryThatLeadsBesideItsCheckpointIsNotBelieved) {
  const auto last = std::ranges::find_if(chunks.rbegin(), chunks.rend(), [&](const auto& c) {
    return c.header.type == static_cast<std::uint8_t>(ChunkType::index) &&
           whole[c.offset + kChunkHeaderBytes + 28] == static_cast<std::uint8_t>(ChunkType::ckpt);
  });
  base::Bytes b = whole;
  b[last->offset + kChunkHeaderBytes + 27] ^= 1;
  write_file(path, rechained(b, chunks));
  auto timeline = Timeline::open(path, ring);
  EXPECT_TRUE((*timeline->outline())->from_index);
  expect_at(*timeline, minutes(179), whole.size());
}

TEST_P(Seek, ALoopOfIndexesEnds) {
  const auto last = std::ranges::find(chunks.rbegin(), chunks.rend(), static_cast<std::uint8_t>(ChunkType::index),
                                      [](const auto& c) { return c.header.type; });
  base::Bytes b = whole;
  base::ByteWriter self;
  self.u64(last->offset);
  std::ranges::copy(self.view(), b.begin() + static_cast<std::ptrdiff_t>(last->offset + kChunkHeaderBytes));
  write_file(path, rechained(b, chunks));
  auto reader = ChunkReader::open(path, ring);
  const auto outline = reader->outline();
  ASSERT_TRUE(outline);
  EXPECT_FALSE(outline->from_index);
  EXPECT_EQ(outline->entries.size(), 24u);
  EXPECT_TRUE(outline->finished);
}

/// A chunk without a place in a chain, as many as are needed in each other.
base::Bytes chunk_of(ChunkType type, base::ByteView payload) {
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(type);
  h.length = static_cast<std::uint32_t>(payload.size());
  base::ByteWriter w;
  w.bytes(encode_chunk_header(h));
  w.bytes(payload);
  w.u32(base::crc32c(payload));
  return std::move(w).take();
}

TEST(HostileIndex, IndexesInEachOtherAreReadNoMoreThanTheFile) {
  constexpr std::size_t kDepth = 200;
  constexpr std::size_t kStep = kChunkHeaderBytes + 12;  // from one to the next inside it
  base::Bytes inner(100'000);
  for (std::size_t k = kDepth; k-- > 0;) {
    base::Bytes payload = encode_index({k == 0 ? 0 : kFileHeaderBytes + (k - 1) * kStep, {}});
    base::append(payload, inner);
    inner = chunk_of(ChunkType::index, payload);
  }
  const auto header = encode_file_header({});
  base::Bytes file(header.begin(), header.end());
  base::append(file, inner);
  const std::uint64_t last = kFileHeaderBytes + (kDepth - 1) * kStep;
  base::append(file, chunk_of(ChunkType::end, encode_end({Time(0), last, 1})));
  const test::TempDir dir;
  write_file(dir / "a.rcrec", file);
  const auto reader = ChunkReader::open((dir / "a.rcrec").string());
  ASSERT_TRUE(reader) << reader.error().message();
  const auto outline = reader->outline();
  ASSERT_TRUE(outline);
  EXPECT_FALSE(outline->from_index);
  EXPECT_LE(reader->bytes_read(), 2 * file.size());
}

}  // namespace
}  // namespace rescue::rcrec
