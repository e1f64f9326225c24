// SPDX-License-Identifier: Apache-2.0
#include "unit/stamp/made_images.hpp"

namespace rescue::test {
namespace {
void put(base::Bytes& out, std::size_t at, std::uint64_t v, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.at(at + i) = static_cast<std::uint8_t>(v >> (8 * i));
}
void put_text(base::Bytes& out, std::size_t at, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) out.at(at + i) = static_cast<std::uint8_t>(text[i]);
}
// Something that does not look the same everywhere.
void fill_text(base::Bytes& out, std::size_t at, std::size_t size) {
  std::uint32_t x = 12345;
  for (std::size_t i = 0; i < size; ++i) {
    x = x * 1664525 + 1013904223;
    out.at(at + i) = static_cast<std::uint8_t>(x >> 24);
  }
}
void put_directory(base::Bytes& out, std::size_t at, std::uint32_t id, std::uint32_t child) {
  put16(out, at + 14, 1);
  put32(out, at + 16, id);
  put32(out, at + 20, child);
}
}  // namespace

void put16(base::Bytes& out, std::size_t at, std::uint16_t v) { put(out, at, v, 2); }
void put32(base::Bytes& out, std::size_t at, std::uint32_t v) { put(out, at, v, 4); }
void put64(base::Bytes& out, std::size_t at, std::uint64_t v) { put(out, at, v, 8); }

MadePe made_pe(std::size_t text) {
  constexpr std::uint32_t kSubdirectory = 0x8000'0000;
  constexpr std::size_t kResources = pe::kSlot + stamp::kSlotBytes;
  constexpr std::size_t kResourcesRaw = (kResources + 0x1ff) / 0x200 * 0x200;
  MadePe out;
  out.resources_at = pe::kTextAt + text;
  out.resources_address = static_cast<std::uint32_t>(pe::kTextAddress + (text + 0xfff) / 0x1000 * 0x1000);
  auto& b = out.bytes;
  b.resize(out.resources_at + kResourcesRaw);
  put_text(b, 0, "MZ");
  put32(b, 0x3c, pe::kHeaderAt);
  put_text(b, pe::kHeaderAt, "PE");
  put16(b, pe::kHeaderAt + 4, 0x8664);
  put16(b, pe::kHeaderAt + 6, 2);
  put16(b, pe::kHeaderAt + 20, 240);
  put16(b, pe::kHeaderAt + 22, 0x22);
  put16(b, pe::kOptionalAt, 0x20b);
  put32(b, pe::kOptionalAt + 16, pe::kTextAddress);
  put64(b, pe::kOptionalAt + 24, 0x1'4000'0000);
  put32(b, pe::kOptionalAt + 32, 0x1000);
  put32(b, pe::kOptionalAt + 36, 0x200);
  put32(b, pe::kOptionalAt + 56, out.resources_address + 0x2000);
  put32(b, pe::kOptionalAt + 60, pe::kHeadersSize);
  put16(b, pe::kOptionalAt + 68, 3);
  put32(b, pe::kOptionalAt + 108, 16);
  put32(b, pe::kDirectoriesAt + 16, out.resources_address);
  put32(b, pe::kDirectoriesAt + 20, kResources);
  const auto section = [&](std::size_t at, std::string_view name, std::size_t address, std::size_t size,
                           std::size_t raw, std::size_t raw_at) {
    put_text(b, at, name);
    put32(b, at + 8, static_cast<std::uint32_t>(size));
    put32(b, at + 12, static_cast<std::uint32_t>(address));
    put32(b, at + 16, static_cast<std::uint32_t>(raw));
    put32(b, at + 20, static_cast<std::uint32_t>(raw_at));
  };
  section(pe::kSectionsAt, ".text", pe::kTextAddress, text, text, pe::kTextAt);
  section(pe::kSectionsAt + 40, ".rsrc", out.resources_address, kResources, kResourcesRaw, out.resources_at);
  fill_text(b, pe::kTextAt, text);
  put_directory(b, out.resources_at + pe::kTypeDirectory, 10, kSubdirectory | pe::kIdDirectory);
  put_directory(b, out.resources_at + pe::kIdDirectory, stamp::kSlotResourceId, kSubdirectory | pe::kLanguageDirectory);
  put_directory(b, out.resources_at + pe::kLanguageDirectory, 0x409, pe::kDataEntry);
  put32(b, out.resources_at + pe::kDataEntry, out.resources_address + pe::kSlot);
  put32(b, out.resources_at + pe::kDataEntry + 4, stamp::kSlotBytes);
  std::ranges::copy(stamp::blank_slot(), b.begin() + static_cast<std::ptrdiff_t>(out.slot_at()));
  return out;
}

MadeElf made_elf(std::size_t text) {
  const auto note = stamp::blank_slot_note();
  MadeElf out;
  out.note_at = elf::kTextAt + text;
  out.sections_at = (out.note_at + note.size() + 7) / 8 * 8;
  auto& b = out.bytes;
  b.resize(out.sections_at + 3 * 64);
  put_text(b, 0,
           "\x7f"
           "ELF\x02\x01\x01");
  put16(b, 16, 3);
  put16(b, 18, 62);
  put32(b, 20, 1);
  put64(b, 32, elf::kSegmentsAt);
  put64(b, 40, out.sections_at);
  put16(b, 52, 64);
  put16(b, 54, 56);
  put16(b, 56, 2);
  put16(b, 58, 64);
  put16(b, 60, 3);
  const auto segment = [&](std::size_t at, std::uint32_t type, std::size_t offset, std::size_t size) {
    put32(b, at, type);
    put64(b, at + 8, offset);
    put64(b, at + 32, size);
    put64(b, at + 48, 4);
  };
  segment(elf::kSegmentsAt, 1, elf::kTextAt, text);
  segment(elf::kSegmentsAt + 56, 4, out.note_at, note.size());
  const auto section = [&](std::size_t at, std::uint32_t type, std::size_t offset, std::size_t size) {
    put32(b, at + 4, type);
    put64(b, at + 24, offset);
    put64(b, at + 32, size);
    put64(b, at + 48, 4);
  };
  section(out.sections_at + 64, 1, elf::kTextAt, text);
  section(out.sections_at + 128, 7, out.note_at, note.size());
  fill_text(b, elf::kTextAt, text);
  std::ranges::copy(note, b.begin() + static_cast<std::ptrdiff_t>(out.note_at));
  return out;
}

}  // namespace rescue::test
