// SPDX-License-Identifier: Apache-2.0
// What can go wrong between two ends, beside base::Errc and crypto::Errc.
#pragma once

#include "base/error.hpp"

namespace rescue::peer {

enum class Errc : int {
  gateway_protocol = 1,  // the gateway said something that the hand-off does not have
  gateway_refused,       // for a reason that may pass: full, draining, its time-out
  ticket_refused,        // expired, or its signature is not known there: a fresh one may help
  not_admitted,          // the site does not let this end in
  holder_refused,        // wrong key or GUID: we are not who the ticket names
  wrong_applet,          // somebody who is not the applet of the grant answered through the gateway
  wrong_console,         // somebody without a valid grant knocked through the gateway
  grant_invalid,         // a grant that is not for this applet, session or key, or is older than one seen
  replaced,              // the technician came back with another key
  network_refused,       // this end may not come from the network it is in
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::peer
