// SPDX-License-Identifier: Apache-2.0
// A transfer that comes back, from wherever: declined, not taken in time, its receiver disabled.
#pragma once

#include "directory/sessions.hpp"

namespace rescue::directory::impl {

/// Back to who gave it away, on hold; logs session.transfer_returned. wrong_state.
[[nodiscard]] base::Result<> return_transfer(store::Transaction& tx, store::Session& session, const Actor& actor,
                                             std::string_view reason, base::WallTime now);
/// "to" and "channel" of an event: whom or what it is on its way to.
struct Destination {
  std::string user, channel;
};
[[nodiscard]] base::Result<Destination> destination_of(store::ReadTransaction& tx, const store::Session& session);
/// The e-mail address, or "" for nobody.
[[nodiscard]] base::Result<std::string> email_of(store::ReadTransaction& tx, const std::optional<base::Guid>& user);

}  // namespace rescue::directory::impl
