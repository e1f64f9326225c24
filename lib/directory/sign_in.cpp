// SPDX-License-Identifier: Apache-2.0
#include "directory/sign_in.hpp"

#include "base/utf8.hpp"
#include "crypto/token.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/event.hpp"
#include "directory/second_factor.hpp"
#include "directory/sign_in_sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using store::User;

/// What the slow step found out, for the mutation that follows.
struct Attempt {
  Credentials credentials;
  std::optional<User> user;  // as it was read
  bool right = false;
  std::string new_hash;  // with the site's present cost, when the stored one has another
};

/// A refusal is an outcome and no error of the mutation: its log event must be committed.
template <typename T>
using Outcome = base::Result<T>;

std::string for_log(std::string_view text, std::size_t max) { return base::to_display_text(text.substr(0, max)); }

base::Result<> record_failure(store::Transaction& tx, const Credentials& c, std::string_view reason,
                              std::uint64_t failures, const std::optional<base::Guid>& user, base::WallTime now) {
  const auto actor = for_log(c.email, kMaxEmailBytes);
  impl::Json data;
  data.add("address", c.address).add("reason", reason).add("failures", failures);
  return impl::record(
      tx, {.type = EventType::auth_login_failed, .actor = actor, .data = std::move(data), .technician = user}, now);
}

/// Counts a wrong password or code; locks at the limit.
base::Result<> count_failure(store::Transaction& tx, User& user, const Credentials& c, std::string_view reason,
                             base::WallTime now) {
  ++user.failed_sign_ins;
  const bool lock = user.failed_sign_ins >= kSignInFailuresToLock && !user.locked_at;
  if (lock) user.locked_at = now;
  RESCUE_CHECK(store::users::update(tx, user));
  RESCUE_CHECK(record_failure(tx, c, reason, user.failed_sign_ins, user.id, now));
  if (!lock) return {};
  impl::Json data;
  data.add("failures", std::uint64_t{user.failed_sign_ins}).add("address", c.address);
  return impl::record(
      tx, {.type = EventType::auth_locked, .actor = user.email, .data = std::move(data), .technician = user.id}, now);
}

/// The account as it is now, if it is still the one whose password was checked.
base::Result<std::optional<User>> same_account(store::Transaction& tx, const std::optional<User>& read) {
  if (!read) return std::nullopt;
  RESCUE_TRY(auto user, store::users::get(tx, read->id));
  if (user.removed_at || user.password_hash != read->password_hash) return std::nullopt;
  return user;
}

base::Result<SignedIn> let_in(store::Transaction& tx, User user, const Attempt& attempt, base::RandomSource& random,
                              base::WallTime now) {
  const auto device = for_log(attempt.credentials.device, kMaxNameBytes);
  user.failed_sign_ins = 0;
  user.last_login_at = now;
  if (!attempt.new_hash.empty()) user.password_hash = attempt.new_hash;
  RESCUE_CHECK(store::users::update(tx, user));
  RESCUE_TRY(auto signed_in, sign_ins::issue(tx, user, {device, attempt.credentials.address}, random, now));
  if (!device.empty()) {
    store::Device row;
    row.id = base::Guid::random(random);
    row.user = user.id;
    row.name = device;
    row.created_at = row.last_seen_at = now;
    if (auto done = store::devices::upsert(tx, row); !done) return base::fail(done.error());
  }
  impl::Json data;
  data.add("address", attempt.credentials.address).add("device", device);
  RESCUE_CHECK(impl::record(
      tx, {.type = EventType::auth_login, .actor = user.email, .data = std::move(data), .technician = user.id}, now));
  return signed_in;
}

