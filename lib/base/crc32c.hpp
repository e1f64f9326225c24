// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli; RFC 3720 section B.4): polynomial 0x1edc6f41, reflected, initial value and final XOR 0xffffffff.
// Detects accidents, not attackers.
#pragma once

#include <optional>

#include "base/bytes.hpp"

namespace rescue::base {

/// `previous` is the result over the bytes before, so that crc32c(b, crc32c(a)) == crc32c(a ‖ b).
/// Uses the processor's instruction where there is one; the result is the same.
[[nodiscard]] std::uint32_t crc32c(ByteView b, std::uint32_t previous = 0);

/// The portable way, eight bytes a step through tables.
[[nodiscard]] std::uint32_t crc32c_portable(ByteView b, std::uint32_t previous = 0);
/// The processor's instruction (SSE4.2); nullopt where this processor has none.
[[nodiscard]] std::optional<std::uint32_t> crc32c_hardware(ByteView b, std::uint32_t previous = 0);

}  // namespace rescue::base
