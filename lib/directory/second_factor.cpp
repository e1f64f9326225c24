// SPDX-License-Identifier: Apache-2.0
#include "directory/second_factor.hpp"

#include <algorithm>

#include "crypto/totp.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/sign_in_lock.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory {
namespace {
using store::EventType;
using store::User;

constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";  // no i, l, o, 0, 1
constexpr int kCodeLetters = 16;                                          // 79 bits
constexpr int kCodeGroup = 4;

std::string make_code(base::RandomSource& random) {
  std::string out;
  for (int i = 0; i < kCodeLetters; ++i) {
    if (i > 0 && i % kCodeGroup == 0) out += '-';
    out += kLetters[random.below(kLetters.size())];
  }
  return out;
}

/// As people type them: in capitals, with spaces, without dashes.
std::string plain(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_totp(std::string_view code) {
  return code.size() == crypto::kTotpDigits && std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
}

base::Result<User> get(store::ReadTransaction& tx, const base::Guid& id) {
  auto user = store::users::get(tx, id);
  if (!user && user.error().code == base::Errc::not_found) return base::fail(Errc::user_not_found, id.text());
  return user;
}

impl::Json about(const User& user, const By& by) {
  impl::Json data;
  data.add("user", user.id.text()).add("email", user.email).add(by);
  return data;
}

base::Result<> record(store::Transaction& tx, EventType type, const User& user, const By& by, impl::Json data,
                      base::WallTime now) {
  return impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data), .technician = user.id}, now);
}

std::unexpected<base::Error> no_factor() { return base::fail(base::Errc::conflict, "there is no second factor"); }
}  // namespace

SecondFactor::SecondFactor(base::ByteView site_secret, base::RandomSource& random)
    : sealer_(site_secret, "second factor"), random_(random) {}

base::Bytes SecondFactor::code_hash(const User& user, std::string_view code) const {
  auto text = plain(code);
  const auto digest = sealer_.digest(base::as_bytes(text), user.id.bytes());
  base::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return {digest.begin(), digest.end()};
}

base::Result<SecondFactor::Status> SecondFactor::status(store::ReadTransaction& tx, const base::Guid& id) const {
  RESCUE_TRY(const auto user, get(tx, id));
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  Status out{.enrolled = enrolled(user), .since = user.totp_confirmed_at, .required = group.require_mfa};
  if (out.enrolled) {
    RESCUE_TRY(out.recovery_codes_left, store::recovery_codes::count_unused(tx, id));
  }
  return out;
}

base::Result<SecondFactor::Enrolment> SecondFactor::begin(store::Transaction& tx, const Principal& who,
                                                          std::string_view issuer) const {
  if (who.kind != store::TokenKind::sign_in) return base::fail(base::Errc::denied, "an API token has no second factor");
  RESCUE_TRY(auto user, get(tx, who.id));
  if (enrolled(user)) return base::fail(base::Errc::conflict, "there is a second factor already: remove it first");
  const auto secret = crypto::make_totp_secret(random_);
  RESCUE_TRY(user.totp_secret, sealer_.seal(secret.view(), user.id.bytes(), random_));
  user.totp_last_step = 0;
  RESCUE_CHECK(store::users::update(tx, user));
  return Enrolment{crypto::to_base32(secret.view()), crypto::totp_uri(secret.view(), issuer, user.email)};
}

base::Result<SecondFactor::Codes> SecondFactor::make_codes(store::Transaction& tx, const User& user, const By& by,
                                                           base::WallTime now) const {
  Codes codes;
  std::vector<base::Bytes> hashes;
  for (std::size_t i = 0; i < kRecoveryCodes; ++i) {
    codes.push_back(make_code(random_));
    hashes.push_back(code_hash(user, codes.back()));
  }
  RESCUE_CHECK(store::recovery_codes::replace(tx, user.id, hashes));
  auto data = about(user, by);
  data.add("count", std::uint64_t{kRecoveryCodes});
  RESCUE_CHECK(record(tx, EventType::auth_recovery_codes_made, user, by, std::move(data), now));
  return codes;
}

