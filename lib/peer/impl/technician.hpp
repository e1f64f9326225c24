// SPDX-License-Identifier: Apache-2.0
// One technician at the applet: core, link, and what is known of the console.
#pragma once

#include "peer/applet_peer.hpp"
#include "peer/impl/receipt_signer.hpp"
#include "peer/impl/sas_keys.hpp"

namespace rescue::peer {

struct Technician {
  /// `receipts` outlives it.
  Technician(TechnicianNumber n, const crypto::Grant& grant, session::AppletOptions options,
             crypto::ReceiptChain& receipts, session::Now now, const boost::asio::any_io_executor& executor)
      : number(n),
        id(grant.technician),
        console(grant.console_fingerprint),
        core(with_signer(std::move(options), grant, receipts), terms_of(grant, now), now),
        changed(executor) {}
  [[nodiscard]] static session::AppletOptions with_signer(session::AppletOptions options, const crypto::Grant& grant,
                                                          crypto::ReceiptChain& receipts) {
    options.sign_receipt = receipt_signer(receipts, grant.technician, grant.console_fingerprint);
    return options;
  }

  const TechnicianNumber number;
  const base::Guid id;
  const crypto::Fingerprint console;
  session::AppletSession core;
  std::shared_ptr<LinkRunner> runner;
  net::Signal changed;   // the core ended, the link is over, or a path came or went
  unsigned running = 0;  // paths in run_path
};

}  // namespace rescue::peer
