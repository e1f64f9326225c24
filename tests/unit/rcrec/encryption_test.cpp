// SPDX-License-Identifier: Apache-2.0
// Recordings that are encrypted: who can read them, what others see, and what nobody can do to them unnoticed.
#include "rcrec/impl/seal.hpp"
#include "rcrec/impl/sha256.hpp"
#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {
using namespace samples;

class Encrypted : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make(path, {auditor().public_key(), second_auditor().public_key()}));
    whole = read_file(path);
    chunks = chunks_of(path);
  }
  [[nodiscard]] Verification check(const base::Bytes& b, const KeyRing& keys) const {
    write_file(other, b);
    return verify(other, keys).value();
  }
  [[nodiscard]] std::size_t first(ChunkType type) const {
    return static_cast<std::size_t>(
        std::ranges::find(chunks, static_cast<std::uint8_t>(type), [](const auto& c) { return c.header.type; }) -
        chunks.begin());
  }

  test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  const std::string other = (dir / "b.rcrec").string();
  const KeyRing ring = ring_of(auditor());
  base::Bytes whole;
  std::vector<ChunkPeek> chunks;
};

TEST_F(Encrypted, EachRecipientReadsWhatWasRecorded) {
  ASSERT_TRUE(make(other));
  const auto plain = items_of(other);
  for (const auto& key : {auditor(), second_auditor()}) {
    const auto items = items_of(path, ring_of(key));
    ASSERT_EQ(items.size(), plain.size());
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].t, plain[i].t);
    EXPECT_EQ(only<CursorMove>(items), only<CursorMove>(plain));
    EXPECT_EQ(only<VideoItem>(items).back().packet, only<VideoItem>(plain).back().packet);
    EXPECT_EQ(only<ChatItem>(items)[1].text, "Grüß Gott ☕");
  }
  const auto v = verify(path, ring);
  EXPECT_EQ(v->verdict, Verdict::intact);
  EXPECT_TRUE(v->info.content_read);
  EXPECT_EQ(v->info.head.at("technician").at("name"), "Ada");
  EXPECT_EQ(v->info.video_packets, 30u);
}

TEST_F(Encrypted, NoContentStandsInTheFile) {
  const auto text = base::as_text(whole);
  for (const char* secret : {"Ada", "technician", "Good morning", "consent.granted", "rescue sample"})
    EXPECT_EQ(text.find(secret), std::string_view::npos) << secret;
  base::SeededRandom random(99);
  const auto shown = packet(random, 20 + random.below(120));
  EXPECT_EQ(std::ranges::search(whole, shown).begin(), whole.end());
}

TEST_F(Encrypted, WithoutAKeyTheStructureIsCheckedAndNothingElseIsSaid) {
  const auto v = verify(path);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->verdict, Verdict::intact);
  EXPECT_TRUE(v->info.encrypted);
  EXPECT_FALSE(v->info.content_read);
  EXPECT_EQ(v->info.recipients, (std::vector{auditor().public_key().id(), second_auditor().public_key().id()}));
  EXPECT_EQ(v->info.duration, milliseconds(6500));
  EXPECT_EQ(v->info.checkpoints, 2u);
  EXPECT_EQ(v->info.video_packets, 0u);
  EXPECT_TRUE(v->info.head.empty());
  base::Bytes b = whole;
  b[chunks[4].offset + 60] ^= 1;
  EXPECT_EQ(check(b, {}).verdict, Verdict::damaged) << "a flipped bit shows in the CRC";
}

TEST_F(Encrypted, ReadingTakesAKeyAndTheRightOne) {
  const auto ids = recipients_text(std::vector{auditor().public_key().id(), second_auditor().public_key().id()});
  const auto without = Timeline::open(path);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::key_needed);
  EXPECT_NE(without.error().message().find(ids), std::string::npos) << without.error().message();
  base::SeededRandom random(3);
  const auto stranger = ring_of(crypto::X25519Private::generate(random).value());
  for (const auto& error : {Timeline::open(path, stranger).error(), verify(path, stranger).error()}) {
    EXPECT_EQ(error.code, Errc::wrong_key);
    EXPECT_EQ(error.exit(), base::Exit::denied);
    EXPECT_NE(error.message().find(ids), std::string::npos) << error.message();
  }
}

