// SPDX-License-Identifier: Apache-2.0
#include "peer/impl/receipt_signer.hpp"

#include "base/log.hpp"

namespace rescue::peer {

session::ReceiptSigner receipt_signer(crypto::ReceiptChain& chain, const base::Guid& technician,
                                      const crypto::Fingerprint& console) {
  return [&chain, technician, console](const session::ReceiptDraft& draft) -> std::optional<session::SignedReceipt> {
    crypto::Receipt receipt;
    receipt.technician = technician;
    receipt.console = console;
    receipt.generation = draft.generation;
    receipt.prompt = draft.prompt;
    receipt.permissions = draft.permissions.bits();
    receipt.answer = static_cast<crypto::ReceiptAnswer>(draft.answer);  // the same numbers
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
