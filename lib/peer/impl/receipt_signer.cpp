// SPDX-License-Identifier: Apache-2.0
#include "peer/impl/receipt_signer.hpp"

#include "base/log.hpp"

namespace rescue::peer {
namespace {
/// The session knows no cryptography, so it has the answers of a receipt in an enum of its own, with the same numbers.
constexpr bool is_same(crypto::ReceiptAnswer signed_one, session::ReceiptAnswer drafted) {
  return static_cast<unsigned>(signed_one) == static_cast<unsigned>(drafted);
}
static_assert(is_same(crypto::ReceiptAnswer::yes, session::ReceiptAnswer::yes) &&
              is_same(crypto::ReceiptAnswer::no, session::ReceiptAnswer::no) &&
              is_same(crypto::ReceiptAnswer::one_by_one, session::ReceiptAnswer::one_by_one) &&
              is_same(crypto::ReceiptAnswer::timed_out, session::ReceiptAnswer::timed_out) &&
              is_same(crypto::ReceiptAnswer::revoked, session::ReceiptAnswer::revoked) &&
              is_same(crypto::ReceiptAnswer::lapsed, session::ReceiptAnswer::lapsed));
}  // namespace

session::ReceiptSigner receipt_signer(crypto::ReceiptChain& chain, const base::Guid& technician,
                                      const crypto::Fingerprint& console) {
  return [&chain, technician, console](const session::ReceiptDraft& draft) -> std::optional<session::SignedReceipt> {
    crypto::Receipt receipt;
    receipt.technician = technician;
    receipt.console = console;
    receipt.generation = draft.generation;
    receipt.prompt = draft.prompt;
    receipt.permissions = draft.permissions.bits();
    receipt.answer = static_cast<crypto::ReceiptAnswer>(draft.answer);
    receipt.about = draft.about;
    receipt.at = draft.at;
    if (!draft.subject.empty()) receipt.subject = crypto::sha256(base::as_bytes(draft.subject));
    auto issued = chain.issue(std::move(receipt));
    if (!issued) {
      base::log(base::LogLevel::error, "peer", "a receipt could not be signed", {{"why", issued.error().message()}});
      return std::nullopt;
    }
    return session::SignedReceipt{issued->number, std::move(issued->bytes)};
  };
}

}  // namespace rescue::peer
