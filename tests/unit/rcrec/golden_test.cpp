// SPDX-License-Identifier: Apache-2.0
// tests/golden/rcrec: files that every later version must read as told here. Made once by make_golden.
#include "samples.hpp"
#include "screen/codec.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {
using namespace samples;

std::string golden(const std::string& name) { return (test::source_dir() / "tests/golden/rcrec" / name).string(); }

TEST(Golden, TheWriterStillWritesTheSameBytes) {
  const test::TempDir dir;
  ASSERT_TRUE(make((dir / "basic.rcrec").string()));
  EXPECT_TRUE(read_file(dir / "basic.rcrec") == read_file(golden("compat/basic-1.1.rcrec")));
  ASSERT_TRUE(make((dir / "encrypted.rcrec").string(), {auditor().public_key(), second_auditor().public_key()}));
  EXPECT_TRUE(read_file(dir / "encrypted.rcrec") == read_file(golden("compat/encrypted-1.1.rcrec")));
}

TEST(Golden, FilesOfEveryVersionReadAlike) {
  const auto text = read_file(golden("compat/encrypted-1.1.key"));
  KeyRing ring;
  ring.add(crypto::X25519Private::from_pem(base::as_text(text)).value());
  const auto first = items_of(golden("compat/basic.rcrec"));
  ASSERT_EQ(only<VideoItem>(first).size(), 30u);
  for (const char* file : {"compat/basic-1.1.rcrec", "compat/encrypted-1.1.rcrec"}) {
    SCOPED_TRACE(file);
    const auto items = items_of(golden(file), ring);
    ASSERT_EQ(only<VideoItem>(items).size(), 30u);
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(only<VideoItem>(items)[i].packet, only<VideoItem>(first)[i].packet);
    ASSERT_EQ(only<ChatItem>(items).size(), 2u);
    EXPECT_EQ(only<ChatItem>(items)[1].text, only<ChatItem>(first)[1].text);
    EXPECT_EQ(only<EventItem>(items).size(), 2u);
    EXPECT_EQ(verify(golden(file), ring)->verdict, Verdict::intact);
  }
}

TEST(Golden, SeekingInAFileOfVersion10FindsTheCursorBeforeItsCheckpoint) {
  auto timeline = Timeline::open(golden("compat/basic.rcrec"));
  ASSERT_TRUE(timeline->seek(milliseconds(4000)));
  std::vector<TimelineItem> items;
  for (auto i = timeline->next(); i && *i; i = timeline->next()) items.push_back(std::move(**i));
  ASSERT_GE(items.size(), 3u);
  EXPECT_EQ(std::get<CursorShape>(items[0].item), arrow());
  EXPECT_EQ(std::get<CursorMove>(items[1].item).x, 34) << "the last position before 3.4 s";
  EXPECT_EQ(only<VideoItem>(items).size(), 13u);
}

TEST(Golden, ARealDesktopStillDecodes) {
  screen::Decoder decoder;
  int pictures = 0;
  for (const auto& v : only<VideoItem>(items_of(golden("compat/desktop.rcrec")))) {
    ASSERT_TRUE(decoder.decode(v.packet)) << "the packet's own check failed";
    ++pictures;
  }
  EXPECT_EQ(pictures, 12);
  EXPECT_EQ(decoder.canvas().size(), (screen::Size{160, 120}));
  EXPECT_EQ(decoder.canvas().row(119)[159], 0x3a6ea5u);
}

struct Expected {
  const char* file;
  Verdict verdict;
  std::optional<DamageKind> kind;
  std::uint64_t offset;
  const char* what;  // part of the message
};

void expect_as_told(std::span<const Expected> files, const KeyRing& keys) {
  for (const Expected& e : files) {
    SCOPED_TRACE(e.file);
    const auto v = verify(golden(e.file), keys);
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_EQ(v->verdict, e.verdict);
    ASSERT_EQ(v->first_bad.has_value(), e.kind.has_value());
    if (!e.kind) continue;
    EXPECT_EQ(v->first_bad->kind, *e.kind);
    EXPECT_EQ(v->first_bad->offset, e.offset);
    EXPECT_NE(v->first_bad->what.find(e.what), std::string::npos) << v->first_bad->what;
  }
}

