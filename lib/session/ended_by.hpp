// SPDX-License-Identifier: Apache-2.0
// Who ended a session, in the words of the site and in those of the session's messages.
#pragma once

#include <string_view>

#include "wire/session_generated.h"

namespace rescue::session {

/// `party` is the site's word (wire::Party: "technician"); one that is unknown here counts as the broker.
[[nodiscard]] wire::session::EndedBy ended_by(std::string_view party);

}  // namespace rescue::session
