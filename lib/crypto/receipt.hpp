// SPDX-License-Identifier: Apache-2.0
// Receipts: what a user answered, signed by the applet's session key (man rescue-protocol(7), RECEIPTS). Those of one
// session form a chain: numbers count from 1, and each names the one before it by its digest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "crypto/keys.hpp"

namespace rescue::crypto {

inline constexpr std::string_view kReceiptDomain = "rescue-receipt/1";
inline constexpr std::size_t kReceiptStatementBytes = 166;

enum class ReceiptAnswer : std::uint8_t {
  yes = 1,
  no = 2,
  one_by_one = 3,  // neither yes nor no to a prompt for everything: to be asked about each
  timed_out = 4,
  revoked = 5,  // the user took back what had been allowed
  lapsed = 6,   // grant, lease or a long break ended what had been allowed; nobody answered
};

struct Receipt {
  base::Guid session, technician;
  std::uint64_t generation = 0;  // of the grant that was in force
  Fingerprint console{};
  std::uint64_t number = 0;
  std::uint32_t prompt = 0;       // as the applet counts what it puts to the user; 0: answers nothing that was put
  std::uint32_t permissions = 0;  // bits of wire::PermissionSet that the answer is about
  ReceiptAnswer answer = ReceiptAnswer::no;
  std::uint8_t about = 0;  // 0: the permissions; else 1 + session::QuestionKind: one use of them
  base::WallTime at;
  Digest256 subject{};   // of what was shown whole with a question (a script, an address); else zeros
  Digest256 previous{};  // receipt_digest of the one before; zeros: this is the first
  bool operator==(const Receipt&) const = default;
};

/// Statement and signature, as it is sent and kept.
[[nodiscard]] base::Result<base::Bytes> sign_receipt(const Receipt& receipt, const PrivateKey& applet);
/// token_malformed: a wrong size, magic, answer or number. signature_invalid: not of this key.
[[nodiscard]] base::Result<Receipt> open_receipt(base::ByteView bytes, const PublicKey& applet);
/// SHA-256 of statement and signature.
[[nodiscard]] Digest256 receipt_digest(base::ByteView bytes);

/// Numbers and chains the receipts of one session. One strand.
class ReceiptChain {
 public:
  /// Where an earlier process of the same session and key stopped.
  struct Position {
    std::uint64_t last = 0;
    Digest256 digest{};
  };
  ReceiptChain(PrivateKey applet, base::Guid session) : ReceiptChain(std::move(applet), session, Position{}) {}
  ReceiptChain(PrivateKey applet, base::Guid session, Position position)
      : applet_(std::move(applet)), session_(session), position_(position) {}

  struct Issued {
    std::uint64_t number;
    base::Bytes bytes;
  };
  /// Session, number and previous digest are filled in. Errors: OpenSSL's; the number is then not used up.
  [[nodiscard]] base::Result<Issued> issue(Receipt receipt);
  [[nodiscard]] const Position& position() const { return position_; }

 private:
  PrivateKey applet_;
  base::Guid session_;
  Position position_;
};

}  // namespace rescue::crypto
