// SPDX-License-Identifier: Apache-2.0
// Sign-ins as the API shows them (docs/openapi.json).
#pragma once

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "store/users.hpp"

namespace rescue::broker {

/// With the times at which it ends unless it is used, and in any case.
[[nodiscard]] base::Result<boost::json::object> sign_in_view(store::ReadTransaction& tx, const store::Token& token,
                                                             const store::User& user);

}  // namespace rescue::broker
