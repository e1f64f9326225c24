// SPDX-License-Identifier: Apache-2.0
// Groups, channels and API tokens as the API shows them.
#pragma once

#include "daemons/broker/views.hpp"

namespace rescue::broker {

/// With the number of its members and its channels.
[[nodiscard]] base::Result<boost::json::object> group_view(store::ReadTransaction& tx, const store::Group& group);
/// `only`: the one of its groups that is named; all without it.
[[nodiscard]] base::Result<boost::json::object> channel_view(store::ReadTransaction& tx, const store::Channel& channel,
                                                             const std::optional<base::Guid>& only);
[[nodiscard]] base::Result<boost::json::object> token_view(store::ReadTransaction& tx, const store::Token& token);

}  // namespace rescue::broker