// Offsets are those of the chunks in basic.rcrec that the files were made from: HEAD 64, CLOCK 201, CKPT 261, CURSOR
// 767, CHAT 928, VIDEO 1049, …, INDEX 4063, END 4195, 4267 bytes.
TEST(Golden, BadFilesAreBadInTheWayTheirNamesSay) {
  const Expected kFiles[]{
      {"bad/flipped-payload.rcrec", Verdict::damaged, DamageKind::bad_payload, 1049,
       "payload of VIDEO chunk 5 does not match its CRC"},
      {"bad/flipped-header.rcrec", Verdict::damaged, DamageKind::bad_header, 1049, "no valid chunk header"},
      {"bad/removed-chunk.rcrec", Verdict::damaged, DamageKind::broken_chain, 1049, "chunk 6 where chunk 5 was due"},
      {"bad/missing-bytes.rcrec", Verdict::damaged, DamageKind::bad_payload, 1049,
       "payload of VIDEO chunk 5 does not match its CRC"},
      {"bad/index-elsewhere.rcrec", Verdict::damaged, DamageKind::bad_content, 4063,
       "its entries are not the chunks since the INDEX before it"},
      {"bad/after-end.rcrec", Verdict::damaged, DamageKind::after_end, 4267, "bytes behind END"},
      {"bad/no-json.rcrec", Verdict::damaged, DamageKind::bad_content, 118, "EVENT chunk 1: item"},
      {"bad/torn-tail.rcrec", Verdict::unfinished, DamageKind::torn_tail, 4063, "the file ends inside a INDEX chunk"},
      {"bad/cut-at-border.rcrec", Verdict::unfinished, std::nullopt, 0, ""},
      {"bad/encrypted-chunk.rcrec", Verdict::damaged, DamageKind::encrypted, 118, "EVENT chunk 1 is encrypted"},
      {"future/minor-9.rcrec", Verdict::intact, std::nullopt, 0, ""},
  };
  expect_as_told(kFiles, {});
  const struct {
    const char* file;
    base::Errc code;
    const char* what;
  } kRefused[]{
      {"bad/no-magic.rcrec", base::Errc::bad_format, "no RCREC recording (offset 0)"},
      {"bad/short-header.rcrec", base::Errc::bad_format, "ends inside its header (offset 40)"},
      {"future/major-2.rcrec", base::Errc::unsupported, "recording of format version 2 (offset 8)"},
      {"future/encrypted.rcrec", base::Errc::unsupported,
       "recording of version 1.0 with unknown flags 0x1 (offset 12)"},
      {"future/unknown-flag.rcrec", base::Errc::unsupported, "unknown flags 0x40 (offset 12)"},
  };
  for (const auto& r : kRefused) {
    SCOPED_TRACE(r.file);
    const auto v = verify(golden(r.file));
    ASSERT_FALSE(v);
    EXPECT_EQ(v.error().code, r.code);
    EXPECT_NE(v.error().message().find(r.what), std::string::npos) << v.error().message();
    EXPECT_NE(v.error().message().find(r.file), std::string::npos) << "it names the file";
  }
}

// In encrypted-1.1.rcrec: KEYS 64, HEAD 296, CLOCK 457, CKPT 541, CURSOR 1071, CHAT 1256, VIDEO 1401, CURSOR 1946,
// EVENT 2074, …, VIDEO 4413, INDEX 4808, KEYS 4964, END 5196. In most of these files CRCs and chain were made right
// again.
TEST(Golden, BadEncryptedFilesAreFoundWithTheKey) {
  const auto text = read_file(golden("compat/encrypted-1.1.key"));
  const auto ring = ring_of(crypto::X25519Private::from_pem(base::as_text(text)).value());
  const Expected kFiles[]{
      {"bad/encrypted-changed.rcrec", Verdict::damaged, DamageKind::bad_seal, 1401,
       "VIDEO chunk 6 is not what the recorder wrote"},
      {"bad/encrypted-span.rcrec", Verdict::damaged, DamageKind::bad_seal, 1401,
       "VIDEO chunk 6 is not what the recorder wrote"},
      {"bad/encrypted-swapped.rcrec", Verdict::damaged, DamageKind::broken_chain, 1401,
       "chunks that the recorder wrote before CURSOR chunk 6 are missing"},
      {"bad/encrypted-removed.rcrec", Verdict::damaged, DamageKind::broken_chain, 1401,
       "chunks that the recorder wrote before CURSOR chunk 6 are missing"},
      {"bad/encrypted-repeated.rcrec", Verdict::damaged, DamageKind::bad_seal, 1946,
       "VIDEO chunk 7 stands behind chunks that were written after it"},
      {"bad/encrypted-clear.rcrec", Verdict::damaged, DamageKind::bad_seal, 1256,
       "CHAT chunk 5 of an encrypted recording carries no seal"},
      {"bad/encrypted-keys-damaged.rcrec", Verdict::damaged, DamageKind::bad_payload, 64,
       "payload of KEYS chunk 0 does not match its CRC"},
      {"bad/encrypted-torn-tail.rcrec", Verdict::unfinished, DamageKind::torn_tail, 5196,
       "the file ends inside a chunk header"},
      {"bad/encrypted-closed-by-another.rcrec", Verdict::damaged, DamageKind::bad_seal, 4413, "END carries no seal"},
  };
  expect_as_told(kFiles, ring);
  const auto v = verify(golden("bad/encrypted-other-start.rcrec"), ring);
  ASSERT_FALSE(v);
  EXPECT_EQ(v.error().code, base::Errc::verification_failed);
  EXPECT_NE(v.error().message().find("header or KEYS (offset 0) are not what the recorder wrote"), std::string::npos);
}

TEST(Golden, WhatALaterMinorVersionAddsIsSkipped) {
  const auto items = items_of(golden("future/minor-9.rcrec"));
  ASSERT_EQ(only<ChatItem>(items).size(), 1u);
  EXPECT_EQ(only<ChatItem>(items)[0].text, "known");
  EXPECT_EQ(only<CursorMove>(items).size(), 1u) << "a position with more bytes behind it, and an unknown kind of item";
  EXPECT_TRUE(only<GapItem>(items).empty());
}

}  // namespace
}  // namespace rescue::rcrec
