// SPDX-License-Identifier: Apache-2.0
// ELF64 little-endian program files (System V ABI, chapter 4 and 5; notes as in elf(5)).
#pragma once

#include "base/bytes.hpp"

namespace rescue::stamp::impl {

[[nodiscard]] bool looks_like_elf(base::ByteView image);
/// Offset of the slot: the descriptor of the only note of our owner and type, in a SHT_NOTE section, or, in a file
/// without such sections, in a PT_NOTE segment. Errors of find_slot (stamp/slot.hpp).
[[nodiscard]] base::Result<std::size_t> find_elf_slot(base::ByteView image);

}  // namespace rescue::stamp::impl
