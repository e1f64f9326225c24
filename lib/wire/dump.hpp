// SPDX-License-Identifier: Apache-2.0
// Readable text of any message, made from its schema; for logs at debug level and for tests.
#pragma once

#include <string>

#include <flatbuffers/minireflect.h>

#include "base/bytes.hpp"

namespace rescue::wire {

/// `buffer` must have been verified; `table` is the generated `XTypeTable()` of its root. Byte vectors longer than a
/// line are cut to their length. Never for messages that hold a secret (Hello's GUID, Invite): see redacted_fields in
/// dump.cpp.
[[nodiscard]] std::string dump(base::ByteView buffer, const flatbuffers::TypeTable* table);

}  // namespace rescue::wire