base::Result<Outcome<SignedIn>> record_sign_in(store::Transaction& tx, const Attempt& attempt,
                                               const SecondFactor* second_factor, base::RandomSource& random,
                                               base::WallTime now) {
  RESCUE_TRY(auto user, same_account(tx, attempt.user));
  const auto refuse = [&](Errc code, std::string_view reason) -> base::Result<Outcome<SignedIn>> {
    const auto id = user ? std::optional(user->id) : std::nullopt;
    RESCUE_CHECK(record_failure(tx, attempt.credentials, reason, user ? user->failed_sign_ins : 0, id, now));
    return Outcome<SignedIn>(base::fail(code, "sign in"));
  };
  if (!user) return refuse(Errc::sign_in_failed, "unknown account");
  if (user->locked_at) return refuse(Errc::sign_in_failed, "account locked");
  if (!attempt.right) {
    RESCUE_CHECK(count_failure(tx, *user, attempt.credentials, "wrong password", now));
    return Outcome<SignedIn>(base::fail(Errc::sign_in_failed, "sign in"));
  }
  if (user->disabled) return refuse(Errc::account_disabled, "account disabled");
  if (SecondFactor::enrolled(*user)) {
    if (second_factor == nullptr) return base::fail(base::Errc::internal, "nothing here can check a second factor");
    RESCUE_TRY(const auto checked, second_factor->check(tx, *user, attempt.credentials.code, now));
    // Every sign-in begins so: the password is right, and the program asks for the code next. No failure.
    if (checked == SecondFactor::Check::missing) return Outcome<SignedIn>(base::fail(Errc::code_needed, "sign in"));
    if (checked == SecondFactor::Check::wrong) {
      RESCUE_CHECK(count_failure(tx, *user, attempt.credentials, "wrong code", now));
      return Outcome<SignedIn>(base::fail(Errc::code_wrong, "sign in"));
    }
  }
  RESCUE_TRY(auto signed_in, let_in(tx, std::move(*user), attempt, random, now));
  return Outcome<SignedIn>(std::move(signed_in));
}

}  // namespace

bool SignIn::password_matches(const std::optional<User>& user, const std::string& password) {
  if (user && !user->password_hash.empty()) {
    ++counters_.verified;
    return crypto::verify_password(user->password_hash, password);
  }
  ++counters_.no_account;
  crypto::verify_no_account(password);
  return false;
}

void SignIn::sign_in(Credentials credentials, std::move_only_function<void(base::Result<SignedIn>)> done) {
  using Found = std::optional<User>;
  auto attempt = std::make_shared<Attempt>();
  attempt->credentials = std::move(credentials);
  auto finish = std::make_shared<std::move_only_function<void(base::Result<SignedIn>)>>(std::move(done));

  auto record = [this, attempt, finish] {
    store_.write<Outcome<SignedIn>>(
        [this, attempt](store::Transaction& tx) {
          return record_sign_in(tx, *attempt, second_factor_, random_, clock_.wall());
        },
        [finish](base::Result<Outcome<SignedIn>> r) {
          (*finish)(r ? std::move(*r) : base::Result<SignedIn>(base::fail(std::move(r).error())));
        });
  };
  auto check = [this, attempt, record] {
    attempt->right = password_matches(attempt->user, attempt->credentials.password);
    if (attempt->right && crypto::needs_rehash(attempt->user->password_hash, cost_)) {
      // When hashing fails (no memory) the old hash stays good.
      attempt->new_hash = crypto::hash_password(attempt->credentials.password, cost_).value_or("");
    }
    record();
  };
  store_.read<Found>(
      [attempt](store::ReadTransaction& tx) -> base::Result<Found> {
        if (attempt->credentials.email.size() > kMaxEmailBytes) return std::nullopt;
        return store::users::find_by_email(tx, attempt->credentials.email);
      },
      [this, attempt, finish, check](base::Result<Found> found) {
        if (!found) return (*finish)(base::fail(std::move(found).error()));
        attempt->user = std::move(*found);
        run_slow_(check);
      });
}

