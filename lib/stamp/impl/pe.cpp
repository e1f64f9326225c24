// SPDX-License-Identifier: Apache-2.0
#include "stamp/impl/pe.hpp"

#include "stamp/impl/fields.hpp"
#include "stamp/slot.hpp"

namespace rescue::stamp::impl {
namespace {
using base::ByteView;
using base::fail;
using base::Result;

constexpr std::size_t kDosHeader = 64;
constexpr std::size_t kCoffHeader = 24;      // with the signature "PE\0\0" before it
constexpr std::size_t kOptionalFixed = 112;  // PE32+, up to the data directories
constexpr std::size_t kSectionHeader = 40;
constexpr std::uint16_t kPe32Plus = 0x20b;
constexpr std::size_t kMaxSections = 96;  // the loader's own limit
constexpr std::uint32_t kMaxDirectories = 16;
constexpr std::size_t kResourceDirectory = 2;  // index of its data directory
constexpr std::size_t kSecurityDirectory = 4;
constexpr std::size_t kDirectoryTable = 16;
constexpr std::size_t kDirectoryEntry = 8;
constexpr std::size_t kDataEntry = 16;
constexpr std::size_t kMaxResources = 4096;  // in one directory
constexpr std::uint32_t kRcData = 10;
constexpr std::uint32_t kHighBit = 0x8000'0000;
constexpr std::size_t kSmallestSignature = 8;  // header of a WIN_CERTIFICATE

struct Section {
  std::uint32_t address = 0;
  std::uint32_t virtual_size = 0;
  Range raw;
};

struct Headers {
  std::size_t optional_at = 0;
  std::uint32_t size = 0;  // SizeOfHeaders
  std::vector<Section> sections;
  [[nodiscard]] std::size_t directory_at(std::size_t i) const { return optional_at + kOptionalFixed + 8 * i; }
};

auto malformed(std::string_view what) { return fail(base::Errc::bad_format, fmt::format("PE file: {}", what)); }

Result<Headers> read_headers(ByteView image) {
  if (image.size() < kDosHeader) return malformed("cut off within the DOS header");
  const std::uint64_t pe_at = u32(image, 0x3c);
  if (pe_at < kDosHeader || pe_at % 8 != 0 || !within(pe_at, kCoffHeader + kOptionalFixed, image.size()))
    return malformed(fmt::format("its header is said to be at {}", pe_at));
  if (u32(image, pe_at) != 0x0000'4550) return malformed("no PE signature");
  Headers out;
  out.optional_at = pe_at + kCoffHeader;
  const std::size_t section_count = u16(image, pe_at + 6);
  const std::size_t optional_size = u16(image, pe_at + 20);
  if (u16(image, out.optional_at) != kPe32Plus) return fail(base::Errc::unsupported, "PE file that is not PE32+");
  const std::uint32_t directories = u32(image, out.optional_at + 108);
  if (directories <= kSecurityDirectory || directories > kMaxDirectories)
    return malformed(fmt::format("{} data directories", directories));
  if (optional_size < kOptionalFixed + 8 * directories)
    return malformed("optional header shorter than its directories");
  if (section_count == 0 || section_count > kMaxSections) return malformed(fmt::format("{} sections", section_count));
  const std::uint64_t table_at = out.optional_at + optional_size;
  const std::uint64_t table_size = section_count * kSectionHeader;
  out.size = u32(image, out.optional_at + 60);
  if (!within(table_at, table_size, out.size) || out.size > image.size())
    return malformed(fmt::format("its headers are said to have {} bytes", out.size));
  for (std::uint64_t at = table_at; at < table_at + table_size; at += kSectionHeader)
    out.sections.push_back({u32(image, at + 12), u32(image, at + 8), Range{u32(image, at + 20), u32(image, at + 16)}});
  return out;
}

/// The end of the last section in the file.
Result<std::uint64_t> check_sections(const Headers& h, std::size_t file_size) {
  std::uint64_t file_end = h.size;
  std::uint64_t memory_end = h.size;
  for (const auto& s : h.sections) {
    if (s.address < memory_end) return malformed("sections that overlap in memory");
    memory_end = std::uint64_t{s.address} + std::max<std::uint64_t>(s.virtual_size, s.raw.size);
    if (s.raw.size == 0) continue;
    if (s.raw.at < file_end) return malformed("sections that overlap in the file");
    if (s.raw.at > file_end) return malformed(fmt::format("a gap before the section at {}", s.raw.at));
    if (!within(s.raw.at, s.raw.size, file_size)) return malformed("a section that ends behind the file");
    file_end = s.raw.end();
  }
  return file_end;
}

Result<> read_signature(ByteView image, std::uint64_t sections_end, PeLayout& out) {
  const Range table{u32(image, out.security_entry_at), u32(image, out.security_entry_at + 4)};
  out.content_end = image.size();
  if (table.at == 0 && table.size == 0) return {};
  // What stood behind the signature would be in no digest.
  if (table.at < sections_end || table.at % 8 != 0 || table.size < kSmallestSignature || table.end() != image.size())
    return malformed(fmt::format("a signature of {} bytes at {}", table.size, table.at));
  out.content_end = table.at;
  out.signature_size = table.size;
  return {};
}

/// `n` bytes at a virtual address, in the file.
Result<Range> in_file(const Headers& h, std::uint64_t address, std::uint64_t n, std::string_view what) {
  for (const auto& s : h.sections) {
    const std::uint64_t there = std::min<std::uint64_t>(s.raw.size, s.virtual_size == 0 ? s.raw.size : s.virtual_size);
    if (address >= s.address && within(address - s.address, n, there))
      return Range{s.raw.at + (address - s.address), n};
  }
  return malformed(fmt::format("{} at address {:#x} is in no section", what, address));
}

/// The resource tree below one directory: types, then ids, then languages.
class ResourceWalk {
 public:
  ResourceWalk(ByteView image, Range tree) : image_(image), tree_(tree) {}

  /// What the only entry with this id leads to. not_found when there is none; `id` empty: there must be exactly one
  /// entry.
  Result<std::uint32_t> only_child(std::uint32_t directory, std::optional<std::uint32_t> id, std::string_view what) {
    if (!within(directory, kDirectoryTable, tree_.size)) return malformed(fmt::format("directory of {} outside", what));
    const std::uint64_t at = tree_.at + directory;
    const std::size_t named = u16(image_, at + 12);
    const std::size_t count = named + u16(image_, at + 14);
    if (count > kMaxResources) return malformed(fmt::format("{} resources in one directory", count));
    const std::uint64_t size = kDirectoryTable + count * kDirectoryEntry;
    if (!within(directory, size, tree_.size)) return malformed(fmt::format("directory of {} is cut off", what));
    visited_.push_back({at, size});
    if (!id && count != 1) return malformed(fmt::format("{} in {} languages", what, count));
    std::optional<std::uint32_t> found;
    for (std::size_t i = id ? named : 0; i < count; ++i) {
      const std::uint64_t entry = at + kDirectoryTable + i * kDirectoryEntry;
      if (id && u32(image_, entry) != *id) continue;
      if (found) return malformed(fmt::format("{} twice", what));
      found = u32(image_, entry + 4);
    }
    if (!found) return fail(base::Errc::not_found, fmt::format("PE file without {}", what));
    return *found;
  }

  Result<std::uint32_t> subdirectory(std::uint32_t directory, std::optional<std::uint32_t> id, std::string_view what) {
    RESCUE_TRY(const auto child, only_child(directory, id, what));
    if ((child & kHighBit) == 0) return malformed(fmt::format("{} is not a directory", what));
    return child & ~kHighBit;
  }

  /// Address and size of the data of a leaf.
  Result<Range> data(std::uint32_t leaf) {
    if ((leaf & kHighBit) != 0) return malformed("a slot that is a directory");
    if (!within(leaf, kDataEntry, tree_.size)) return malformed("the slot's entry is outside of the resources");
    visited_.push_back({tree_.at + leaf, kDataEntry});
    return Range{u32(image_, tree_.at + leaf), u32(image_, tree_.at + leaf + 4)};
  }
  /// What leads to the slot, in the file.
  [[nodiscard]] const std::vector<Range>& visited() const { return visited_; }

 private:
  ByteView image_;
  Range tree_;
  std::vector<Range> visited_;
};

Result<std::size_t> find_slot_resource(ByteView image, const Headers& h) {
  const std::size_t entry = h.directory_at(kResourceDirectory);
  const Range tree_address{u32(image, entry), u32(image, entry + 4)};
  if (tree_address.size == 0) return fail(base::Errc::not_found, "PE file without resources");
  RESCUE_TRY(const auto tree, in_file(h, tree_address.at, tree_address.size, "the resource directory"));
  ResourceWalk walk(image, tree);
  RESCUE_TRY(const auto type, walk.subdirectory(0, kRcData, "RCDATA"));
  RESCUE_TRY(const auto id, walk.subdirectory(type, kSlotResourceId, "the slot (RCDATA 101)"));
  RESCUE_TRY(const auto leaf, walk.only_child(id, std::nullopt, "the slot"));
  RESCUE_TRY(const auto data, walk.data(leaf));
  if (data.size != kSlotBytes) return malformed(fmt::format("a slot of {} bytes, not {}", data.size, kSlotBytes));
  RESCUE_TRY(const auto slot, in_file(h, data.at, data.size, "the slot"));
  if (slot.at % 4 != 0) return malformed(fmt::format("a slot at the odd place {}", slot.at));
  for (const auto& range : walk.visited())
    if (range.intersects(slot)) return malformed("a slot that overlaps the directory it is in");
  return slot.at;
}
}  // namespace

bool looks_like_pe(ByteView image) { return image.size() >= 2 && image[0] == 'M' && image[1] == 'Z'; }

Result<PeLayout> parse_pe(ByteView image) {
  RESCUE_TRY(const auto headers, read_headers(image));
  RESCUE_TRY(const auto sections_end, check_sections(headers, image.size()));
  PeLayout out;
  out.checksum_at = headers.optional_at + 64;
  out.security_entry_at = headers.directory_at(kSecurityDirectory);
  RESCUE_CHECK(read_signature(image, sections_end, out));
  RESCUE_TRY(out.slot_at, find_slot_resource(image, headers));
  RESCUE_TRY([[maybe_unused]] const auto payload, slot_payload(image.subspan(out.slot_at, kSlotBytes)));
  return out;
}

std::uint64_t pe_word_sum(ByteView bytes) {
  RESCUE_ASSERT(bytes.size() % 2 == 0);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += static_cast<std::uint64_t>(bytes[i]) | static_cast<std::uint64_t>(bytes[i + 1]) << 8;
  return sum;
}

std::uint32_t pe_checksum(std::uint64_t word_sum, std::size_t file_size) {
  while (word_sum > 0xffff) word_sum = (word_sum & 0xffff) + (word_sum >> 16);
  return static_cast<std::uint32_t>(word_sum + file_size);
}

}  // namespace rescue::stamp::impl
