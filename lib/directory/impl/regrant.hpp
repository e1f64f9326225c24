// SPDX-License-Identifier: Apache-2.0
// New terms for grants that live: what a group's members may do has changed, or a technician has changed the group.
#pragma once

#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::impl {

/// Puts a new grant in the place of each that `technician` holds: the terms of `group`, the same console key and lease,
/// one generation later, so that the applet drops the wider one for good. Logs session.permissions_changed where the
/// permissions differ. Where the technician holds the session, the grants of those beside follow.
[[nodiscard]] base::Result<> regrant(store::Transaction& tx, const store::User& technician, const store::Group& group,
                                     const By& by, base::WallTime now);
/// The same for everybody in `group`.
[[nodiscard]] base::Result<> regrant_members(store::Transaction& tx, const store::Group& group, const By& by,
                                             base::WallTime now);

}  // namespace rescue::directory::impl
