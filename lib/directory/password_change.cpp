// SPDX-License-Identifier: Apache-2.0
// The second half of SignIn: passwords that people choose, in place of the present one or by an invitation.
#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/sign_in_lock.hpp"
#include "directory/impl/sign_in_steps.hpp"
#include "directory/invitations.hpp"
#include "directory/networks.hpp"
#include "directory/sign_in.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using impl::Outcome;
using store::EventType;
using store::User;

/// What the first two steps found out of a password that is to be `next`.
struct Choice {
  std::string current, next;
  User user;
  PasswordPolicy policy;
  std::vector<std::string> earlier;    // hashes, newest first
  std::optional<base::Error> refused;  // known before the mutation
  std::string new_hash;

  Choice() = default;
  ~Choice() {
    impl::wipe(current);
    impl::wipe(next);
  }
  Choice(const Choice&) = delete;
  Choice& operator=(const Choice&) = delete;
};

base::Result<std::vector<std::string>> earlier_hashes(store::ReadTransaction& tx, const User& user,
                                                      const PasswordPolicy& policy) {
  if (policy.history == 0) return std::vector<std::string>{};
  RESCUE_TRY(auto hashes, store::password_history::list(tx, user.id));
  if (hashes.size() > policy.history) hashes.resize(policy.history);
  return hashes;
}

/// The slow part of what the site wants of a new password; then its hash.
void judge(Choice& choice) {
  const std::string personal[] = {choice.user.email, choice.user.name};
  if (auto good = check_password(choice.policy, choice.next, personal); !good) {
    choice.refused = good.error();
    return;
  }
  const bool used_before = std::ranges::any_of(
      choice.earlier, [&](const std::string& hash) { return crypto::verify_password(hash, choice.next); });
  if (used_before) {
    choice.refused = base::Error(Errc::password_too_weak,
                                 fmt::format("one of the last {} passwords of this account", choice.policy.history));
    return;
  }
  auto hash = crypto::hash_password(choice.next, choice.policy.cost);
  if (hash) {
    choice.new_hash = std::move(*hash);
  } else {
    choice.refused = hash.error();
  }
}

/// Gives `user` the new password and stores it; the old one is remembered as used.
base::Result<> replace_password(store::Transaction& tx, User& user, const Choice& choice, base::WallTime now) {
  if (!user.password_hash.empty())
    RESCUE_CHECK(store::password_history::add(tx, user.id, user.password_hash, now, choice.policy.history));
  user.password_hash = choice.new_hash;
  user.password_changed_at = now;
  user.must_change_password = false;
  return store::users::update(tx, user);
}

base::Result<Outcome<void>> record_change(store::Transaction& tx, const Principal& who, const Choice& choice,
                                          std::string_view address, base::WallTime now) {
  RESCUE_TRY(auto user, impl::same_account(tx, choice.user));
  if (!user || user->locked_at) return Outcome<void>(base::fail(Errc::sign_in_failed, "change password"));
  if (choice.refused) {
    if (choice.refused->code == Errc::sign_in_failed) {
      const impl::Failure failure{user->email, address, "wrong password", true};
      RESCUE_CHECK(impl::count_failure(tx, *user, failure, now));
    }
    return Outcome<void>(base::fail(*choice.refused));
  }
  user->failed_sign_ins = 0;
  RESCUE_CHECK(replace_password(tx, *user, choice, now));
  RESCUE_CHECK(store::invitations::remove_all(tx, user->id));
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user->id, now, who.token_hash));
  impl::Json data;
  data.add("sign_ins_ended", ended).add("address", address);
  RESCUE_CHECK(impl::record(
      tx,
      {.type = EventType::auth_password_changed, .actor = user->email, .data = std::move(data), .technician = user->id},
      now));
  return Outcome<void>();
}