namespace {
/// A change of the own password on its way through the steps.
struct Change {
  Principal who;
  std::string current, next;
  User user;
  PasswordPolicy policy;
  std::optional<base::Error> refused;  // known before the mutation
  std::string new_hash;
};

base::Result<Outcome<void>> record_change(store::Transaction& tx, const Change& change, base::WallTime now) {
  RESCUE_TRY(auto user, same_account(tx, change.user));
  if (!user || user->locked_at) return Outcome<void>(base::fail(Errc::sign_in_failed, "change password"));
  if (change.refused) {
    if (change.refused->code == Errc::sign_in_failed) {
      Credentials by;
      by.email = user->email;
      RESCUE_CHECK(count_failure(tx, *user, by, "wrong password", now));
    }
    return Outcome<void>(base::fail(*change.refused));
  }
  user->password_hash = change.new_hash;
  user->password_changed_at = now;
  user->must_change_password = false;
  user->failed_sign_ins = 0;
  RESCUE_CHECK(store::users::update(tx, *user));
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user->id, now, change.who.token_hash));
  impl::Json data;
  data.add("sign_ins_ended", ended);
  RESCUE_CHECK(impl::record(
      tx,
      {.type = EventType::auth_password_changed, .actor = user->email, .data = std::move(data), .technician = user->id},
      now));
  return Outcome<void>();
}

std::optional<base::Error> check_next(const Change& change) {
  if (change.next == change.current)
    return base::Error(base::Errc::invalid_argument, "new: the same as the current password");
  const std::string personal[] = {change.user.email, change.user.name};
  if (auto good = check_password(change.policy, change.next, personal); !good) return good.error();
  return std::nullopt;
}
}  // namespace

void SignIn::change_password(Principal who, std::string current, std::string next,
                             std::move_only_function<void(base::Result<>)> done) {
  auto change = std::make_shared<Change>();
  change->who = std::move(who);
  change->current = std::move(current);
  change->next = std::move(next);
  auto finish = std::make_shared<std::move_only_function<void(base::Result<>)>>(std::move(done));

  auto check = [this, change, finish] {
    if (!password_matches(change->user, change->current)) {
      change->refused = base::Error(Errc::sign_in_failed, "change password");
    } else if (change->refused = check_next(*change); !change->refused) {
      auto hash = crypto::hash_password(change->next, cost_);
      if (hash) {
        change->new_hash = std::move(*hash);
      } else {
        change->refused = hash.error();
      }
    }
    store_.write<Outcome<void>>(
        [this, change](store::Transaction& tx) { return record_change(tx, *change, clock_.wall()); },
        [finish](base::Result<Outcome<void>> r) {
          (*finish)(r ? std::move(*r) : base::Result<>(base::fail(std::move(r).error())));
        });
  };
  store_.read<void>(
      [change](store::ReadTransaction& tx) -> base::Result<> {
        RESCUE_TRY(change->user, store::users::get(tx, change->who.id));
        RESCUE_TRY(change->policy, password_policy(tx));
        return {};
      },
      [this, check, finish](base::Result<> r) {
        if (!r) return (*finish)(std::move(r));
        run_slow_(check);
      });
}

base::Result<Principal> authenticate(store::ReadTransaction& tx, std::string_view token, base::WallTime now) {
  const auto refused = base::fail(Errc::sign_in_needed, "");
  const auto hash = crypto::hash_bearer_token(token);
  if (!hash) return refused;
  RESCUE_TRY(const auto row, store::tokens::find(tx, *hash));
  if (!row) return refused;
  RESCUE_TRY(auto user, store::users::get(tx, row->user));
  RESCUE_TRY(const bool live, sign_ins::is_live(tx, *row, user, now));
  if (!live) return refused;
  Principal who{.id = user.id,
                .email = std::move(user.email),
                .name = std::move(user.name),
                .role = user.role,
                .group = user.group,
                .must_change_password = user.must_change_password,
                .token_hash = row->hash};
  who.token = row->id;
  who.kind = row->kind;
  who.last_used_at = row->last_used_at;
  who.must_enrol_mfa = row->must_enrol_mfa && !SecondFactor::enrolled(user);
  if (row->kind == store::TokenKind::api) {
    who.scopes = row->scopes;
    who.token_name = row->device;
  }
  return who;
}

base::Result<> sign_out(store::Transaction& tx, const Principal& who, base::WallTime now) {
  RESCUE_CHECK(store::tokens::revoke(tx, who.token_hash, now));
  return impl::record(tx, {.type = EventType::auth_logout, .actor = who.email, .technician = who.id}, now);
}

}  // namespace rescue::directory
