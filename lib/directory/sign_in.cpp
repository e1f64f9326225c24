// SPDX-License-Identifier: Apache-2.0
#include "directory/sign_in.hpp"

#include "base/utf8.hpp"
#include "crypto/hash.hpp"
#include "crypto/token.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/event.hpp"
#include "directory/networks.hpp"
#include "directory/impl/sign_in_lock.hpp"
#include "directory/impl/sign_in_steps.hpp"
#include "directory/second_factor.hpp"
#include "directory/sign_in_sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using store::User;

/// What the first two steps found out, for the mutation that follows.
struct Attempt {
  Credentials credentials;
  std::optional<User> user;  // as it was read
  PasswordPolicy policy;
  crypto::PasswordCost nobody;  // of a check against nobody's password
  bool right = false;
  std::string new_hash;  // with the site's present cost, when the stored one has another

  Attempt() = default;
  ~Attempt() { impl::wipe(credentials.password); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
};

using impl::Outcome;

std::string for_log(std::string_view text, std::size_t max) { return base::to_display_text(text.substr(0, max)); }

base::Result<> record_failure(store::Transaction& tx, const Credentials& c, std::string_view reason,
                              const std::optional<User>& user, base::WallTime now) {
  const auto actor = for_log(c.email, kMaxEmailBytes);
  impl::Json data;
  data.add("address", c.address).add("reason", reason).add("failures", std::uint64_t{user ? user->failed_sign_ins : 0});
  const auto technician = user ? std::optional(user->id) : std::nullopt;
  return impl::record(
      tx, {.type = EventType::auth_login_failed, .actor = actor, .data = std::move(data), .technician = technician},
      now);
}

impl::Failure failure_of(const Credentials& c, std::string_view reason) { return {c.email, c.address, reason}; }

/// A password that is older than the site allows is good for one thing: choosing another.
bool is_too_old(const User& user, const PasswordPolicy& policy, base::WallTime now) {
  return policy.max_age.count() > 0 && user.password_changed_at && *user.password_changed_at + policy.max_age <= now;
}

/// A hash of the account that an unknown address falls to, always the same one: who measures cannot tell addresses
/// without account by the cost of their check, also while hashes of different cost are about. Nobody outside knows
/// which it is, because ids are random.
base::Result<crypto::PasswordCost> cost_of_nobody(store::ReadTransaction& tx, std::string_view email,
                                                  const crypto::PasswordCost& fallback) {
  std::string key(email);  // as accounts are found: however one writes an address, it costs the same
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto digest = crypto::sha256(base::as_bytes(key));
  RESCUE_TRY(const auto hash, store::users::password_hash_near(tx, base::ByteView(digest).first(16)));
  return hash ? crypto::cost_of(*hash).value_or(fallback) : fallback;
}

base::Result<SignedIn> let_in(store::Transaction& tx, User user, const Attempt& attempt, base::RandomSource& random,
                              base::WallTime now) {
  const auto device = for_log(attempt.credentials.device, kMaxNameBytes);
  RESCUE_CHECK(impl::note_success(tx, user, attempt.credentials.address, now));
  user.last_login_at = now;
  if (is_too_old(user, attempt.policy, now)) user.must_change_password = true;
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
  RESCUE_TRY(auto user, impl::same_account(tx, attempt.user));
  const auto refuse = [&](Errc code, std::string_view reason) -> base::Result<Outcome<SignedIn>> {
    RESCUE_CHECK(record_failure(tx, attempt.credentials, reason, user, now));
    return Outcome<SignedIn>(base::fail(code, "sign in"));
  };
  if (!user) return refuse(Errc::sign_in_failed, "unknown account");
  RESCUE_TRY(const auto standing, impl::standing(tx, *user, attempt.credentials.address, now));
  if (standing == impl::Standing::locked) return refuse(Errc::sign_in_failed, "account locked");
  if (standing == impl::Standing::closed_here) return refuse(Errc::sign_in_failed, "closed to this network");
  if (!attempt.right) {
    RESCUE_CHECK(impl::count_failure(tx, *user, failure_of(attempt.credentials, "wrong password"), now));
    return Outcome<SignedIn>(base::fail(Errc::sign_in_failed, "sign in"));
  }
  if (user->disabled) return refuse(Errc::account_disabled, "account disabled");
  RESCUE_TRY(const auto group, store::groups::get(tx, user->group));
  if (group.require_sso) return refuse(Errc::sso_required, "single sign-on required");
  if (const auto from = networks::check(tx, *user, attempt.credentials.address); !from) {
    if (from.error().code != Errc::network_not_allowed) return base::fail(from.error());
    return refuse(Errc::network_not_allowed, "network not allowed");
  }
  if (SecondFactor::enrolled(*user)) {
    if (second_factor == nullptr) return base::fail(base::Errc::internal, "nothing here can check a second factor");
    RESCUE_TRY(const auto checked, second_factor->check(tx, *user, attempt.credentials.code, now));
    // Every sign-in begins so: the password is right, and the program asks for the code next. No failure.
    if (checked == SecondFactor::Check::missing) return Outcome<SignedIn>(base::fail(Errc::code_needed, "sign in"));
    if (checked == SecondFactor::Check::wrong) {
      RESCUE_CHECK(impl::count_failure(tx, *user, failure_of(attempt.credentials, "wrong code"), now));
      return Outcome<SignedIn>(base::fail(Errc::code_wrong, "sign in"));
    }
  }
  RESCUE_TRY(auto signed_in, let_in(tx, std::move(*user), attempt, random, now));
  return Outcome<SignedIn>(std::move(signed_in));
}

}  // namespace