base::Result<User> record_acceptance(store::Transaction& tx, std::string_view code, const Choice& choice,
                                     std::string_view address, base::WallTime now) {
  RESCUE_TRY(auto user, invitations::use(tx, code, now));
  if (user.id != choice.user.id || user.password_hash != choice.user.password_hash)
    return base::fail(base::Errc::conflict, "the account changed meanwhile");
  RESCUE_CHECK(networks::check(tx, user, address));
  const bool locked = user.locked_at.has_value();
  RESCUE_CHECK(impl::note_success(tx, user, address, now));
  RESCUE_CHECK(replace_password(tx, user, choice, now));
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user.id, now));
  impl::Json data;
  data.add("user", user.id.text()).add("email", user.email).add("sign_ins_ended", ended).add("address", address);
  if (locked) data.add("locked", true);
  RESCUE_CHECK(impl::record(tx,
                            {.type = EventType::user_invitation_accepted,
                             .actor = user.email,
                             .data = std::move(data),
                             .technician = user.id},
                            now));
  return user;
}
}  // namespace

void SignIn::change_password(Principal who, PasswordChange wanted, std::move_only_function<void(base::Result<>)> done) {
  auto choice = std::make_shared<Choice>();
  choice->current = std::move(wanted.current);
  choice->next = std::move(wanted.next);
  auto finish = std::make_shared<std::move_only_function<void(base::Result<>)>>(std::move(done));

  auto check = [this, choice, finish, who, address = std::move(wanted.address)] {
    if (!password_matches(choice->user, choice->current, choice->policy.cost)) {
      choice->refused = base::Error(Errc::sign_in_failed, "change password");
    } else if (choice->next == choice->current) {
      choice->refused = base::Error(base::Errc::invalid_argument, "new: the same as the current password");
    } else {
      judge(*choice);
    }
    store_.write<Outcome<void>>(
        [this, choice, who, address](store::Transaction& tx) {
          return record_change(tx, who, *choice, address, clock_.wall());
        },
        [finish](base::Result<Outcome<void>> r) {
          (*finish)(r ? std::move(*r) : base::Result<>(base::fail(std::move(r).error())));
        });
  };
  store_.read<void>(
      [this, choice, id = who.id](store::ReadTransaction& tx) -> base::Result<> {
        RESCUE_TRY(choice->user, store::users::get(tx, id));
        RESCUE_TRY(choice->policy, policy(tx));
        RESCUE_TRY(choice->earlier, earlier_hashes(tx, choice->user, choice->policy));
        return {};
      },
      [this, check, finish](base::Result<> r) {
        if (!r) return (*finish)(std::move(r));
        run_slow_(check);
      });
}

void SignIn::accept_invitation(Acceptance acceptance, std::move_only_function<void(base::Result<User>)> done) {
  auto choice = std::make_shared<Choice>();
  choice->next = std::move(acceptance.password);
  auto finish = std::make_shared<std::move_only_function<void(base::Result<User>)>>(std::move(done));
  auto code = std::make_shared<std::string>(std::move(acceptance.code));

  auto check = [this, choice, finish, code, address = std::move(acceptance.address)] {
    judge(*choice);
    // The invitation stays good: who chose a weak password chooses another one.
    if (choice->refused) return (*finish)(base::fail(*choice->refused));
    store_.write<User>(
        [this, choice, code, address](store::Transaction& tx) {
          return record_acceptance(tx, *code, *choice, address, clock_.wall());
        },
        [finish](base::Result<User> r) { (*finish)(std::move(r)); });
  };
  store_.read<void>(
      [this, choice, code](store::ReadTransaction& tx) -> base::Result<> {
        RESCUE_TRY(choice->user, invitations::find(tx, *code, clock_.wall()));
        RESCUE_TRY(choice->policy, policy(tx));
        RESCUE_TRY(choice->earlier, earlier_hashes(tx, choice->user, choice->policy));
        if (!choice->user.password_hash.empty()) choice->earlier.push_back(choice->user.password_hash);
        return {};
      },
      [this, check, finish](base::Result<> r) {
        if (!r) return (*finish)(base::fail(std::move(r).error()));
        run_slow_(check);
      });
}

}  // namespace rescue::directory
