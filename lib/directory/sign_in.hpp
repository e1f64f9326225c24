// SPDX-License-Identifier: Apache-2.0
// Signing in and out, and changing the own password. A sign-in has three steps, because a password hash takes tens of
// milliseconds of CPU that neither the writer nor a network thread can spare: look the account up (a read), check the
// password (anywhere, in a bounded pool), record the outcome (a mutation that looks at the account again). SignIn runs
// them in order.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/authorization.hpp"
#include "directory/errors.hpp"
#include "directory/passwords.hpp"
#include "store/store.hpp"

namespace rescue::directory {

struct Credentials {
  std::string email;
  std::string password;
  std::string device;   // shown in lists and log, may be empty
  std::string address;  // remote address, for the log
  std::string code{};   // of the second factor; empty: none was given
};
struct SignedIn {
  std::string token;  // secret, shown once
  base::WallTime expires_at;
  store::User user;
  bool must_enrol_mfa = false;  // nothing else may be done before
};

struct PasswordChange {
  std::string current, next;
  std::string address;  // remote address, for the log
};
struct Acceptance {
  std::string code;  // of the invitation
  std::string password;
  std::string address;
};

/// Runs a slow function somewhere: a pool of the caller's. Bounded by the caller.
using RunSlow = std::function<void(std::move_only_function<void()>)>;

class SecondFactor;

/// Thread-safe; one for the whole program. Outlives its calls.
class SignIn {
 public:
  SignIn(store::Store& store, RunSlow run_slow, const base::Clock& clock, base::RandomSource& random)
      : store_(store), run_slow_(std::move(run_slow)), clock_(clock), random_(random) {}

  /// sign_in_failed, account_disabled, code_needed and code_wrong. The wrong password, the unknown and the locked
  /// account cost the same work and give the same error. Failures lock the account (setting password.lock_after), or
  /// close it to where they came from (impl/sign_in_lock.hpp). A password that is too old (password.max_age) has to be
  /// changed by the sign-in; one hashed at another cost than the site's present one is hashed anew. `done` runs on a
  /// store thread or in the pool.
  void sign_in(Credentials credentials, std::move_only_function<void(base::Result<SignedIn>)> done);

  /// Needs the present password (sign_in_failed; counts towards the lock). password_too_weak, also for one that was
  /// used before (setting password.history); invalid_argument when it is the present one. All other sign-ins of the
  /// account end; this one stays and needs no change any more.
  void change_password(Principal who, PasswordChange wanted, std::move_only_function<void(base::Result<>)> done);

  /// Sets the password of whom the invitation is for; gives back the account. Nobody is signed in by it; every sign-in
  /// there is ends. Does not unlock. invitation_invalid, password_too_weak (the invitation stays good then).
  void accept_invitation(Acceptance acceptance, std::move_only_function<void(base::Result<store::User>)> done);

  /// Test seam: how often each path did its password hash.
  struct Counters {
    std::atomic<std::uint64_t> verified{0};    // against the hash of an account
    std::atomic<std::uint64_t> no_account{0};  // against nobody's
    std::atomic<std::uint64_t> work{0};        // KiB of memory times passes, of both
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// The cost of new hashes in the place of the site's settings; tests lower it. Before the first call only.
  void set_cost(crypto::PasswordCost cost) { cost_ = cost; }
  /// What checks codes; without it accounts with a second factor are not let in. Before the first call only.
  void set_second_factor(const SecondFactor* second_factor) { second_factor_ = second_factor; }

 private:
  /// Takes as long for nobody as `nobody` says.
  bool password_matches(const std::optional<store::User>& user, const std::string& password,
                        const crypto::PasswordCost& nobody);
  [[nodiscard]] base::Result<PasswordPolicy> policy(store::ReadTransaction& tx) const;
  store::Store& store_;
  RunSlow run_slow_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  std::optional<crypto::PasswordCost> cost_;
  const SecondFactor* second_factor_ = nullptr;
  Counters counters_;
};

/// Who a presented bearer token stands for. sign_in_needed (malformed, unknown, expired, revoked, account disabled or
/// removed, unused for too long).
[[nodiscard]] base::Result<Principal> authenticate(store::ReadTransaction& tx, std::string_view token,
                                                   base::WallTime now);
/// Revokes the token and logs auth.logout.
[[nodiscard]] base::Result<> sign_out(store::Transaction& tx, const Principal& who, base::WallTime now);

}  // namespace rescue::directory