base::Result<SecondFactor::Outcome<SecondFactor::Codes>> SecondFactor::confirm(store::Transaction& tx,
                                                                               const Principal& who,
                                                                               std::string_view code, const By& by,
                                                                               base::WallTime now) const {
  RESCUE_TRY(auto user, get(tx, who.id));
  if (enrolled(user) || user.totp_secret.empty())
    return base::fail(base::Errc::conflict, "no second factor is being set up");
  RESCUE_TRY(const auto secret, sealer_.open(user.totp_secret, user.id.bytes()));
  const auto step = crypto::check_totp(secret.view(), code, now, user.totp_last_step);
  // No guess at a secret: who confirms has just been told it.
  if (!step) return Outcome<Codes>(base::fail(Errc::code_wrong, "confirm"));
  user.totp_last_step = *step;
  user.totp_confirmed_at = now;
  RESCUE_CHECK(store::users::update(tx, user));
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user.id, now, who.token_hash));
  auto data = about(user, by);
  data.add("sign_ins_ended", ended);
  RESCUE_CHECK(record(tx, EventType::auth_mfa_enrolled, user, by, std::move(data), now));
  RESCUE_TRY(auto codes, make_codes(tx, user, by, now));
  return Outcome<Codes>(std::move(codes));
}

base::Result<SecondFactor::Outcome<void>> SecondFactor::demand(store::Transaction& tx, User& user,
                                                               std::string_view code, const By& by,
                                                               base::WallTime now) const {
  if (!enrolled(user)) return no_factor();
  if (user.locked_at) return Outcome<void>(base::fail(Errc::sign_in_failed, "second factor"));
  RESCUE_TRY(const auto checked, check(tx, user, code, now));
  if (checked == Check::right) return Outcome<void>();
  // The same count as that of wrong passwords: a code is guessed no more often than they are.
  const impl::Failure failure{user.email, by.address, "wrong code", true};
  RESCUE_CHECK(impl::count_failure(tx, user, failure, now));
  return Outcome<void>(base::fail(Errc::code_wrong, "second factor"));
}

base::Result<SecondFactor::Outcome<SecondFactor::Codes>> SecondFactor::renew_codes(store::Transaction& tx,
                                                                                   const Principal& who,
                                                                                   std::string_view code, const By& by,
                                                                                   base::WallTime now) const {
  RESCUE_TRY(auto user, get(tx, who.id));
  RESCUE_TRY(const auto right, demand(tx, user, code, by, now));
  if (!right) return Outcome<Codes>(base::fail(right.error()));
  RESCUE_TRY(auto codes, make_codes(tx, user, by, now));
  return Outcome<Codes>(std::move(codes));
}

namespace {
base::Result<> forget(store::Transaction& tx, User& user) {
  user.totp_secret.clear();
  user.totp_confirmed_at.reset();
  user.totp_last_step = 0;
  RESCUE_CHECK(store::users::update(tx, user));
  return store::recovery_codes::replace(tx, user.id, {});
}
}  // namespace

base::Result<SecondFactor::Outcome<void>> SecondFactor::remove(store::Transaction& tx, const Principal& who,
                                                               std::string_view code, const By& by,
                                                               base::WallTime now) const {
  RESCUE_TRY(auto user, get(tx, who.id));
  RESCUE_TRY(auto right, demand(tx, user, code, by, now));
  if (!right) return right;
  RESCUE_CHECK(forget(tx, user));
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  if (group.require_mfa) RESCUE_CHECK(store::tokens::owe_mfa(tx, user.id));
  RESCUE_CHECK(record(tx, EventType::auth_mfa_removed, user, by, about(user, by), now));
  return right;
}

base::Result<User> SecondFactor::reset(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, get(tx, id));
  if (user.removed_at) return base::fail(Errc::user_not_found, id.text());
  if (user.totp_secret.empty()) return user;
  RESCUE_CHECK(forget(tx, user));
  RESCUE_TRY(const auto ended, store::tokens::revoke_all(tx, user.id, now));
  auto data = about(user, by);
  data.add("sign_ins_ended", ended);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::user_mfa_reset, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

base::Result<SecondFactor::Check> SecondFactor::check(store::Transaction& tx, User& user, std::string_view code,
                                                      base::WallTime now) const {
  if (!enrolled(user)) return Check::not_enrolled;
  if (code.empty()) return Check::missing;
  if (code.size() > kMaxCodeBytes) return Check::wrong;
  if (is_totp(code)) {
    RESCUE_TRY(const auto secret, sealer_.open(user.totp_secret, user.id.bytes()));
    const auto step = crypto::check_totp(secret.view(), code, now, user.totp_last_step);
    if (!step) return Check::wrong;
    user.totp_last_step = *step;
    RESCUE_CHECK(store::users::update(tx, user));
    return Check::right;
  }
  RESCUE_TRY(const bool used, store::recovery_codes::use(tx, user.id, code_hash(user, code), now));
  if (!used) return Check::wrong;
  RESCUE_TRY(const auto left, store::recovery_codes::count_unused(tx, user.id));
  impl::Json data;
  data.add("left", left);
  RESCUE_CHECK(record(tx, EventType::auth_recovery_code_used, user, user.email, std::move(data), now));
  return Check::right;
}

}  // namespace rescue::directory