bool SignIn::password_matches(const std::optional<User>& user, const std::string& password,
                              const crypto::PasswordCost& nobody) {
  const auto count_work = [this](const crypto::PasswordCost& cost) {
    counters_.work += std::uint64_t{cost.memory_bytes / 1024} * cost.passes;
  };
  if (user && !user->password_hash.empty()) {
    ++counters_.verified;
    count_work(crypto::cost_of(user->password_hash).value_or(crypto::PasswordCost{0, 0}));
    return crypto::verify_password(user->password_hash, password);
  }
  ++counters_.no_account;
  count_work(nobody);
  crypto::verify_no_account(password, nobody);
  return false;
}

base::Result<PasswordPolicy> SignIn::policy(store::ReadTransaction& tx) const {
  RESCUE_TRY(auto policy, password_policy(tx));
  if (cost_) policy.cost = *cost_;
  return policy;
}

void SignIn::sign_in(Credentials credentials, std::move_only_function<void(base::Result<SignedIn>)> done) {
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
    attempt->right = password_matches(attempt->user, attempt->credentials.password, attempt->nobody);
    if (attempt->right && crypto::needs_rehash(attempt->user->password_hash, attempt->policy.cost)) {
      // When hashing fails (no memory) the old hash stays good.
      attempt->new_hash = crypto::hash_password(attempt->credentials.password, attempt->policy.cost).value_or("");
    }
    record();
  };
  store_.read<void>(
      [this, attempt](store::ReadTransaction& tx) -> base::Result<> {
        const auto& email = attempt->credentials.email;
        RESCUE_TRY(attempt->policy, policy(tx));
        // Looked up also for accounts that exist, so that both take the same reads.
        RESCUE_TRY(attempt->nobody, cost_of_nobody(tx, email.substr(0, kMaxEmailBytes), attempt->policy.cost));
        if (email.size() > kMaxEmailBytes) return {};
        RESCUE_TRY(attempt->user, store::users::find_by_email(tx, email));
        return {};
      },
      [this, finish, check](base::Result<> found) {
        if (!found) return (*finish)(base::fail(std::move(found).error()));
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
  RESCUE_TRY(const auto use_due, sign_ins::check(tx, *row, user, now));
  if (!use_due) return refused;
  Principal who{.id = user.id,
                .email = std::move(user.email),
                .name = std::move(user.name),
                .role = user.role,
                .group = user.group,
                .must_change_password = user.must_change_password && !sign_ins::is_by_sso(*row),
                .token_hash = row->hash};
  who.token = row->id;
  who.kind = row->kind;
  who.use_due_at = *use_due;
  who.must_enrol_mfa = row->must_enrol_mfa && !SecondFactor::enrolled(user);
  if (row->kind == store::TokenKind::api) {
    who.scopes = row->scopes;
    who.token_name = row->device;
  }
  return who;
}

base::Result<> sign_out(store::Transaction& tx, const Principal& who, base::WallTime now) {
  RESCUE_CHECK(store::tokens::revoke(tx, who.token_hash, now));
  impl::Json data;
  data.add(by_of(who));
  return impl::record(
      tx, {.type = EventType::auth_logout, .actor = who.email, .data = std::move(data), .technician = who.id}, now);
}

}  // namespace rescue::directory
