// SPDX-License-Identifier: Apache-2.0
// Ending a session, from wherever: the desk, a disabled account, the clock.
#pragma once

#include "directory/sessions.hpp"

namespace rescue::directory::impl {

/// For a mutation; session_not_found.
[[nodiscard]] base::Result<store::Session> lock_session(store::Transaction& tx, const base::Guid& id);
/// The session's state by the table; internal error when the database holds an unknown name.
[[nodiscard]] base::Result<wire::SessionState> state_of(const store::Session& session);
/// Moves along the table without storing; wrong_state.
[[nodiscard]] base::Result<> advance(store::Session& session, wire::SessionEvent event, wire::Party by,
                                     base::WallTime now);
/// Stores the end, revokes all grants, forgets the salt of the GUID, logs session.closed or session.timed_out.
[[nodiscard]] base::Result<store::Session> end_session(store::Transaction& tx, store::Session session,
                                                       wire::SessionEvent how, const Actor& actor,
                                                       std::string_view reason, base::WallTime now);
/// Everything an account is in, at once: sessions it holds or has waiting end (aborted), its grants in others are
/// revoked, transfers to it come back. Returns how many ended.
[[nodiscard]] base::Result<std::uint64_t> end_sessions_of(store::Transaction& tx, const base::Guid& user, const By& who,
                                                          std::string_view reason, base::WallTime now);

}  // namespace rescue::directory::impl
