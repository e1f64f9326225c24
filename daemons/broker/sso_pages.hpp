// SPDX-License-Identifier: Apache-2.0
// What a browser shows at the end of a sign-in through the identity provider: text alone, nothing to run or to fill in.
#pragma once

#include <string>
#include <string_view>

#include "daemons/broker/call.hpp"

namespace rescue::broker::sso_pages {

/// The code of a sign-in that waits in a terminal, for hands to type.
[[nodiscard]] Reply code(Services& s, const directory::sso::Entered& entered);
/// Somebody was not let in. `why` is for people; the rule stands in the log under the request's id.
[[nodiscard]] Reply refused(Services& s, unsigned status, std::string_view why, std::string_view request_id);
/// Sends the browser on; no page, log or other site learns from where.
[[nodiscard]] Reply redirect(std::string url);

}  // namespace rescue::broker::sso_pages
