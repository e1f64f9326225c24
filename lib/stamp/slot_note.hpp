// SPDX-License-Identifier: Apache-2.0
// Puts a blank slot (stamp/slot.hpp) into an ELF program, as the note section .note.rescue.slot, which is not loaded.
// Write RESCUE_PLACE_SLOT_NOTE(); at namespace scope in exactly one source file. Needs no other header of ours.
#pragma once

// namesz, descsz, type; "Rescue"; the slot: 16 bytes of magic, zeros to 6176.
#define RESCUE_PLACE_SLOT_NOTE()                    \
  __asm__(                                          \
      ".pushsection .note.rescue.slot,\"\",@note\n" \
      ".balign 4\n"                                 \
      ".long 7, 6176, 0x544f4c53\n"                 \
      ".asciz \"Rescue\"\n"                         \
      ".balign 4\n"                                 \
      ".ascii \"Rescue slot 1\"\n"                  \
      ".zero 6163\n"                                \
      ".popsection\n")
