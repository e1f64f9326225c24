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
  std::optional<DamageKind> first_bad;
};

TEST(Golden, BadFilesAreBadInTheWayTheirNamesSay) {
  const Expected kFiles[]{
      {"bad/flipped-payload.rcrec", Verdict::damaged, DamageKind::bad_payload},
      {"bad/flipped-header.rcrec", Verdict::damaged, DamageKind::bad_header},
      {"bad/removed-chunk.rcrec", Verdict::damaged, DamageKind::broken_chain},
      {"bad/missing-bytes.rcrec", Verdict::damaged, DamageKind::bad_payload},
      {"bad/after-end.rcrec", Verdict::damaged, DamageKind::after_end},
      {"bad/no-json.rcrec", Verdict::damaged, DamageKind::bad_content},
      {"bad/torn-tail.rcrec", Verdict::unfinished, DamageKind::torn_tail},
      {"bad/cut-at-border.rcrec", Verdict::unfinished, std::nullopt},
      {"bad/encrypted-chunk.rcrec", Verdict::damaged, DamageKind::encrypted},
      {"future/minor-9.rcrec", Verdict::intact, std::nullopt},
  };
  for (const Expected& e : kFiles) {
    SCOPED_TRACE(e.file);
    const auto v = verify(golden(e.file));
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_EQ(v->verdict, e.verdict);
    ASSERT_EQ(v->first_bad.has_value(), e.first_bad.has_value());
    if (e.first_bad) {
      EXPECT_EQ(v->first_bad->kind, *e.first_bad);
    }
  }
  EXPECT_EQ(verify(golden("bad/no-magic.rcrec")).error().code, base::Errc::bad_format);
  EXPECT_EQ(verify(golden("bad/short-header.rcrec")).error().code, base::Errc::bad_format);
  EXPECT_EQ(verify(golden("future/major-2.rcrec")).error().code, base::Errc::unsupported);
  EXPECT_EQ(verify(golden("future/encrypted.rcrec")).error().code, base::Errc::unsupported);
  EXPECT_EQ(verify(golden("future/unknown-flag.rcrec")).error().code, base::Errc::unsupported);
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
