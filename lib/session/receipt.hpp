// SPDX-License-Identifier: Apache-2.0
// What of an answer is signed by the supported end (man rescue-protocol(7), RECEIPTS). Signing, numbering and the
// session's and technician's ids are the shell's part, as this room may not use crypto.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

/// The values are those of the receipt.
enum class ReceiptAnswer : std::uint8_t { yes = 1, no = 2, one_by_one = 3, timed_out = 4, revoked = 5, lapsed = 6 };
[[nodiscard]] std::string_view name(ReceiptAnswer a);

struct ReceiptDraft {
  std::uint64_t generation = 0;  // of the grant
  std::uint32_t prompt = 0;      // 0: nothing that was put to the user
  wire::PermissionSet permissions;
  ReceiptAnswer answer = ReceiptAnswer::no;
  std::uint8_t about = 0;    // 0: the permissions; 1 + QuestionKind: one use of them
  std::string_view subject;  // what was shown whole; the receipt has its digest
  base::WallTime at;
};
struct SignedReceipt {
  std::uint64_t number = 0;
  base::Bytes bytes;
};
/// Nothing when it cannot be signed: a yes is then none.
using ReceiptSigner = std::function<std::optional<SignedReceipt>(const ReceiptDraft&)>;

}  // namespace rescue::session
