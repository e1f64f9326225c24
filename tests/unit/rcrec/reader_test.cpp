// SPDX-License-Identifier: Apache-2.0
#include "rcrec/reader.hpp"

#include "base/crc32c.hpp"
#include "rcrec/impl/chunk_appender.hpp"
#include "rcrec/impl/items.hpp"
#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {
using namespace samples;
using std::chrono::seconds;

class ReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    whole_path = (dir / "whole.rcrec").string();
    path = (dir / "x.rcrec").string();
    ASSERT_TRUE(make(whole_path));
    whole = read_file(whole_path);
    chunks = chunks_of(whole_path);
    ASSERT_GT(chunks.size(), 15u);
  }
  Verification check(base::ByteView bytes) {
    write_file(path, bytes);
    auto v = verify(path);
    EXPECT_TRUE(v) << v.error().message();
    return v ? std::move(*v) : Verification{};
  }
  base::Bytes without(const ChunkPeek& c) const {
    base::Bytes b = whole;
    b.erase(b.begin() + static_cast<std::ptrdiff_t>(c.offset), b.begin() + static_cast<std::ptrdiff_t>(end_of(c)));
    return b;
  }

  test::TempDir dir;
  std::string whole_path;
  std::string path;
  base::Bytes whole;
  std::vector<ChunkPeek> chunks;
};

TEST_F(ReaderTest, EveryTruncationOpensAndGivesThePrefixOfWhatWasRecorded) {
  const auto all = items_of(whole_path);
  std::set<std::size_t> cuts;
  for (const auto& c : chunks) {
    for (const std::uint64_t at : {c.offset, c.offset + 1, c.offset + 47, c.offset + 48, end_of(c) - 1})
      cuts.insert(at);
  }
  base::SeededRandom random(5);
  for (int i = 0; i < 100; ++i) cuts.insert(kFileHeaderBytes + random.below(whole.size() - kFileHeaderBytes));
  for (const std::size_t n : cuts) {
    SCOPED_TRACE(n);
    const auto v = check(base::ByteView(whole).first(n));
    EXPECT_EQ(v.verdict, Verdict::unfinished);
    const bool at_border = std::ranges::any_of(chunks, [&](const auto& c) { return c.offset == n; });
    EXPECT_EQ(v.first_bad.has_value(), !at_border);
    auto items = items_of(path);
    std::erase_if(items, [](const auto& i) { return std::holds_alternative<GapItem>(i.item); });
    ASSERT_LE(items.size(), all.size());
    const auto chats = only<ChatItem>(items);
    for (std::size_t k = 0; k < chats.size(); ++k) EXPECT_EQ(chats[k].text, only<ChatItem>(all)[k].text);
    const auto video = only<VideoItem>(items);
    for (std::size_t k = 0; k < video.size(); ++k) EXPECT_EQ(video[k].packet, only<VideoItem>(all)[k].packet);
  }
}

TEST_F(ReaderTest, EveryFlippedBitIsFoundWhereItIs) {
  std::set<std::size_t> places;
  for (const auto& c : chunks) {
    for (const std::uint64_t at : {c.offset, c.offset + 4, c.offset + 8, c.offset + 30, c.offset + 44, end_of(c) - 1})
      places.insert(at);
  }
  base::SeededRandom random(6);
  for (int i = 0; i < 150; ++i) places.insert(kFileHeaderBytes + random.below(whole.size() - kFileHeaderBytes));
  for (const std::size_t at : places) {
    SCOPED_TRACE(at);
    base::Bytes b = whole;
    b[at] ^= static_cast<std::uint8_t>(1u << random.below(8));
    const auto v = check(b);
    ASSERT_EQ(v.verdict, Verdict::damaged);
    const auto hit = std::ranges::find_if(chunks, [&](const auto& c) { return at >= c.offset && at < end_of(c); });
    EXPECT_EQ(v.first_bad->offset, hit->offset) << v.first_bad->what;
    EXPECT_EQ(v.info.chunks, chunks.size() - 1) << "only the hit chunk is lost";
  }
}

