// SPDX-License-Identifier: Apache-2.0
// Visitors of channels: nobody signs in for it, so it is limited by address.
#pragma once

#include "daemons/broker/call.hpp"

namespace rescue::broker {

/// A new session in the queue of visit.channel (directory::SessionDesk::visit_channel); its id and the address of the
/// caller are filled in. rate_limited when this address, or its network, made too many lately.
[[nodiscard]] base::Result<directory::Redeemed> open_visit(Services& s, const Call& c, directory::ChannelVisit visit);

}  // namespace rescue::broker
