// SPDX-License-Identifier: Apache-2.0
// Receipts of one technician's core, signed by the applet's session key.
#pragma once

#include "crypto/receipt.hpp"
#include "session/receipt.hpp"

namespace rescue::peer {

/// `chain` outlives what it returns.
[[nodiscard]] session::ReceiptSigner receipt_signer(crypto::ReceiptChain& chain, const base::Guid& technician,
                                                    const crypto::Fingerprint& console);

}  // namespace rescue::peer
