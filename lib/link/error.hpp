// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.hpp"

namespace rescue::link {

enum class Errc : int {
  protocol = 1,       // the peer broke the rules of link/frame.hpp; the link is over
  message_too_large,  // longer than its channel allows
  queue_full,         // the channel's send queue is at its bound
  closed,             // the link is finished or was closed
  wrong_link,         // a path's RESUME names another link
  resume_impossible,  // the peer no longer has what we have already thrown away, or claims more than was sent
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::link
