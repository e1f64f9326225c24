// SPDX-License-Identifier: Apache-2.0
// What wrong passwords and codes do to an account, and what keeps strangers from locking people out.
//
// Failures are counted in the database, so that several brokers count together. Where they come from decides what they
// count for. An account's own networks are those it signed in from during the last kOwnFor (an IPv4 address; an IPv6
// /64). Failures from there lock the account at the site's limit until somebody unlocks it. Failures from elsewhere
// close the account to that network, and many of them to all networks but its own, each time for kClosedFor: people go
// on working from where they work, and whoever guesses gets no more tries than with a lock. An account that never
// signed in has no own network; all failures lock it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::impl {

inline constexpr std::chrono::days kOwnFor{90};
inline constexpr std::chrono::hours kClosedFor{1};
/// Failures of all strangers together that close an account to them: so many times the limit of one.
inline constexpr std::uint32_t kStrangersTogether = 4;

/// The network that stands for an address; those that cannot be read are one together.
[[nodiscard]] std::string network_of(std::string_view address);

enum class Standing : std::uint8_t { open, locked, closed_here };
/// Whether the account takes a sign-in from there now, whatever the password.
[[nodiscard]] base::Result<Standing> standing(store::ReadTransaction& tx, const store::User& user,
                                              std::string_view address, base::WallTime now);

struct Failure {
  std::string_view email;    // as it was entered, for the log
  std::string_view address;  // remote address
  std::string_view reason;   // "wrong password", "wrong code"
  bool signed_in = false;    // by somebody who shows a sign-in of the account: counts for the account itself
};
/// Counts, and logs auth.login_failed; at a limit also auth.locked, whose "scope" says what is shut: "account",
/// "network" or "strangers". Updates and stores `user`.
[[nodiscard]] base::Result<> count_failure(store::Transaction& tx, store::User& user, const Failure& failure,
                                           base::WallTime now);
/// After a success: `address` is one of the account's own from now on, and earlier failures from there and of the
/// account are forgotten. Changes `user`, which the caller stores.
[[nodiscard]] base::Result<> note_success(store::Transaction& tx, store::User& user, std::string_view address,
                                          base::WallTime now);
/// Whether the account is shut to anybody because of failures; what unlocking is for.
[[nodiscard]] base::Result<bool> is_shut(store::ReadTransaction& tx, const store::User& user, base::WallTime now);
/// Opens it to everybody. Changes `user`, which the caller stores.
[[nodiscard]] base::Result<> forget_failures(store::Transaction& tx, store::User& user);

}  // namespace rescue::directory::impl
