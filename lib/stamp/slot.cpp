// SPDX-License-Identifier: Apache-2.0
#include "stamp/slot.hpp"

#include "stamp/impl/elf.hpp"
#include "stamp/impl/fields.hpp"
#include "stamp/impl/pe.hpp"

namespace rescue::stamp {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

constexpr std::size_t kMagicBytes = 16;
constexpr std::string_view kMagic = "Rescue slot 1";

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; });
}

void append_header(base::ByteWriter& w, std::size_t payload) {
  w.bytes(base::as_bytes(kMagic));
  w.bytes(Bytes(kMagicBytes - kMagic.size()));
  w.u32(static_cast<std::uint32_t>(payload));
  w.bytes(Bytes(kSlotHeaderBytes - kMagicBytes - 4));
}
}  // namespace

Result<base::SecretBytes> make_slot(ByteView payload) {
  if (payload.empty()) return fail(base::Errc::invalid_argument, "nothing to write into the slot");
  if (payload.size() > kMaxSlotPayload)
    return fail(base::Errc::too_large, fmt::format("{} bytes for a slot of {}", payload.size(), kMaxSlotPayload));
  base::ByteWriter header;
  append_header(header, payload.size());
  base::SecretBytes out(kSlotBytes);
  std::ranges::copy(header.view(), out.data().begin());
  std::ranges::copy(payload, out.data().begin() + kSlotHeaderBytes);
  return out;
}

Bytes blank_slot() {
  base::ByteWriter w;
  append_header(w, 0);
  Bytes out = std::move(w).take();
  out.resize(kSlotBytes);
  return out;
}

Bytes blank_slot_note() {
  Bytes out;
  impl::append_u32(out, static_cast<std::uint32_t>(kSlotNoteName.size() + 1));
  impl::append_u32(out, kSlotBytes);
  impl::append_u32(out, kSlotNoteType);
  base::append(out, base::as_bytes(kSlotNoteName));
  out.push_back(0);
  while (out.size() % 4 != 0) out.push_back(0);
  base::append(out, blank_slot());
  return out;
}

Result<ByteView> slot_payload(ByteView slot) {
  const auto malformed = [](std::string_view what) {
    return fail(base::Errc::bad_format, fmt::format("slot of the program file: {}", what));
  };
  if (slot.size() != kSlotBytes) return malformed(fmt::format("{} bytes, not {}", slot.size(), kSlotBytes));
  base::ByteReader reader(slot);
  const auto magic = reader.take(kMagicBytes);
  const auto length = reader.u32();
  const auto reserved = reader.take(kSlotHeaderBytes - kMagicBytes - 4);
  if (!magic || !length || !reserved) return malformed("cut off");
  if (!base::as_text(*magic).starts_with(kMagic) || !all_zero(magic->subspan(kMagic.size())))
    return malformed("does not begin as one");
  if (!all_zero(*reserved)) return malformed("of a later version");
  const ByteView room = reader.rest();
  if (*length > room.size()) return malformed(fmt::format("says that it holds {} bytes", *length));
  if (!all_zero(room.subspan(*length))) return malformed("something stands behind its payload");
  return room.first(*length);
}

Result<SlotPlace> find_slot(ByteView image) {
  if (image.size() > kMaxImageBytes)
    return fail(base::Errc::too_large,
                fmt::format("program file of {} bytes, at most {}", image.size(), kMaxImageBytes));
  if (impl::looks_like_pe(image)) {
    RESCUE_TRY(const auto layout, impl::parse_pe(image));
    return SlotPlace{ImageFormat::pe, layout.slot_at};
  }
  if (impl::looks_like_elf(image)) {
    RESCUE_TRY(const auto at, impl::find_elf_slot(image));
    return SlotPlace{ImageFormat::elf, at};
  }
  return fail(base::Errc::unsupported, "program file that is neither PE nor ELF");
}

Result<base::SecretBytes> read_slot(ByteView image) {
  RESCUE_TRY(const auto place, find_slot(image));
  RESCUE_TRY(const auto payload, slot_payload(image.subspan(place.offset, kSlotBytes)));
  if (payload.empty()) return fail(base::Errc::not_found, "this program file carries no session");
  return base::SecretBytes(base::to_bytes(payload));
}

}  // namespace rescue::stamp
