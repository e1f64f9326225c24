// SPDX-License-Identifier: Apache-2.0
#include "stamp/impl/elf.hpp"

#include "stamp/impl/fields.hpp"
#include "stamp/slot.hpp"

namespace rescue::stamp::impl {
namespace {
using base::ByteView;
using base::fail;
using base::Result;

constexpr std::size_t kElfHeader = 64;
constexpr std::size_t kProgramHeader = 56;
constexpr std::size_t kSectionHeader = 64;
constexpr std::size_t kMaxSegments = 256;
constexpr std::size_t kMaxSections = 1024;
constexpr std::size_t kMaxNotes = 256;  // in one section or segment
constexpr std::size_t kNoteHeader = 12;
constexpr std::uint32_t kSegmentNote = 4;    // PT_NOTE
constexpr std::uint32_t kSectionNull = 0;    // SHT_NULL
constexpr std::uint32_t kSectionNote = 7;    // SHT_NOTE
constexpr std::uint32_t kSectionNoBits = 8;  // SHT_NOBITS: takes no place in the file

struct Notes {
  Range range;
  std::uint64_t align;
};
struct Tables {
  std::vector<Notes> notes;  // sections
  std::vector<Notes> note_segments;
  std::vector<Range> fixed;  // headers, and the sections that hold no notes: where no slot can be
};

auto malformed(std::string_view what) { return fail(base::Errc::bad_format, fmt::format("ELF file: {}", what)); }

Result<> check_header(ByteView image) {
  if (image.size() < kElfHeader) return malformed("cut off within its header");
  if (image[4] != 2 || image[5] != 1) return fail(base::Errc::unsupported, "ELF file that is not 64-bit little-endian");
  const auto type = u16(image, 16);
  if (type != 2 && type != 3) return fail(base::Errc::unsupported, "ELF file that is no program");
  if (image[6] != 1 || u32(image, 20) != 1) return malformed("of an unknown version");
  if (u16(image, 52) != kElfHeader) return malformed(fmt::format("a header of {} bytes", u16(image, 52)));
  return {};
}

/// A table of headers: place, entry size and count, as the ELF header says.
Result<Range> table_of(ByteView image, std::uint64_t at, std::size_t entry_size, std::size_t wanted_size,
                       std::size_t count, std::size_t most, std::string_view what) {
  if (count == 0) return Range{};
  if (count > most) return malformed(fmt::format("{} {} headers", count, what));
  if (entry_size != wanted_size) return malformed(fmt::format("{} headers of {} bytes", what, entry_size));
  if (at < kElfHeader || !within(at, count * wanted_size, image.size()))
    return malformed(fmt::format("its {} headers are said to be at {}", what, at));
  return Range{at, count * wanted_size};
}

Result<> read_segments(ByteView image, Tables& out) {
  RESCUE_TRY(const auto table,
             table_of(image, u64(image, 32), u16(image, 54), kProgramHeader, u16(image, 56), kMaxSegments, "program"));
  out.fixed.push_back(table);
  for (std::uint64_t at = table.at; at < table.end(); at += kProgramHeader) {
    const Range range{u64(image, at + 8), u64(image, at + 32)};
    if (!within(range.at, range.size, image.size())) return malformed("a segment that ends behind the file");
    if (u32(image, at) == kSegmentNote) out.note_segments.push_back({range, u64(image, at + 48)});
  }
  return {};
}

Result<> read_sections(ByteView image, Tables& out) {
  const std::uint64_t at = u64(image, 40);
  const std::size_t count = u16(image, 60);
  if (at != 0 && count == 0) return malformed("more section headers than its header can count");
  RESCUE_TRY(const auto table, table_of(image, at, u16(image, 58), kSectionHeader, count, kMaxSections, "section"));
  out.fixed.push_back(table);
  for (std::uint64_t header = table.at; header < table.end(); header += kSectionHeader) {
    const auto type = u32(image, header + 4);
    if (type == kSectionNull || type == kSectionNoBits) continue;
    const Range range{u64(image, header + 24), u64(image, header + 32)};
    if (!within(range.at, range.size, image.size())) return malformed("a section that ends behind the file");
    if (type == kSectionNote)
      out.notes.push_back({range, u64(image, header + 48)});
    else
      out.fixed.push_back(range);
  }
  return {};
}

/// Walks one section or segment of notes. One note may be reached through its segment and through its section, but
/// there is one slot in all.
Result<> walk_notes(ByteView image, const Notes& notes, std::optional<Range>& slot) {
  const std::uint64_t align = notes.align == 8 ? 8 : 4;
  const auto up = [&](std::uint64_t n) { return (n + align - 1) / align * align; };
  const ByteView in = image.subspan(notes.range.at, notes.range.size);
  std::uint64_t at = 0;
  for (std::size_t n = 0; at < in.size(); ++n) {
    if (n == kMaxNotes) return malformed(fmt::format("more than {} notes in one place", kMaxNotes));
    if (!within(at, kNoteHeader, in.size())) return malformed("a note that is cut off");
    const std::uint64_t name_size = u32(in, at);
    const std::uint64_t data_size = u32(in, at + 4);
    const std::uint64_t name_at = at + kNoteHeader;
    const std::uint64_t data_at = up(name_at + name_size);
    if (!within(name_at, name_size, in.size()) || !within(data_at, data_size, in.size()))
      return malformed("a note that ends behind its section");
    const auto name = base::as_text(in.subspan(name_at, name_size));
    if (u32(in, at + 8) == kSlotNoteType && name_size == kSlotNoteName.size() + 1 && name.starts_with(kSlotNoteName) &&
        name.back() == '\0') {
      const Range here{notes.range.at + data_at, data_size};
      if (slot && (slot->at != here.at || slot->size != here.size)) return malformed("more than one slot");
      slot = here;
    }
    at = up(data_at + data_size);
  }
  return {};
}
}  // namespace

bool looks_like_elf(ByteView image) {
  return image.size() >= 4 && base::as_text(image.first(4)) == std::string_view(
                                                                   "\x7f"
                                                                   "ELF");
}

Result<std::size_t> find_elf_slot(ByteView image) {
  RESCUE_CHECK(check_header(image));
  Tables tables;
  tables.fixed.push_back({0, kElfHeader});
  RESCUE_CHECK(read_segments(image, tables));
  RESCUE_CHECK(read_sections(image, tables));
  std::optional<Range> found;
  // Segments are for files whose section headers were taken away: mold puts notes of 8 and of 4 bytes' alignment into
  // one segment, and nothing in it says which is which.
  for (const auto& notes : tables.notes.empty() ? tables.note_segments : tables.notes)
    RESCUE_CHECK(walk_notes(image, notes, found));
  if (!found) return fail(base::Errc::not_found, "ELF file without a slot (.note.rescue.slot)");
  const Range slot = *found;
  if (slot.size != kSlotBytes) return malformed(fmt::format("a slot of {} bytes, not {}", slot.size, kSlotBytes));
  for (const auto& range : tables.fixed)
    if (range.intersects(slot)) return malformed("a slot that overlaps something else");
  RESCUE_TRY([[maybe_unused]] const auto payload, slot_payload(image.subspan(slot.at, kSlotBytes)));
  return static_cast<std::size_t>(slot.at);
}

}  // namespace rescue::stamp::impl