TEST_F(ReaderTest, VideoBehindDamageIsWithheldUntilTheNextCheckpoint) {
  const auto hit = std::ranges::find(chunks, 2, [](const auto& c) { return c.header.type; });
  ASSERT_NE(hit, chunks.end());
  base::Bytes b = whole;
  b[hit->offset + 60] ^= 1;
  write_file(path, b);
  bool in_gap = false;
  int gaps = 0;
  int resumed = 0;
  for (const auto& i : items_of(path)) {
    if (std::holds_alternative<GapItem>(i.item)) {
      in_gap = true;
      ++gaps;
    }
    if (const auto* v = std::get_if<VideoItem>(&i.item); v != nullptr && in_gap) {
      EXPECT_TRUE(v->checkpoint);
      in_gap = false;
      ++resumed;
    }
  }
  EXPECT_EQ(gaps, 1);
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(only<ChatItem>(items_of(path)).size(), 2u) << "chat does not depend on video";

  const auto chat = std::ranges::find(chunks, 5, [](const auto& c) { return c.header.type; });
  b = whole;
  b[chat->offset + 60] ^= 1;
  write_file(path, b);
  EXPECT_EQ(only<VideoItem>(items_of(path)).size(), 30u) << "video does not depend on chat";
}

TEST_F(ReaderTest, RemovedSwappedAndReplacedChunksBreakTheChain) {
  for (std::size_t k = 1; k + 1 < chunks.size(); ++k) {
    SCOPED_TRACE(k);
    const auto v = check(without(chunks[k]));
    ASSERT_EQ(v.verdict, Verdict::damaged);
    EXPECT_EQ(v.first_bad->kind, DamageKind::broken_chain);
    EXPECT_EQ(v.first_bad->offset, chunks[k].offset);
  }
  // A payload that was replaced with all its CRCs made right: the next chunk's hash gives it away.
  base::Bytes b = whole;
  const auto& chat = *std::ranges::find(chunks, 5, [](const auto& c) { return c.header.type; });
  const auto payload = base::MutableByteView(b).subspan(chat.offset + kChunkHeaderBytes, chat.header.length);
  const auto where = std::ranges::search(payload, base::as_bytes("may"));
  ASSERT_FALSE(where.empty());
  where.front() = 'M';
  base::ByteWriter crc;
  crc.u32(base::crc32c(payload));
  std::ranges::copy(crc.view(), b.begin() + static_cast<std::ptrdiff_t>(end_of(chat) - 4));
  const auto v = check(b);
  ASSERT_EQ(v.verdict, Verdict::damaged);
  EXPECT_EQ(v.first_bad->kind, DamageKind::broken_chain);
  EXPECT_EQ(v.first_bad->offset, end_of(chat));
}

TEST_F(ReaderTest, FindsTheNextChunkBehindInsertedAndMissingBytes) {
  base::SeededRandom random(8);
  for (std::size_t k = 2; k + 2 < chunks.size(); k += 3) {
    SCOPED_TRACE(k);
    base::Bytes b = whole;
    const base::Bytes rubbish = packet(random, 1 + random.below(200));
    b.insert(b.begin() + static_cast<std::ptrdiff_t>(chunks[k].offset), rubbish.begin(), rubbish.end());
    auto v = check(b);
    ASSERT_EQ(v.verdict, Verdict::damaged);
    EXPECT_EQ(v.first_bad->offset, chunks[k].offset);
    EXPECT_EQ(v.first_bad->length, rubbish.size());
    EXPECT_EQ(v.info.chunks, chunks.size());

    b = whole;
    const auto from = b.begin() + static_cast<std::ptrdiff_t>(chunks[k].offset + kChunkHeaderBytes);
    b.erase(from, from + std::min<std::ptrdiff_t>(5, static_cast<std::ptrdiff_t>(chunks[k].header.length)));
    v = check(b);
    ASSERT_EQ(v.verdict, Verdict::damaged);
    EXPECT_EQ(v.first_bad->offset, chunks[k].offset);
    EXPECT_GE(v.info.chunks + 2, chunks.size());
  }
}