TEST_F(Encrypted, EveryFlippedBitIsFoundAlsoWhenTheCrcsWereMadeRight) {
  for (std::size_t k = 0; k < chunks.size(); ++k) {
    const auto& c = chunks[k];
    if (c.header.type == static_cast<std::uint8_t>(ChunkType::keys)) continue;
    // First byte, last byte of the content, number of the seal, number before, tag.
    const std::uint64_t length = c.header.length;
    for (const std::uint64_t at : {std::uint64_t{0}, length - kSealBytes - 1, length - 21, length - 17, length - 1}) {
      SCOPED_TRACE(fmt::format("chunk {} byte {}", k, at));
      base::Bytes b = whole;
      b[c.offset + kChunkHeaderBytes + at] ^= 1;
      const auto v = check(rechained(b, chunks), ring);
      ASSERT_EQ(v.verdict, Verdict::damaged);
      EXPECT_EQ(v.first_bad->kind, DamageKind::bad_seal);
      EXPECT_EQ(v.first_bad->offset, c.offset);
    }
  }
}

TEST_F(Encrypted, RemovedSwappedRepeatedAndForeignChunksAreFoundAlsoInANewChain) {
  for (std::size_t k = 1; k + 1 < chunks.size(); ++k) {
    if (chunks[k].header.type == static_cast<std::uint8_t>(ChunkType::keys)) continue;
    SCOPED_TRACE(k);
    auto others = chunks;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
    EXPECT_EQ(check(rechained(whole, others), ring).verdict, Verdict::damaged) << "removed";
    others = chunks;
    others.insert(others.begin() + static_cast<std::ptrdiff_t>(k), chunks[k]);
    EXPECT_EQ(check(rechained(whole, others), ring).verdict, Verdict::damaged) << "repeated";
    if (k + 2 < chunks.size()) {
      others = chunks;
      std::swap(others[k], others[k + 1]);
      EXPECT_EQ(check(rechained(whole, others), ring).verdict, Verdict::damaged) << "swapped";
    }
  }
  // The same session recorded a second time for the same people: its chunks do not fit.
  base::SeededRandom random(2);
  auto what = start();
  what.recipients = {auditor().public_key()};
  {
    auto w = Writer::create(*create_file_sink((dir / "c.rcrec").string()), what, random);
    play(*w);
    ASSERT_TRUE(w->finish(milliseconds(6500)));
  }
  const auto foreign = read_file(dir / "c.rcrec");
  const auto theirs = chunks_of((dir / "c.rcrec").string());
  const auto& mine = chunks[first(ChunkType::chat)];
  const auto chat = std::ranges::find(theirs, 5, [](const auto& c) { return c.header.type; });
  ASSERT_EQ(chat->header.length, mine.header.length);
  base::Bytes b = whole;
  std::copy_n(foreign.begin() + static_cast<std::ptrdiff_t>(chat->offset) + kChunkHeaderBytes, mine.header.length,
              b.begin() + static_cast<std::ptrdiff_t>(mine.offset) + kChunkHeaderBytes);
  const auto v = check(rechained(b, chunks), ring);
  ASSERT_EQ(v.verdict, Verdict::damaged);
  EXPECT_EQ(v.first_bad->kind, DamageKind::bad_seal);
}

TEST_F(Encrypted, ATailThatWasCutAndClosedBySomebodyIsNotWhole) {
  const std::string cut = (dir / "cut.rcrec").string();
  write_file(other, base::ByteView(whole).first(chunks[chunks.size() - 3].offset));
  ASSERT_TRUE(repair(other, cut)) << "anybody can do that";
  const auto v = verify(cut, ring);
  EXPECT_EQ(v->verdict, Verdict::damaged);
  EXPECT_EQ(v->first_bad->kind, DamageKind::bad_seal);
  EXPECT_NE(v->first_bad->what.find("END"), std::string::npos);
}

TEST_F(Encrypted, OneDamagedKeysChunkCostsNothing) {
  base::Bytes b = whole;
  b[chunks[0].offset + 60] ^= 1;
  const auto v = check(b, ring);
  EXPECT_EQ(v.verdict, Verdict::damaged);
  EXPECT_EQ(only<VideoItem>(items_of(other, ring)).size(), 30u);
  EXPECT_EQ(v.info.head.at("technician").at("name"), "Ada");
  const std::string out = (dir / "repaired.rcrec").string();
  ASSERT_TRUE(repair(other, out));
  EXPECT_EQ(only<ChatItem>(items_of(out, ring)).size(), 2u);
  EXPECT_EQ(chunks_of(out)[0].header.type, static_cast<std::uint8_t>(ChunkType::keys)) << "KEYS stands first again";
}

