// SPDX-License-Identifier: Apache-2.0
// An invitation as the API shows it, this once.
#pragma once

#include <boost/json/object.hpp>

#include "daemons/broker/services.hpp"
#include "directory/invitations.hpp"

namespace rescue::broker {

/// {"link","expires_at"}
[[nodiscard]] boost::json::object invitation_view(const Services& s, const directory::invitations::Made& made);

}  // namespace rescue::broker
