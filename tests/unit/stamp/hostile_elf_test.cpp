// SPDX-License-Identifier: Apache-2.0
// ELF files that no linker makes: each is refused, and says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stamp/own_image.hpp"
#include "stamp/prepared_image.hpp"
#include "support/temp_dir.hpp"
#include "unit/stamp/made_images.hpp"

#include <fstream>

namespace rescue::stamp {
namespace {
using namespace test;
using base::Bytes;

struct Hostile {
  std::string_view name;
  void (*change)(MadeElf&);
  base::Errc code;
  std::string_view says;
};

constexpr auto kBad = base::Errc::bad_format;
constexpr std::size_t kNoteSegment = elf::kSegmentsAt + 56;

const Hostile kHostile[] = {
    {"CutInItsHeader", [](MadeElf& f) { f.bytes.resize(63); }, kBad, "cut off"},
    {"ThirtyTwoBits", [](MadeElf& f) { f.bytes[4] = 1; }, base::Errc::unsupported, "64-bit"},
    {"BigEndian", [](MadeElf& f) { f.bytes[5] = 2; }, base::Errc::unsupported, "little-endian"},
    {"ObjectFile", [](MadeElf& f) { put16(f.bytes, 16, 1); }, base::Errc::unsupported, "no program"},
    {"OtherVersion", [](MadeElf& f) { put32(f.bytes, 20, 2); }, kBad, "version"},
    {"ShortHeader", [](MadeElf& f) { put16(f.bytes, 52, 52); }, kBad, "a header of 52"},
    {"ManySegments", [](MadeElf& f) { put16(f.bytes, 56, 0xffff); }, kBad, "65535 program headers"},
    {"SmallSegmentHeaders", [](MadeElf& f) { put16(f.bytes, 54, 32); }, kBad, "program headers of 32 bytes"},
    {"SegmentHeadersBehindTheFile", [](MadeElf& f) { put64(f.bytes, 32, f.bytes.size() - 8); }, kBad,
     "program headers are said to be at"},
    {"SegmentHeadersWrapRound", [](MadeElf& f) { put64(f.bytes, 32, ~0ULL - 7); }, kBad,
     "program headers are said to be at"},
    {"SegmentHeadersInTheHeader", [](MadeElf& f) { put64(f.bytes, 32, 8); }, kBad, "program headers are said to be at"},
    {"SegmentBehindTheFile", [](MadeElf& f) { put64(f.bytes, kNoteSegment + 32, f.bytes.size()); }, kBad,
     "a segment that ends behind"},
    {"SegmentThatWrapsRound", [](MadeElf& f) { put64(f.bytes, kNoteSegment + 8, ~0ULL - 8); }, kBad,
     "a segment that ends behind"},
    {"ManySections", [](MadeElf& f) { put16(f.bytes, 60, 0xfff0); }, kBad, "section headers"},
    {"SectionsCountedElsewhere", [](MadeElf& f) { put16(f.bytes, 60, 0); }, kBad, "more section headers"},
    {"SmallSectionHeaders", [](MadeElf& f) { put16(f.bytes, 58, 40); }, kBad, "section headers of 40 bytes"},
    {"SectionHeadersBehindTheFile", [](MadeElf& f) { put64(f.bytes, 40, f.bytes.size() - 64); }, kBad,
     "section headers are said to be at"},
    {"SectionThatWrapsRound", [](MadeElf& f) { put64(f.bytes, f.sections_at + 64 + 24, ~0ULL); }, kBad,
     "a section that ends behind"},
    {"SectionBehindTheFile", [](MadeElf& f) { put64(f.bytes, f.sections_at + 128 + 32, 1ULL << 40); }, kBad,
     "a section that ends behind"},
    {"NoteNameBehindItsSection", [](MadeElf& f) { put32(f.bytes, f.note_at, 0xffff'fff0); }, kBad, "a note that ends"},
    {"NoteDataBehindItsSection", [](MadeElf& f) { put32(f.bytes, f.note_at + 4, kSlotBytes + 1); }, kBad,
     "a note that ends"},
    {"NoteCutOff", [](MadeElf& f) { put64(f.bytes, f.sections_at + 128 + 32, 11); }, kBad, "a note that is cut off"},
    {"NotesWithoutEnd",
     [](MadeElf& f) {
       // Zeros read as notes without name and data.
       put64(f.bytes, f.sections_at + 128 + 24, f.slot_at() + 32);
       put64(f.bytes, f.sections_at + 128 + 32, 6144);
     },
     kBad, "more than 256 notes"},
    {"OtherOwner", [](MadeElf& f) { f.bytes[f.note_at + 12] = 'r'; }, base::Errc::not_found, "without a slot"},
    {"OtherType", [](MadeElf& f) { put32(f.bytes, f.note_at + 8, 1); }, base::Errc::not_found, "without a slot"},
    {"SlotTooShort",
     [](MadeElf& f) {
       put32(f.bytes, f.note_at + 4, kSlotBytes - 4);
       put64(f.bytes, kNoteSegment + 32, 20 + kSlotBytes - 4);
       put64(f.bytes, f.sections_at + 128 + 32, 20 + kSlotBytes - 4);
     },
     kBad, "a slot of 6172 bytes"},
    {"TwoSlots",
     [](MadeElf& f) {
       const auto part = [&f](std::size_t from, std::size_t to) {
         return base::to_bytes(base::ByteView(f.bytes).subspan(from, to - from));
       };
       const auto note = part(f.note_at, f.sections_at);
       base::append(f.bytes, part(f.sections_at + 128, f.sections_at + 192));
       put16(f.bytes, 60, 4);
       put64(f.bytes, f.sections_at + 192 + 24, f.bytes.size());
       base::append(f.bytes, note);
     },
     kBad, "more than one slot"},
    {"SlotUnderAnotherSection", [](MadeElf& f) { put64(f.bytes, f.sections_at + 64 + 32, 4000); }, kBad,
     "overlaps something else"},
    {"SlotUnderTheSectionHeaders",
     [](MadeElf& f) {
       const Bytes headers(f.bytes.begin() + static_cast<std::ptrdiff_t>(f.sections_at), f.bytes.end());
       put64(f.bytes, 40, f.slot_at() + 64);
       std::ranges::copy(headers, f.bytes.begin() + static_cast<std::ptrdiff_t>(f.slot_at() + 64));
     },
     kBad, "overlaps something else"},
    {"SlotIsSomethingElse", [](MadeElf& f) { f.bytes[f.slot_at() + 15] = 1; }, kBad, "does not begin as one"},
    {"SlotThatHoldsMoreThanItCan", [](MadeElf& f) { put32(f.bytes, f.slot_at() + 16, 0x2018'0000); }, kBad, "it holds"},
};

TEST(HostileElfFile, OfEachKindIsRefusedWithAReason) {
  for (const auto& kind : kHostile) {
    SCOPED_TRACE(kind.name);
    auto file = made_elf();
    ASSERT_TRUE(PreparedImage::make(file.bytes));
    kind.change(file);
    const auto refused = PreparedImage::make(file.bytes);
    if (refused) {
      ADD_FAILURE() << "taken";
      continue;
    }
    EXPECT_EQ(refused.error().code, kind.code) << refused.error().message();
    EXPECT_THAT(refused.error().message(), testing::HasSubstr(kind.says));
    const auto unread = read_slot(file.bytes);
    EXPECT_TRUE(!unread && unread.error().message() == refused.error().message());
  }
}

TEST(HostileElfFile, OfAnyLengthCutOffIsRefused) {
  const auto file = made_elf();
  for (std::size_t n = 0; n < file.bytes.size(); n += n < 0x200 ? 1 : 61)
    EXPECT_FALSE(PreparedImage::make(Bytes(file.bytes.begin(), file.bytes.begin() + static_cast<std::ptrdiff_t>(n))))
        << n;
}

TEST(ElfFile, IsReadBySegmentsAloneAndBySectionsAlone) {
  auto stripped = made_elf();
  put64(stripped.bytes, 40, 0);
  put16(stripped.bytes, 60, 0);
  EXPECT_EQ(find_slot(stripped.bytes).value().offset, stripped.slot_at());
  auto unloaded = made_elf();
  put16(unloaded.bytes, 56, 0);
  EXPECT_EQ(find_slot(unloaded.bytes).value().offset, unloaded.slot_at());
}

TEST(ProgramFile, OfNeitherFormatIsRefused) {
  EXPECT_EQ(read_slot(base::as_bytes("#!/bin/sh\n")).error().code, base::Errc::unsupported);
  EXPECT_EQ(read_slot({}).error().code, base::Errc::unsupported);
}

TEST(ProgramFile, ThatCannotBeReadIsAnErrorOfTheFile) {
  const test::TempDir dir;
  EXPECT_EQ(read_slot_of((dir / "none").c_str()).error().code, base::Errc::not_found);
  EXPECT_EQ(read_slot_of(dir.path().c_str()).error().code, base::Errc::bad_format);
  std::ofstream(dir / "empty").flush();
  EXPECT_EQ(read_slot_of((dir / "empty").c_str()).error().code, base::Errc::bad_format);
  std::ofstream(dir / "long").flush();
  std::filesystem::resize_file(dir / "long", kMaxImageBytes + 1);
  EXPECT_EQ(read_slot_of((dir / "long").c_str()).error().code, base::Errc::too_large);
}

}  // namespace
}  // namespace rescue::stamp
