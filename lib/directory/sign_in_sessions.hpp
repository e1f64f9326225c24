// SPDX-License-Identifier: Apache-2.0
// Sign-ins as long as they last: made, used, listed, ended. A sign-in ends when its time is over (setting
// sign_in.lifetime), when nobody used it for too long (sign_in.idle; for technicians and group administrators also the
// inactivity time of their group, unless they are in a session), when its owner signs out, and when somebody ends it or
// the account.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/authorization.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "directory/sign_in.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::sign_ins {

/// last_used_at is written at most this often, or where the idle limit is shorter than four times this, four times in
/// it. A sign-in may end sooner than its last use says by as much.
inline constexpr std::chrono::seconds kUseResolution{60};

enum class Proof : std::uint8_t { password, sso };
/// What a sign-in through the identity provider has in its scopes. It gives nothing: it takes away what concerns
/// passwords alone, as having to change one.
inline constexpr std::string_view kSsoMark = "sso";
[[nodiscard]] bool is_by_sso(const store::Token& token);
struct NewSignIn {
  std::string device;   // as the log may show it
  std::string address;  // remote address
  Proof proof = Proof::password;
  std::optional<base::WallTime> not_after = {};  // the identity provider may want it shorter than the site
};
/// The token of a sign-in whose proof was accepted, with the site's lifetime. It owes a second factor when the user's
/// group wants one and the proof was a password. Logs nothing.
[[nodiscard]] base::Result<SignedIn> issue(store::Transaction& tx, store::User user, const NewSignIn& sign_in,
                                           base::RandomSource& random, base::WallTime now);

/// When the sign-in ends if nobody uses it any more; nullopt: not before expires_at. API tokens have no such end.
[[nodiscard]] base::Result<std::optional<base::WallTime>> idle_end(store::ReadTransaction& tx,
                                                                   const store::Token& token, const store::User& user);
/// Whether the token still stands for its user: not revoked, expired or idle too long, and the user neither disabled
/// nor removed. Then: from when on its next use is to be written down by touch().
[[nodiscard]] base::Result<std::optional<base::WallTime>> check(store::ReadTransaction& tx, const store::Token& token,
                                                                const store::User& user, base::WallTime now);
/// Remembers the use; not when the token has ended meanwhile.
[[nodiscard]] base::Result<> touch(store::Transaction& tx, const Principal& who, base::WallTime now);

/// The live sign-in of this id, of whoever; token_not_found.
[[nodiscard]] base::Result<store::Token> find(store::ReadTransaction& tx, const base::Guid& id, base::WallTime now);
/// Ends it, and the support sessions that were picked up with it. token_not_found.
[[nodiscard]] base::Result<store::Token> end(store::Transaction& tx, const base::Guid& id, const By& by,
                                             base::WallTime now);
/// All of one user; returns how many.
[[nodiscard]] base::Result<std::uint64_t> end_all(store::Transaction& tx, const base::Guid& user, const By& by,
                                                  base::WallTime now);
/// Ends at most `limit` sign-ins that nobody used for too long; to be called every minute. Returns their users.
[[nodiscard]] base::Result<std::vector<base::Guid>> end_idle(store::Transaction& tx, base::WallTime now,
                                                             std::size_t limit);

}  // namespace rescue::directory::sign_ins