TEST_F(ReaderTest, SaysClearlyWhyAFileIsNotForIt) {
  const auto refused = [&](std::size_t at, std::uint8_t value) {
    base::Bytes b = whole;
    b[at] = value;
    write_file(path, b);
    const auto r = ChunkReader::open(path);
    EXPECT_FALSE(r);
    EXPECT_NE(r.error().message().find(path), std::string::npos) << r.error().message();
    return r.error();
  };
  EXPECT_EQ(refused(0, 'X').code, base::Errc::bad_format);
  EXPECT_EQ(refused(9, 2).code, base::Errc::unsupported);
  EXPECT_NE(refused(9, 2).message().find("version 2"), std::string::npos);
  EXPECT_EQ(refused(20, whole[20] ^ 1).code, base::Errc::bad_format);
  for (const std::size_t n : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{63}}) {
    write_file(path, base::ByteView(whole).first(n));
    EXPECT_EQ(ChunkReader::open(path).error().code, base::Errc::bad_format) << n;
  }
  EXPECT_EQ(ChunkReader::open((dir / "missing").string()).error().code, base::Errc::not_found);
  EXPECT_EQ(ChunkReader::open(dir.path().string()).error().code, base::Errc::invalid_argument);
}

TEST_F(ReaderTest, SeekStartsAtTheCheckpointBeforeWithTheWholeCursor) {
  auto timeline = Timeline::open(whole_path);
  ASSERT_TRUE(timeline->seek(milliseconds(4000)));
  std::vector<TimelineItem> items;
  for (auto i = timeline->next(); i && *i; i = timeline->next()) items.push_back(std::move(**i));
  ASSERT_GE(items.size(), 3u);
  ASSERT_TRUE(std::holds_alternative<VideoItem>(items[0].item));
  EXPECT_TRUE(std::get<VideoItem>(items[0].item).checkpoint);
  EXPECT_EQ(std::get<CursorShape>(items[1].item), arrow()) << "it was told at 0.1 s, and stands again here";
  EXPECT_EQ(std::get<CursorMove>(items[2].item).x, 34);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(items[static_cast<std::size_t>(i)].t, milliseconds(3400)) << i;
  EXPECT_EQ(only<VideoItem>(items).size(), 13u);
  ASSERT_TRUE(timeline->seek(Time(0)));
  std::size_t video = 0;
  for (auto i = timeline->next(); i && *i; i = timeline->next())
    video += std::holds_alternative<VideoItem>((*i)->item) ? 1 : 0;
  EXPECT_EQ(video, 30u);
}

TEST_F(ReaderTest, RepairKeepsEveryWholeChunkAndSaysWhatWasLost) {
  const std::string out = (dir / "repaired.rcrec").string();
  const auto hit = chunks[chunks.size() / 2];
  base::Bytes b = whole;
  b[hit.offset + 50] ^= 1;
  const auto before = check(b);
  const auto report = repair(path, out);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->original_sha256_hex, before.sha256_hex);
  EXPECT_EQ(report->bytes_dropped, end_of(hit) - hit.offset);
  const auto v = verify(out);
  EXPECT_EQ(v->verdict, Verdict::intact) << (v->first_bad ? v->first_bad->what : "");
  EXPECT_EQ(v->sha256_hex, report->sha256_hex);
  EXPECT_EQ(v->info.duration, milliseconds(6500));
  const auto events = only<EventItem>(items_of(out));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().type, "repaired");
  EXPECT_EQ(member(events.back().all, "original_sha256"), report->original_sha256_hex);
  const auto repaired = read_file(out);
  EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(hit.offset), repaired.begin()))
      << "what stands before the damage keeps its bytes";
  EXPECT_EQ(repair(path, out).error().code, base::Errc::conflict);

  const std::string torn = (dir / "torn-repaired.rcrec").string();
  write_file(path, base::ByteView(whole).first(whole.size() - 100));
  ASSERT_TRUE(repair(path, torn));
  EXPECT_EQ(verify(torn)->verdict, Verdict::intact);
}

/// Chunks as a hostile writer makes them: all CRCs and the chain right.
class Forger {
 public:
  explicit Forger(const std::string& path) : out_(*create_file_sink(path)) { EXPECT_TRUE(out_.begin({})); }
  Forger& add(ChunkType type, base::ByteView payload, Time t0 = {}, std::uint8_t flags = 0) {
    ChunkHeader h;
    h.type = static_cast<std::uint8_t>(type);
    h.flags = flags;
    h.t0 = t0;
    EXPECT_TRUE(out_.append(h, payload));
    return *this;
  }

