// SPDX-License-Identifier: Apache-2.0
// The smallest program files that have a slot, with the places of what a test changes in them. No program can run them.
#pragma once

#include "base/bytes.hpp"
#include "stamp/slot.hpp"

namespace rescue::test {

namespace pe {
inline constexpr std::size_t kHeaderAt = 0x40;  // "PE\0\0"
inline constexpr std::size_t kOptionalAt = kHeaderAt + 24;
inline constexpr std::size_t kDirectoriesAt = kOptionalAt + 112;
inline constexpr std::size_t kSectionsAt = kOptionalAt + 240;  // .text, .rsrc
inline constexpr std::size_t kHeadersSize = 0x200;
inline constexpr std::size_t kTextAt = 0x200;
inline constexpr std::uint32_t kTextAddress = 0x1000;
// In the resource section: three directories of one entry each, the data entry, the slot.
inline constexpr std::size_t kTypeDirectory = 0;
inline constexpr std::size_t kIdDirectory = 0x18;
inline constexpr std::size_t kLanguageDirectory = 0x30;
inline constexpr std::size_t kDataEntry = 0x48;
inline constexpr std::size_t kSlot = 0x58;
}  // namespace pe

struct MadePe {
  base::Bytes bytes;
  std::size_t resources_at = 0;  // file offset of the resource section
  std::uint32_t resources_address = 0;
  [[nodiscard]] std::size_t slot_at() const { return resources_at + pe::kSlot; }
};
/// `text`: bytes of code before the resources, a multiple of 512.
MadePe made_pe(std::size_t text = 0x200);

namespace elf {
inline constexpr std::size_t kSegmentsAt = 64;  // PT_LOAD, PT_NOTE
inline constexpr std::size_t kTextAt = 64 + 2 * 56;
}  // namespace elf

struct MadeElf {
  base::Bytes bytes;
  std::size_t note_at = 0;
  std::size_t sections_at = 0;  // null, text, note
  [[nodiscard]] std::size_t slot_at() const { return note_at + 20; }
};
/// `text`: bytes of code before the note, a multiple of 8.
MadeElf made_elf(std::size_t text = 16);

void put16(base::Bytes& out, std::size_t at, std::uint16_t v);
void put32(base::Bytes& out, std::size_t at, std::uint32_t v);
void put64(base::Bytes& out, std::size_t at, std::uint64_t v);

}  // namespace rescue::test
