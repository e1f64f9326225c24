// SPDX-License-Identifier: Apache-2.0
// Who is there: what technicians say of themselves, whom they see, and who can be given a session. A technician sees
// the people of the own group and of groups that share a channel with it; whose reach is everybody sees everybody.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/authorization.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::presence {

/// Colleagues in one answer.
inline constexpr std::size_t kMaxColleagues = 500;

/// Logs user.presence_changed where it becomes another one.
[[nodiscard]] base::Result<store::User> set(store::Transaction& tx, const Principal& who, store::Presence presence,
                                            base::WallTime now);

struct Colleague {
  store::User user;
  std::uint64_t sessions = 0;  // held now (store::sessions::count_held)
};
/// Those who can hold sessions, by e-mail address, `who` among them.
[[nodiscard]] base::Result<std::vector<Colleague>> colleagues(store::ReadTransaction& tx, const Principal& who);

/// Whether somebody of this role can hold a session.
[[nodiscard]] bool can_hold(store::UserRole role);
/// As many sessions as the user may hold: too_many_sessions, which names the user.
[[nodiscard]] base::Result<> check_room(store::ReadTransaction& tx, const store::User& user);
/// The user whom `who` may give `session` to, also because its channel is theirs. denied for one that `who` does not
/// see, known or not; invalid_argument for one who cannot hold sessions; technician_away names whom and since when;
/// too_many_sessions.
[[nodiscard]] base::Result<store::User> receiver(store::ReadTransaction& tx, const Principal& who,
                                                 const store::Session& session, const base::Guid& user);
/// Somebody of the channel who is not away. technician_away names those who are; channel_not_found when nobody belongs
/// to it.
[[nodiscard]] base::Result<> check_anybody(store::ReadTransaction& tx, const store::Channel& channel);

}  // namespace rescue::directory::presence