 private:
  ChunkAppender out_;
};

TEST_F(ReaderTest, ForgedContentIsNamedAndNothingElseSuffers) {
  const auto first_bad = [&](ChunkType type, base::Bytes payload) {
    std::filesystem::remove(path);
    Forger(path).add(ChunkType::head, base::as_bytes("{}")).add(type, payload);
    static_cast<void>(items_of(path));  // must end
    const auto v = verify(path);
    return v->first_bad ? v->first_bad->kind : DamageKind::torn_tail;
  };
  base::Bytes huge_length;
  append_item(huge_length, Time(0), {});
  huge_length.back() = 0x7f;
  EXPECT_EQ(first_bad(ChunkType::video, huge_length), DamageKind::bad_content);
  EXPECT_EQ(first_bad(ChunkType::video, base::Bytes(11, 0xff)), DamageKind::bad_content) << "endless varint";
  base::Bytes nested;
  append_item(nested, Time(0), base::as_bytes(std::string(5000, '[')));
  EXPECT_EQ(first_bad(ChunkType::chat, nested), DamageKind::bad_content);
  base::Bytes array;
  append_item(array, Time(0), base::as_bytes("[1]"));
  EXPECT_EQ(first_bad(ChunkType::event, array), DamageKind::bad_content);
  base::Bytes big_cursor;
  append_item(big_cursor, Time(0), base::Bytes{1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  EXPECT_EQ(first_bad(ChunkType::cursor, big_cursor), DamageKind::bad_content);
  EXPECT_EQ(first_bad(ChunkType::index, base::Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}),
            DamageKind::bad_content);
  EXPECT_EQ(first_bad(ChunkType::end, base::Bytes(20, 0xff)), DamageKind::bad_content);
  EXPECT_EQ(first_bad(ChunkType::head, base::to_bytes(base::as_bytes("{}"))), DamageKind::bad_content)
      << "a second HEAD";
  EXPECT_EQ(first_bad(ChunkType::clock, {1, 2}), DamageKind::bad_content);
}

TEST_F(ReaderTest, EncryptedChunksAreReportedAndSkipped) {
  base::Bytes item;
  append_item(item, Time(0), base::as_bytes(R"({"type":"x"})"));
  Forger(path)
      .add(ChunkType::head, base::as_bytes("{}"))
      .add(ChunkType::event, item, Time(1), kChunkFlagEncrypted)
      .add(ChunkType::event, item, Time(2));
  EXPECT_EQ(only<EventItem>(items_of(path)).size(), 1u);
  EXPECT_EQ(verify(path)->first_bad->kind, DamageKind::encrypted);
}

TEST_F(ReaderTest, ManyOverlappingChunksNeitherStallNorLoseItems) {
  Forger forger(path);
  forger.add(ChunkType::head, base::as_bytes("{}"));
  base::Bytes items;
  for (int i = 0; i < 20; ++i) append_item(items, Time(1000), base::as_bytes(R"({"type":"x"})"));
  for (int i = 0; i < 100; ++i) forger.add(ChunkType::event, items, Time(5));
  EXPECT_EQ(only<EventItem>(items_of(path)).size(), 2000u);
}

TEST_F(ReaderTest, NestedFalseChunksAreReadInLinearTime) {
  // A chunk whose payload holds thousands of chunk headers, each claiming megabytes; its own payload CRC is wrong.
  ChunkHeader fake;
  fake.length = 1 << 20;
  base::ByteWriter nest;
  for (int i = 0; i < 40'000; ++i) nest.bytes(encode_chunk_header(fake));
  Forger(path).add(ChunkType::head, base::as_bytes("{}")).add(ChunkType::video, nest.view());
  base::Bytes b = read_file(path);
  b.back() ^= 1;
  b.push_back(0);
  write_file(path, b);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(verify(path)->verdict, Verdict::damaged);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(20)) << "quadratic work would be 40 GB of CRC";
}

}  // namespace
}  // namespace rescue::rcrec
