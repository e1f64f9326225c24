// SPDX-License-Identifier: Apache-2.0
// The second factor: one-time codes by time (crypto/totp.hpp) and, for who lost the device, recovery codes. The secret
// is kept sealed under a key of the site, recovery codes as keyed hashes, so that a stolen database opens nothing. A
// code is good once: the step it belongs to is remembered with the account, in the transaction that lets its owner in.
//
// Where a group says require_mfa, who signs in without one may do nothing but set one up (Principal::must_enrol_mfa).
// Single sign-on is not asked: there the second factor is the identity provider's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/sealer.hpp"
#include "directory/authorization.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

inline constexpr std::size_t kRecoveryCodes = 10;
/// Longer codes are wrong before anything is computed.
inline constexpr std::size_t kMaxCodeBytes = 64;

/// Thread-safe; `random` outlives it. Functions that take a Transaction are mutations with their log event.
class SecondFactor {
 public:
  /// `site_secret`: at least 32 bytes that never reach the database.
  SecondFactor(base::ByteView site_secret, base::RandomSource& random);

  [[nodiscard]] static bool enrolled(const store::User& user) { return user.totp_confirmed_at.has_value(); }

  struct Status {
    bool enrolled = false;
    std::optional<base::WallTime> since;
    std::uint64_t recovery_codes_left = 0;
    bool required = false;  // by the group
  };
  [[nodiscard]] base::Result<Status> status(store::ReadTransaction& tx, const base::Guid& user) const;

  struct Enrolment {
    std::string secret;  // base32
    std::string uri;     // otpauth://, holds the secret
  };
  /// A new secret, good from confirm() on; one that was not confirmed is forgotten. `issuer`: the organisation, as the
  /// authenticator shows it. conflict when there is a second factor already: remove it first. denied by API tokens.
  [[nodiscard]] base::Result<Enrolment> begin(store::Transaction& tx, const Principal& who,
                                              std::string_view issuer) const;

  /// What a mutation gives whose refusal must be committed, too: the wrong code counts towards the lock.
  template <typename T>
  using Outcome = base::Result<T>;
  using Codes = std::vector<std::string>;

  /// Ends the other sign-ins: they were made without the second factor. Gives the recovery codes, shown once.
  /// conflict: nothing was begun, or it was confirmed already. code_wrong.
  [[nodiscard]] base::Result<Outcome<Codes>> confirm(store::Transaction& tx, const Principal& who,
                                                     std::string_view code, const By& by, base::WallTime now) const;
  /// New recovery codes for all older ones. Needs a code; conflict without second factor; code_wrong, and
  /// sign_in_failed once the account is locked.
  [[nodiscard]] base::Result<Outcome<Codes>> renew_codes(store::Transaction& tx, const Principal& who,
                                                         std::string_view code, const By& by, base::WallTime now) const;
  /// As renew_codes. Where the group requires one, all sign-ins of the account owe a new one at once.
  [[nodiscard]] base::Result<Outcome<void>> remove(store::Transaction& tx, const Principal& who, std::string_view code,
                                                   const By& by, base::WallTime now) const;
  /// An administrator's act for who lost device and recovery codes. Ends every sign-in of the account. Nothing changes
  /// and nothing is logged when there is none.
  [[nodiscard]] static base::Result<store::User> reset(store::Transaction& tx, const base::Guid& user, const By& by,
                                                       base::WallTime now);

  enum class Check : std::uint8_t { not_enrolled, right, missing, wrong };
  /// For a sign-in, after the password. Spends the code: `user` and its row know the step, or the recovery code is
  /// used. Counts no failure; that is the caller's.
  [[nodiscard]] base::Result<Check> check(store::Transaction& tx, store::User& user, std::string_view code,
                                          base::WallTime now) const;

 private:
  /// Spends a code for something that needs one; a wrong one counts towards the lock.
  [[nodiscard]] base::Result<Outcome<void>> demand(store::Transaction& tx, store::User& user, std::string_view code,
                                                   const By& by, base::WallTime now) const;
  [[nodiscard]] base::Result<Codes> make_codes(store::Transaction& tx, const store::User& user, const By& by,
                                               base::WallTime now) const;
  [[nodiscard]] base::Bytes code_hash(const store::User& user, std::string_view code) const;

  crypto::Sealer sealer_;
  base::RandomSource& random_;
};

}  // namespace rescue::directory
