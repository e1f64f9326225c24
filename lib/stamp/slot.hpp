// SPDX-License-Identifier: Apache-2.0
// The slot: a place of fixed size in an applet's program file that holds one signed envelope (crypto::make_invite), so
// that writing it moves nothing else in the file (man rescue-protocol(7), STAMPED APPLET):
//   offset  size  field
//   0       16    "Rescue slot 1", zeros
//   16      4     n, length of the envelope, big-endian; 0: not stamped
//   20      12    zeros
//   32      n     envelope
//   32+n    rest  zeros, to 6176 bytes in all
// In a PE32+ file the slot is the resource RT_RCDATA 101 in its only language. In an ELF64 file it is the descriptor of
// the only note of owner "Rescue" and type 0x544f4c53 ("SLOT").
//
// How an applet's build places it. Stamping hashes anew what stands from the slot to the end of the file, so the slot
// belongs near the end of it:
// - Windows: `101 RCDATA "slot.bin"` in the .rc file, slot.bin being blank_slot(). GNU ld and lld put .rsrc behind code
// and
//   data; within it icons (type 3) come before and version and manifest (16, 24) after. Strip the file before: symbols
//   would follow the slot. Sign and stamp last, and change nothing after that.
// - Linux: RESCUE_PLACE_SLOT_NOTE() of stamp/slot_note.hpp in one source file that is linked for sure (the one with
// main).
//   The section takes no memory at run time, so linkers put it behind everything that does. Strip the file, or the
//   debug sections follow it. `objcopy --add-section .note.rescue.slot=FILE`, FILE being blank_slot_note(), does it to
//   a linked program.
// The applet reads its own slot with stamp/own_image.hpp.
#pragma once

#include "base/bytes.hpp"
#include "crypto/signed.hpp"

namespace rescue::stamp {

inline constexpr std::size_t kSlotHeaderBytes = 32;
inline constexpr std::size_t kMaxSlotPayload = crypto::kMaxEnvelopeBytes;
inline constexpr std::size_t kSlotBytes = kSlotHeaderBytes + kMaxSlotPayload;
static_assert(kSlotBytes == 6176, "part of the format: applets are built with it");

inline constexpr std::uint32_t kSlotResourceId = 101;
inline constexpr std::uint32_t kSlotNoteType = 0x544f4c53;
inline constexpr std::string_view kSlotNoteName = "Rescue";

/// Program files longer than this are refused, by the reader as well as for templates.
inline constexpr std::size_t kMaxImageBytes = 128 * 1024 * 1024;

enum class ImageFormat : std::uint8_t { pe, elf };

/// The slot's kSlotBytes with `payload` in it. invalid_argument when it is empty, too_large above kMaxSlotPayload.
[[nodiscard]] base::Result<base::SecretBytes> make_slot(base::ByteView payload);
/// What a build puts in: a slot that is not stamped, alone and as an ELF note with its header.
[[nodiscard]] base::Bytes blank_slot();
[[nodiscard]] base::Bytes blank_slot_note();

/// The payload of a slot; an empty one when it is not stamped. bad_format unless every byte is as described above.
[[nodiscard]] base::Result<base::ByteView> slot_payload(base::ByteView slot);

struct SlotPlace {
  ImageFormat format;
  std::size_t offset;  // in the file; kSlotBytes long
};
/// Where the slot of a PE32+ or ELF64 program file is. Every offset, size and count on the way is checked, and so is
/// the slot's own form. unsupported: neither format; bad_format: malformed, with what; not_found: no slot; too_large.
[[nodiscard]] base::Result<SlotPlace> find_slot(base::ByteView image);

/// The payload in the slot of a program file: an invite, for crypto::open_invite_unanchored. It holds the session
/// authentication GUID, hence secret. Errors of find_slot, and not_found when the slot is not stamped.
[[nodiscard]] base::Result<base::SecretBytes> read_slot(base::ByteView image);

}  // namespace rescue::stamp
