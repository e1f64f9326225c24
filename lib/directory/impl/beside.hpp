// SPDX-License-Identifier: Apache-2.0
// Technicians beside each other in one session: the one who holds it sets the bounds of the others.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"
#include "wire/permission.hpp"

namespace rescue::directory::impl {

/// What `technician`, who is in `group`, may ask for in the session: all that the group may, for the one who holds it;
/// of that what the holder's present grant has, for others. Nothing while the holder is not in it.
[[nodiscard]] base::Result<wire::PermissionSet> permissions_in(store::ReadTransaction& tx,
                                                               const store::Session& session,
                                                               const base::Guid& technician, const store::Group& group);
/// The rules of a grant as a group's flags and times: those of `group`, and for a technician beside the holder the
/// stricter one of both groups each.
[[nodiscard]] base::Result<store::Group> rules_in(store::ReadTransaction& tx, const store::Session& session,
                                                  const store::User& technician, const store::Group& group);

}  // namespace rescue::directory::impl
