// SPDX-License-Identifier: Apache-2.0
// Whether a console may be at a gateway from where it came, by the rules of now, which may be narrower than its
// ticket's.
#pragma once

#include <string_view>

#include "store/sessions.hpp"

namespace rescue::broker {

/// `remote` is "address:port", as the gateway saw it. False also when it cannot be told.
[[nodiscard]] bool from_allowed_network(store::ReadTransaction& tx, const base::Guid& technician,
                                        std::string_view remote);
/// The same for the console of this key in a session. One without grant is no matter of networks: true.
[[nodiscard]] bool console_may_stay(store::ReadTransaction& tx, const base::Guid& session, base::ByteView fingerprint,
                                    std::string_view remote);

}  // namespace rescue::broker