TEST_F(Encrypted, RepairNeedsNoKeyAndItsWordsDoNotPassForTheSessions) {
  const std::string out = (dir / "repaired.rcrec").string();
  base::Bytes b = whole;
  const auto hit = chunks[first(ChunkType::cursor)];
  b[hit.offset + 50] ^= 1;
  write_file(other, b);
  const auto report = repair(other, out);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->bytes_dropped, end_of(hit) - hit.offset);
  EXPECT_EQ(verify(out)->verdict, Verdict::intact) << verify(out)->first_bad->what;
  const auto items = items_of(out, ring);
  EXPECT_EQ(only<ChatItem>(items).size(), 2u);
  ASSERT_EQ(only<EventItem>(items).size(), 3u);
  EXPECT_EQ(only<EventItem>(items).back().type, "repaired");
  EXPECT_EQ(only<GapItem>(items).size(), 1u) << "with the key the hole is seen: the seals around it do not meet";

  // With a key, chunks with a wrong seal are dropped too.
  b = whole;
  b[chunks[first(ChunkType::chat)].offset + 60] ^= 1;
  write_file(other, rechained(b, chunks));
  ASSERT_TRUE(repair(other, (dir / "without.rcrec").string()));
  ASSERT_TRUE(repair(other, (dir / "with.rcrec").string(), ring));
  EXPECT_EQ(chunks_of((dir / "with.rcrec").string()).size() + 1, chunks_of((dir / "without.rcrec").string()).size());
}

TEST_F(Encrypted, AForgedRepairChunkIsARepairAndNothingElse) {
  base::Bytes b = whole;
  auto others = chunks;
  const auto chat = first(ChunkType::chat);
  others[chat].header.type = static_cast<std::uint8_t>(ChunkType::repair);
  others[chat].header.flags = 0;
  const std::string words = R"({"type":"consent.granted"})";
  base::Bytes item{0, static_cast<std::uint8_t>(words.size())};
  base::append(item, base::as_bytes(words));
  ASSERT_LE(item.size(), others[chat].header.length);
  others[chat].header.length = static_cast<std::uint32_t>(item.size());
  std::ranges::copy(item, b.begin() + static_cast<std::ptrdiff_t>(others[chat].offset + kChunkHeaderBytes));
  write_file(other, rechained(b, others));
  int repaired = 0;
  for (const auto& e : only<EventItem>(items_of(other, ring))) {
    if (e.type != "repaired") continue;
    ++repaired;
    EXPECT_EQ(member(e.all, "type"), "repaired");
  }
  EXPECT_EQ(repaired, 1);
  EXPECT_EQ(only<EventItem>(items_of(other, ring)).size(), 3u);
}

TEST_F(Encrypted, ARepairInThePlaceOfARepeatedKeysIsFound) {
  base::Bytes b = whole;
  auto others = chunks;
  const auto k = static_cast<std::size_t>(std::ranges::find(chunks.begin() + 1, chunks.end(),
                                                            static_cast<std::uint8_t>(ChunkType::keys),
                                                            [](const auto& c) { return c.header.type; }) -
                                          chunks.begin());
  ASSERT_LT(k, chunks.size());
  others[k].header.type = static_cast<std::uint8_t>(ChunkType::repair);
  // One item that fills the chunk: no offset and no count changes.
  const std::size_t bytes = others[k].header.length - 3;
  base::Bytes item{0, static_cast<std::uint8_t>((bytes & 0x7f) | 0x80), static_cast<std::uint8_t>(bytes >> 7)};
  std::string words = R"({"damage":"none of your business")";
  words.resize(bytes - 1, ' ');
  base::append(item, base::as_bytes(words + "}"));
  std::ranges::copy(item, b.begin() + static_cast<std::ptrdiff_t>(others[k].offset + kChunkHeaderBytes));
  const auto v = check(rechained(b, others), ring);
  ASSERT_EQ(v.verdict, Verdict::damaged);
  EXPECT_EQ(v.first_bad->kind, DamageKind::bad_seal);
  EXPECT_EQ(v.info.damaged_places, 1u);
}

