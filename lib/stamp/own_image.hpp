// SPDX-License-Identifier: Apache-2.0
// The applet's side: what this very program file was stamped with.
#pragma once

#include "stamp/slot.hpp"

namespace rescue::stamp {

/// The payload of the slot of the running program, read from its file (the slot is not loaded with it). Errors of
/// read_slot (not_found: no slot, or not stamped, so there is no session yet) and of the file. Blocks for a file read.
[[nodiscard]] base::Result<base::SecretBytes> read_own_slot();

/// The same of any program file.
[[nodiscard]] base::Result<base::SecretBytes> read_slot_of(const char* path);

}  // namespace rescue::stamp
