// SPDX-License-Identifier: Apache-2.0
// PE files that no linker makes: each is refused, and says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stamp/prepared_image.hpp"
#include "unit/stamp/made_images.hpp"

namespace rescue::stamp {
namespace {
using namespace test;
using base::Bytes;

struct Hostile {
  std::string_view name;
  void (*change)(MadePe&);
  base::Errc code;
  std::string_view says;
};

constexpr auto kBad = base::Errc::bad_format;
void resource32(MadePe& f, std::size_t at, std::uint32_t v) { put32(f.bytes, f.resources_at + at, v); }
void directory32(MadePe& f, std::size_t at, std::size_t v) {
  put32(f.bytes, pe::kDirectoriesAt + at, static_cast<std::uint32_t>(v));
}
void section32(MadePe& f, std::size_t at, std::uint32_t v) { put32(f.bytes, pe::kSectionsAt + at, v); }

const Hostile kHostile[] = {
    {"CutInDosHeader", [](MadePe& f) { f.bytes.resize(40); }, kBad, "DOS header"},
    {"HeaderBehindTheFile", [](MadePe& f) { put32(f.bytes, 0x3c, 0xffff'fff8); }, kBad, "header is said to be at"},
    {"HeaderInDosHeader", [](MadePe& f) { put32(f.bytes, 0x3c, 0x38); }, kBad, "header is said to be at"},
    {"HeaderAtAnOddPlace", [](MadePe& f) { put32(f.bytes, 0x3c, 0x44); }, kBad, "header is said to be at"},
    {"NoPeSignature", [](MadePe& f) { f.bytes[pe::kHeaderAt] = 'Q'; }, kBad, "no PE signature"},
    {"Pe32", [](MadePe& f) { put16(f.bytes, pe::kOptionalAt, 0x10b); }, base::Errc::unsupported, "not PE32+"},
    {"NoPlaceForASignature", [](MadePe& f) { put32(f.bytes, pe::kOptionalAt + 108, 4); }, kBad, "data directories"},
    {"ManyDirectories", [](MadePe& f) { put32(f.bytes, pe::kOptionalAt + 108, 0xffff'ffff); }, kBad,
     "data directories"},
    {"ShortOptionalHeader", [](MadePe& f) { put16(f.bytes, pe::kHeaderAt + 20, 120); }, kBad, "optional header"},
    {"NoSections", [](MadePe& f) { put16(f.bytes, pe::kHeaderAt + 6, 0); }, kBad, "0 sections"},
    {"ManySections", [](MadePe& f) { put16(f.bytes, pe::kHeaderAt + 6, 0xffff); }, kBad, "65535 sections"},
    {"SectionTableBehindTheHeaders", [](MadePe& f) { put32(f.bytes, pe::kOptionalAt + 60, 0x150); }, kBad, "headers"},
    {"HeadersLongerThanTheFile", [](MadePe& f) { put32(f.bytes, pe::kOptionalAt + 60, 0x7fff'0000); }, kBad, "headers"},
    {"SectionsOverlapInMemory", [](MadePe& f) { section32(f, 8, 0x1001); }, kBad, "overlap in memory"},
    {"SectionsOverlapInTheFile", [](MadePe& f) { section32(f, 40 + 20, pe::kTextAt + 0x100); }, kBad,
     "overlap in the file"},
    {"SectionOverTheHeaders", [](MadePe& f) { section32(f, 20, 0x100); }, kBad, "overlap in the file"},
    // Bytes in a gap are in the digest of some programs and not in that of others.
    {"GapBetweenSections", [](MadePe& f) { section32(f, 16, 0x100); }, kBad, "a gap before"},
    {"SectionBehindTheFile", [](MadePe& f) { section32(f, 40 + 16, 0x7fff'fe00); }, kBad, "ends behind the file"},
    {"SectionThatWrapsRound", [](MadePe& f) { section32(f, 40 + 16, 0xffff'ffff); }, kBad, "ends behind the file"},
    {"FileCutInTheResources", [](MadePe& f) { f.bytes.resize(0x1000); }, kBad, "ends behind the file"},
    {"SignatureInTheSections",
     [](MadePe& f) {
       directory32(f, 32, 0x200);
       directory32(f, 36, f.bytes.size() - 0x200);
     },
     kBad, "a signature of"},
    {"SignatureBehindTheFile",
     [](MadePe& f) {
       directory32(f, 32, f.bytes.size());
       directory32(f, 36, 64);
     },
     kBad, "a signature of"},
    {"SignatureThatWrapsRound",
     [](MadePe& f) {
       directory32(f, 32, 0xffff'fff8);
       directory32(f, 36, f.bytes.size() + 8);
     },
     kBad, "a signature of"},
    {"BytesBehindTheSignature",
     [](MadePe& f) {
       directory32(f, 32, f.bytes.size());
       directory32(f, 36, 64);
       f.bytes.resize(f.bytes.size() + 72);
     },
     kBad, "a signature of"},
    {"NoResources",
     [](MadePe& f) {
       directory32(f, 16, 0);
       directory32(f, 20, 0);
     },
     base::Errc::not_found, "resources"},
    {"ResourcesElsewhere", [](MadePe& f) { directory32(f, 16, 0x9000); }, kBad, "in no section"},
    {"ResourcesLongerThanTheirSection", [](MadePe& f) { directory32(f, 20, 0xffff'f000); }, kBad, "in no section"},
    {"NoRcData", [](MadePe& f) { resource32(f, pe::kTypeDirectory + 16, 16); }, base::Errc::not_found, "RCDATA"},
    {"NoSuchId", [](MadePe& f) { resource32(f, pe::kIdDirectory + 16, 102); }, base::Errc::not_found, "RCDATA 101"},
    {"TypeIsALeaf", [](MadePe& f) { resource32(f, pe::kTypeDirectory + 20, pe::kIdDirectory); }, kBad,
     "is not a directory"},
    {"LanguageIsADirectory", [](MadePe& f) { resource32(f, pe::kLanguageDirectory + 20, 0x8000'0000); }, kBad,
     "a slot that is a directory"},
    {"DirectoryOutside", [](MadePe& f) { resource32(f, pe::kTypeDirectory + 20, 0xffff'fff0); }, kBad, "outside"},
    {"DirectoryOfItself", [](MadePe& f) { resource32(f, pe::kTypeDirectory + 20, 0x8000'0000); }, base::Errc::not_found,
     "RCDATA 101"},
    {"EntriesBehindTheDirectory", [](MadePe& f) { put16(f.bytes, f.resources_at + 14, 4000); }, kBad, "cut off"},
    {"VeryManyEntries", [](MadePe& f) { resource32(f, 12, 0xffff'ffff); }, kBad, "resources in one directory"},
    {"TwoLanguages", [](MadePe& f) { put16(f.bytes, f.resources_at + pe::kLanguageDirectory + 14, 2); }, kBad,
     "languages"},
    {"NoLanguage", [](MadePe& f) { put16(f.bytes, f.resources_at + pe::kLanguageDirectory + 14, 0); }, kBad,
     "languages"},
    {"TwoOfOneId",
     [](MadePe& f) {
       // The second entry lies where the next directory begins.
       put16(f.bytes, f.resources_at + pe::kIdDirectory + 14, 2);
       resource32(f, pe::kIdDirectory + 24, kSlotResourceId);
     },
     kBad, "twice"},
    {"DataEntryOutside", [](MadePe& f) { resource32(f, pe::kLanguageDirectory + 20, 0x7fff'ffff); }, kBad,
     "entry is outside"},
    {"SlotTooShort", [](MadePe& f) { resource32(f, pe::kDataEntry + 4, kSlotBytes - 1); }, kBad,
     "a slot of 6175 bytes"},
    {"SlotElsewhere", [](MadePe& f) { resource32(f, pe::kDataEntry, 0x8000); }, kBad, "in no section"},
    {"SlotWrapsRound", [](MadePe& f) { resource32(f, pe::kDataEntry, 0xffff'f000); }, kBad, "in no section"},
    {"SlotOverItsDirectory", [](MadePe& f) { resource32(f, pe::kDataEntry, f.resources_address + 0x30); }, kBad,
     "overlaps the directory"},
    {"SlotAtAnOddPlace",
     [](MadePe& f) {
       section32(f, 40 + 8, 0x1a00);
       resource32(f, pe::kDataEntry, f.resources_address + pe::kSlot + 2);
     },
     kBad, "odd place"},
    {"SlotIsSomethingElse", [](MadePe& f) { f.bytes[f.slot_at()] ^= 1; }, kBad, "does not begin as one"},
    {"SlotOfALaterVersion", [](MadePe& f) { f.bytes[f.slot_at() + 31] = 1; }, kBad, "later version"},
    {"SlotThatHoldsMoreThanItCan", [](MadePe& f) { put32(f.bytes, f.slot_at() + 16, 0xffff'ffff); }, kBad, "it holds"},
    {"SlotWithSomethingBehind", [](MadePe& f) { f.bytes[f.slot_at() + kSlotBytes - 1] = 1; }, kBad,
     "behind its payload"},
};

TEST(HostilePeFile, OfEachKindIsRefusedWithAReason) {
  for (const auto& kind : kHostile) {
    SCOPED_TRACE(kind.name);
    auto file = made_pe();
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

TEST(HostilePeFile, OfAnyLengthCutOffIsRefused) {
  const auto file = made_pe();
  for (std::size_t n = 0; n < file.bytes.size(); n += n < 0x300 ? 1 : 61)
    EXPECT_FALSE(PreparedImage::make(Bytes(file.bytes.begin(), file.bytes.begin() + static_cast<std::ptrdiff_t>(n))))
        << n;
}

TEST(HostilePeFile, ThatIsTooLargeIsRefused) {
  auto file = made_pe();
  file.bytes.resize(kMaxImageBytes + 1);
  EXPECT_EQ(PreparedImage::make(std::move(file.bytes)).error().code, base::Errc::too_large);
}

TEST(PeFile, KeepsWhatStandsBehindItsSections) {
  auto file = made_pe();
  base::append(file.bytes, base::as_bytes("symbols"));
  const auto made = PreparedImage::make(file.bytes).value().stamp(base::as_bytes("payload"), {}).value();
  EXPECT_EQ(made.bytes.size(), (file.bytes.size() + 7) / 8 * 8);
  EXPECT_EQ(base::as_text(base::ByteView(made.bytes).subspan(file.bytes.size() - 7, 7)), "symbols");
}

}  // namespace
}  // namespace rescue::stamp