TEST_F(Encrypted, NoNumberOfASealIsUsedTwiceAlsoBehindFailedWrites) {
  struct Disk final : Sink {
    base::Bytes content;
    base::Bytes everything;  // also what was cut off again
    int fails_in = 0;
    std::string path = "disk";
    base::Result<> append(base::ByteView b) override {
      if (--fails_in == 0) {
        base::append(everything, b.first(b.size() - 1));  // nearly all of it got out
        return base::fail(base::Errc::no_space, "write");
      }
      base::append(content, b);
      base::append(everything, b);
      return {};
    }
    base::Result<> truncate(std::uint64_t size) override {
      content.resize(size);
      return {};
    }
    base::Result<> sync() override { return {}; }
    const std::string& name() const override { return path; }
  };
  for (int fails_in = 4; fails_in < 20; ++fails_in) {
    auto sink = std::make_unique<Disk>();
    Disk& disk = *sink;
    base::SeededRandom random(1);
    auto what = start();
    what.recipients = {auditor().public_key()};
    {
      auto w = Writer::create(std::move(sink), what, random);
      ASSERT_TRUE(w);
      disk.fails_in = fails_in;
      play(*w);
      if (!w->finish(milliseconds(6500))) {
        ASSERT_TRUE(w->finish(milliseconds(6500))) << "the write that failed was one of the last";
      }
      std::set<std::uint32_t> numbers;
      for (std::size_t at = 0; at + kChunkHeaderBytes < disk.everything.size(); ++at) {
        const auto h = decode_chunk_header(base::ByteView(disk.everything).subspan(at, kChunkHeaderBytes));
        if (!h || h->flags == 0 || at + kChunkHeaderBytes + h->length > disk.everything.size()) continue;
        base::ByteReader seal(
            base::ByteView(disk.everything).subspan(at + kChunkHeaderBytes + h->length - kSealBytes, 4));
        const auto number = *seal.u32();
        EXPECT_TRUE(numbers.insert(number).second) << number;
      }
      EXPECT_GT(numbers.size(), 8u);
      write_file(other, disk.content);
    }
    const auto v = verify(other, ring);
    EXPECT_EQ(v->verdict, Verdict::intact) << "a write that failed leaves no hole: " << v->first_bad->what;
  }
}

TEST_F(Encrypted, ATruncationAtEveryBorderOpensUpToThere) {
  const auto all = items_of(path, ring);
  std::set<std::size_t> sizes;
  for (const auto& c : chunks) {
    for (const std::uint64_t at :
         {c.offset, c.offset + 1, c.offset + kChunkHeaderBytes, c.offset + kChunkHeaderBytes + 1,
          end_of(c) - kSealBytes - 4, end_of(c) - 5, end_of(c) - 1})
      sizes.insert(at);
  }
  base::SeededRandom random(5);
  for (int i = 0; i < 60; ++i) sizes.insert(kFileHeaderBytes + random.below(whole.size() - kFileHeaderBytes));
  for (const std::size_t size : sizes) {
    SCOPED_TRACE(size);
    write_file(other, base::ByteView(whole).first(size));
    EXPECT_EQ(verify(other)->verdict, Verdict::unfinished);
    if (size < end_of(chunks[0])) continue;  // nobody's keys are there yet
    const auto v = verify(other, ring);
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_EQ(v->verdict, Verdict::unfinished) << v->first_bad->what;
    const auto chats = only<ChatItem>(items_of(other, ring));
    for (std::size_t k = 0; k < chats.size(); ++k) EXPECT_EQ(chats[k].text, only<ChatItem>(all)[k].text);
  }
}

TEST_F(Encrypted, TooManyRecipientsAndAKeyOfSmallOrderAreRefused) {
  base::SeededRandom random(4);
  auto what = start();
  for (std::size_t i = 0; i <= kMaxRecipients; ++i)
    what.recipients.push_back(crypto::X25519Private::generate(random)->public_key());
  EXPECT_EQ(Writer::create(*create_file_sink(other), what, random).error().code, base::Errc::too_large);
  what.recipients = {crypto::X25519Public::from_raw(base::Bytes(32, 0)).value()};
  EXPECT_FALSE(Writer::create(*create_file_sink((dir / "z.rcrec").string()), what, random));
}

}  // namespace
}  // namespace rescue::rcrec
