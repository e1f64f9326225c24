// SPDX-License-Identifier: Apache-2.0
// From where people may sign in and work: the lists of site, group and account, of which each may be empty (anywhere)
// and all must allow an address. They are read when they are needed, so that a change counts from the next call on.
#pragma once

#include <string_view>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::networks {

/// What all three lists allow. bad_format for a stored list that is none, so that nobody works by a guess.
[[nodiscard]] base::Result<base::NetworkRule> rule_of(store::ReadTransaction& tx, const store::User& user);

/// network_not_allowed unless the site's list allows `address`: before anything is known of who is there. The machine
/// itself (an empty address) is always allowed: it is the way back in for who has locked everybody out.
[[nodiscard]] base::Result<> check_site(store::ReadTransaction& tx, std::string_view address);
/// network_not_allowed, naming the list, unless all three allow `address`.
[[nodiscard]] base::Result<> check(store::ReadTransaction& tx, const store::User& user, std::string_view address);

}  // namespace rescue::directory::networks
