// SPDX-License-Identifier: Apache-2.0
#include "directory/single_sign_on.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/hash.hpp"
#include "directory/accounts.hpp"
#include "directory/groups.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/session_end.hpp"
#include "directory/networks.hpp"
#include "directory/sign_in_sessions.hpp"
#include "directory/site_policy.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory::sso {
namespace {
using store::EventType;
using store::User;

constexpr std::string_view kVia = "sso";
// Without I, L, O and U: nobody takes them for digits, and no code is a word. 32 letters, 60 bits.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCodeLetters = 12;
constexpr std::size_t kCodeGroup = 4;
constexpr std::size_t kMinTargetSecret = 16;
constexpr std::size_t kMaxTargetSecret = 64;

std::string make_code(base::RandomSource& random) {
  std::string out;
  for (std::size_t i = 0; i < kCodeLetters; ++i) {
    if (i != 0 && i % kCodeGroup == 0) out += '-';
    out += kAlphabet[random.below(kAlphabet.size())];
  }
  return out;
}

/// What counts of a code as it was typed; nothing when it cannot be one.
std::optional<std::string> letters_of(std::string_view typed) {
  if (typed.size() > kMaxCodeBytes) return std::nullopt;
  std::string out;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (!kAlphabet.contains(c)) return std::nullopt;
    out += c;
  }
  if (out.size() != kCodeLetters) return std::nullopt;
  return out;
}

base::Bytes digest(std::string_view text) {
  const auto d = crypto::sha256(base::as_bytes(text));
  return {d.begin(), d.end()};
}

base::Bytes assertion_digest(const Assertion& a) { return digest(a.issuer + '\0' + a.id); }

std::string target_text(const Target& t) { return t.by_hand() ? "" : fmt::format("{} {}", t.port, t.secret); }

/// A target that begin() stored.
Target target_of(std::string_view text) {
  Target out;
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos) return out;
  std::from_chars(text.data(), text.data() + blank, out.port);
  out.secret = text.substr(blank + 1);
  return out;
}

base::Result<User> existing(store::ReadTransaction& tx, const base::Guid& id) {
  auto user = store::users::get(tx, id);
  if (user ? user->removed_at.has_value() : user.error().code == base::Errc::not_found)
    return base::fail(Errc::user_not_found, id.text());
  return user;
}

impl::Json about(const User& user) {
  impl::Json data;
  data.add("user", user.id.text()).add("email", user.email);
  return data;
}

Refusal refusal(std::string_view rule, base::ErrorCode code = Errc::sso_refused) {
  return {base::Error(code, fmt::format("single sign-on ({})", rule)), std::string(rule), std::nullopt};
}

/// Why this account is not opened, if so.
std::optional<Refusal> barred(const User& user) {
  if (user.role == store::UserRole::service) return refusal("service_account", base::Errc::denied);
  if (user.disabled) return refusal("account_disabled", Errc::account_disabled);
  if (user.sso_disabled) return refusal("sso_disabled", base::Errc::denied);
  return std::nullopt;
}

using Found = std::expected<std::optional<User>, Refusal>;

/// The account of the person, by identity, else by address. An account that belongs to an identity is opened by no
/// other one: an address that moved to somebody else at the provider takes no account along.
base::Result<Found> account_of(store::ReadTransaction& tx, const Assertion& a) {
  if (!a.transient) {
    RESCUE_TRY(auto known, store::users::find_by_sso_id(tx, a.name_id));
    if (known) return Found(std::move(known));
  }
  if (!check_email(a.email)) return Found(std::unexpected(refusal("no_address")));
  RESCUE_TRY(auto user, store::users::find_by_email(tx, a.email));
  if (user && !user->sso_id.empty()) return Found(std::unexpected(refusal("other_identity", base::Errc::denied)));
  return Found(std::move(user));
}

/// The group that the first fitting rule names; nullopt when none fits. A rule whose group is gone fits nobody.
base::Result<std::optional<store::Group>> mapped_group(store::ReadTransaction& tx, const Rules& rules,
                                                       const Assertion& a) {
  for (const auto& rule : rules.group_map) {
    if (std::ranges::find(a.groups, rule.value) == a.groups.end()) continue;
    RESCUE_TRY(auto group, store::groups::find_by_name(tx, rule.group));
    if (group) return group;
  }
  return std::nullopt;
}

base::Result<User> make_account(store::Transaction& tx, const Assertion& a, const std::optional<store::Group>& group,
                                const By& by, base::RandomSource& random, base::WallTime now) {
  accounts::NewUser wanted;
  wanted.id = base::Guid::random(random);
  wanted.email = a.email;
  wanted.name = check_line(a.name, "name") ? a.name : a.email;
  if (group) wanted.group = group->id;
  return accounts::create(tx, wanted, by, now);
}

/// Technicians alone follow the provider's groups: for everybody else the group says what they administer.
base::Result<User> follow_group(store::Transaction& tx, User user, const std::optional<store::Group>& group,
                                const By& by, base::WallTime now) {
  if (!group || user.role != store::UserRole::technician || user.group == group->id) return user;
  accounts::UserChange change;
  change.group = group->id;
  return accounts::change(tx, user.id, change, by, now);
}

base::Result<User> link(store::Transaction& tx, User user, const Assertion& a, const By& by, base::WallTime now) {
  if (a.transient || user.sso_id == a.name_id) return user;
  impl::Json change, changes;
  change.add("old", user.sso_id).add("new", a.name_id);
  changes.add_json("sso_id", change.text());
  user.sso_id = a.name_id;
  RESCUE_CHECK(store::users::update(tx, user));
  auto data = about(user);
  data.add_json("changes", changes.text()).add(by);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::user_changed, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

struct Request {
  base::Bytes challenge;
  Target target;
};

/// The request that the assertion answers, used up by it.
base::Result<std::expected<Request, Refusal>> use_request(store::Transaction& tx, const Assertion& a,
                                                          const Rules& rules, base::WallTime now) {
  using Out = std::expected<Request, Refusal>;
  if (a.in_response_to.empty()) {
    if (!rules.idp_initiated) return Out(std::unexpected(refusal("idp_initiated")));
    return Out(Request{});
  }
  RESCUE_TRY(const auto row, store::sso::find(tx, a.in_response_to));
  if (!row || row->expires_at <= now) return Out(std::unexpected(refusal("unknown_request")));
  RESCUE_TRY(const bool first, store::sso::use(tx, row->id, now));
  if (!first) return Out(std::unexpected(refusal("request_used")));
  return Out(Request{row->verifier, target_of(row->target)});
}

base::Result<Outcome> let_in(store::Transaction& tx, User user, const Assertion& a, Request request,
                             base::RandomSource& random, base::WallTime now) {
  Entered out;
  out.code = make_code(random);
  store::SignInCode code;
  code.hash = digest(*letters_of(out.code));
  code.user = user.id;
  code.verifier = std::move(request.challenge);
  code.created_at = now;
  code.expires_at = now + kCodeLifetime;
  code.session_end = a.session_end;
  RESCUE_CHECK(store::sign_in_codes::insert(tx, code));
  out.user = std::move(user);
  out.target = std::move(request.target);
  out.by_provider = a.in_response_to.empty();
  return Outcome(std::move(out));
}

/// enter() but for the traces of a refusal.
base::Result<Outcome> try_to_enter(store::Transaction& tx, const Assertion& a, const Rules& rules,
                                   std::string_view address, base::RandomSource& random, base::WallTime now) {
  RESCUE_TRY(const bool fresh, store::sso::remember(tx, assertion_digest(a), a.replay_until));
  if (!fresh) return Outcome(std::unexpected(refusal("replay")));
  RESCUE_TRY(auto request, use_request(tx, a, rules, now));
  if (!request) return Outcome(std::unexpected(std::move(request).error()));
  const auto refuse = [&](Refusal why) {
    if (!a.in_response_to.empty()) why.target = request->target;
    return Outcome(std::unexpected(std::move(why)));
  };
  RESCUE_TRY(auto found, account_of(tx, a));
  if (!found) return refuse(std::move(found).error());
  if (!*found && !rules.provision) return refuse(refusal("unknown_account"));
  if (*found)
    if (auto why = barred(**found)) return refuse(std::move(*why));
  RESCUE_TRY(const auto group, mapped_group(tx, rules, a));
  const By by((*found ? (*found)->email : a.email), std::string(address), std::string(kVia));
  if (!*found) {
    RESCUE_TRY(*found, make_account(tx, a, group, by, random, now));
  }
  RESCUE_TRY(auto user, link(tx, std::move(**found), a, by, now));
  RESCUE_TRY(user, follow_group(tx, std::move(user), group, by, now));
  return let_in(tx, std::move(user), a, std::move(*request), random, now);
}

base::Result<> log_refusal(store::Transaction& tx, std::string_view rule, std::string_view detail,
                           std::string_view actor, std::string_view address, base::WallTime now) {
  impl::Json data;
  data.add("rule", rule).add("address", address);
  if (!detail.empty()) data.add("detail", detail);
  return impl::record(tx, {.type = EventType::auth_sso_refused, .actor = actor, .data = std::move(data)}, now);
}

base::Result<> log_setting(store::Transaction& tx, std::string_view name, const impl::Json& change, const By& by,
                           base::WallTime now) {
  impl::Json changes, data;
  changes.add_json(name, change.text());
  data.add_json("changes", changes.text()).add(by);
  return impl::record(tx, {.type = EventType::policy_changed, .actor = by.actor, .data = std::move(data)}, now);
}

}  // namespace

std::string Target::url(std::string_view name, std::string_view value) const {
  return fmt::format("http://127.0.0.1:{}/{}?{}={}", port, secret, name, value);
}

base::Result<Target> make_target(std::uint16_t port, std::string secret) {
  const bool letters = std::ranges::all_of(secret, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  const bool by_hand = port == 0 && secret.empty();
  const bool listener = port != 0 && secret.size() >= kMinTargetSecret && secret.size() <= kMaxTargetSecret && letters;
  if (!by_hand && !listener)
    return base::fail(base::Errc::invalid_argument, "state: 16 to 64 characters of base64url, and only with a port");
  return Target{port, std::move(secret)};
}

base::Result<std::vector<GroupRule>> parse_group_map(std::string_view text) {
  std::vector<GroupRule> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const auto at = line.rfind('=');
    if (at == 0 || at == std::string_view::npos || at + 1 == line.size()) {
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("group map: '{}' is not VALUE=GROUP", base::to_display_text(line)));
    }
    out.push_back({std::string(line.substr(0, at)), std::string(line.substr(at + 1))});
  }
  return out;
}

std::string group_map_text(const std::vector<GroupRule>& rules) {
  std::string out;
  for (const auto& rule : rules) out += fmt::format("{}{}={}", out.empty() ? "" : "\n", rule.value, rule.group);
  return out;
}

base::Result<Rules> rules(store::ReadTransaction& tx) {
  Rules out;
  RESCUE_TRY(out.enabled, site_policy::boolean(tx, Setting::sso_enabled));
  RESCUE_TRY(out.entity_id, site_policy::text(tx, Setting::sso_entity_id));
  RESCUE_TRY(out.idp_initiated, site_policy::boolean(tx, Setting::sso_idp_initiated));
  RESCUE_TRY(out.provision, site_policy::boolean(tx, Setting::sso_provision));
  RESCUE_TRY(out.email_attribute, site_policy::text(tx, Setting::sso_email_attribute));
  RESCUE_TRY(out.name_attribute, site_policy::text(tx, Setting::sso_name_attribute));
  RESCUE_TRY(out.group_attribute, site_policy::text(tx, Setting::sso_group_attribute));
  RESCUE_TRY(const auto map, site_policy::text(tx, Setting::sso_group_map));
  RESCUE_TRY(out.group_map, parse_group_map(map));
  return out;
}

base::Result<> install_metadata(store::Transaction& tx, std::string_view xml, std::string_view entity_id, const By& by,
                                base::WallTime now) {
  RESCUE_TRY(const auto before, store::settings::get(tx, kIdpMetadataSetting));
  if (before.value_or("") == xml) return {};
  if (xml.empty())
    RESCUE_CHECK(store::settings::unset(tx, kIdpMetadataSetting));
  else
    RESCUE_CHECK(store::settings::set(tx, kIdpMetadataSetting, xml, now));
  const auto named = [](std::string_view text) { return text.empty() ? std::string() : base::to_hex(digest(text)); };
  impl::Json change;
  change.add("old", named(before.value_or(""))).add("new", named(xml)).add("entity_id", entity_id);
  return log_setting(tx, kIdpMetadataSetting, change, by, now);
}

base::Result<> install_keys(store::Transaction& tx, std::string_view keys, const By& by, base::WallTime now) {
  RESCUE_CHECK(store::settings::set(tx, kKeysSetting, keys, now));
  impl::Json change;
  change.add("old", "***").add("new", "***");
  return log_setting(tx, kKeysSetting, change, by, now);
}

base::Result<> begin(store::Transaction& tx, std::string id, base::ByteView challenge, const Target& target,
                     base::WallTime now) {
  if (challenge.size() != kChallengeBytes)
    return base::fail(base::Errc::invalid_argument, fmt::format("challenge: {} bytes", kChallengeBytes));
  store::SsoRequest row;
  row.id = std::move(id);
  row.verifier.assign(challenge.begin(), challenge.end());
  row.target = target_text(target);
  row.created_at = now;
  row.expires_at = now + kRequestLifetime;
  return store::sso::insert(tx, row);
}

base::Result<Outcome> enter(store::Transaction& tx, const Assertion& assertion, const Rules& rules,
                            std::string_view address, base::RandomSource& random, base::WallTime now) {
  RESCUE_TRY(auto out, try_to_enter(tx, assertion, rules, address, random, now));
  if (!out) {
    const auto actor = base::to_display_text(assertion.email.empty() ? assertion.name_id : assertion.email);
    RESCUE_CHECK(log_refusal(tx, out.error().rule, "", actor.substr(0, kMaxEmailBytes), address, now));
  }
  return out;
}

base::Result<> refused(store::Transaction& tx, std::string_view rule, std::string_view detail, std::string_view address,
                       base::WallTime now) {
  constexpr std::size_t kMostDetail = 500;
  return log_refusal(tx, rule, base::to_display_text(detail.substr(0, kMostDetail)), "", address, now);
}

base::Result<base::Result<SignedIn>> redeem(store::Transaction& tx, const Redemption& r, base::RandomSource& random,
                                            base::WallTime now) {
  using Out = base::Result<SignedIn>;
  const auto refuse = [&](base::ErrorCode code, std::string_view reason,
                          const std::optional<User>& user) -> base::Result<Out> {
    impl::Json data;
    data.add("address", r.address).add("reason", reason).add("failures", std::uint64_t{0}).add("via", kVia);
    RESCUE_CHECK(impl::record(tx,
                              {.type = EventType::auth_login_failed,
                               .actor = user ? std::string_view(user->email) : std::string_view(),
                               .data = std::move(data),
                               .technician = user ? std::optional(user->id) : std::nullopt},
                              now));
    return Out(base::fail(code, "single sign-on"));
  };
  const auto letters = letters_of(r.code);
  if (!letters) return refuse(Errc::sign_in_failed, "no code", std::nullopt);
  const auto hash = digest(*letters);
  RESCUE_TRY(const auto row, store::sign_in_codes::find(tx, hash));
  if (!row) return refuse(Errc::sign_in_failed, "unknown code", std::nullopt);
  RESCUE_TRY(auto user, store::users::get(tx, row->user));
  const auto challenge = r.verifier.empty() ? base::Bytes() : digest(r.verifier);
  // A wrong verifier uses the code up, too: it is in the wrong hands.
  RESCUE_TRY(const bool first, store::sign_in_codes::use(tx, hash, now));
  if (!first) return refuse(Errc::sign_in_failed, "code used", user);
  if (row->expires_at <= now) return refuse(Errc::sign_in_failed, "code expired", user);
  if (!base::equal_constant_time(challenge, row->verifier)) return refuse(Errc::sign_in_failed, "wrong verifier", user);
  if (user.disabled || user.removed_at) return refuse(Errc::account_disabled, "account disabled", user);
  if (user.sso_disabled) return refuse(base::Errc::denied, "single sign-on disabled", user);
  if (const auto from = networks::check(tx, user, r.address); !from) {
    if (from.error().code != Errc::network_not_allowed) return base::fail(from.error());
    return refuse(Errc::network_not_allowed, "network not allowed", user);
  }

  const auto device = base::to_display_text(r.device.substr(0, kMaxNameBytes));
  user.last_login_at = now;
  RESCUE_CHECK(store::users::update(tx, user));
  sign_ins::NewSignIn sign_in{device, r.address, sign_ins::Proof::sso};
  sign_in.not_after = row->session_end;
  RESCUE_TRY(auto signed_in, sign_ins::issue(tx, std::move(user), sign_in, random, now));
  impl::Json data;
  data.add("address", r.address).add("device", device).add("via", kVia);
  RESCUE_CHECK(impl::record(tx,
                            {.type = EventType::auth_login,
                             .actor = signed_in.user.email,
                             .data = std::move(data),
                             .technician = signed_in.user.id},
                            now));
  return Out(std::move(signed_in));
}

base::Result<User> set_disabled(store::Transaction& tx, const base::Guid& id, bool disabled, const By& by,
                                base::WallTime now) {
  RESCUE_TRY(auto user, existing(tx, id));
  if (user.sso_disabled == disabled) return user;
  user.sso_disabled = disabled;
  auto data = about(user);
  if (disabled) {
    RESCUE_TRY(const auto tokens, store::tokens::revoke_all(tx, user.id, now));
    RESCUE_TRY(const auto sessions, impl::end_sessions_of(tx, user.id, by, "single sign-on disabled", now));
    data.add("sign_ins_ended", tokens).add("sessions_ended", sessions);
  }
  RESCUE_CHECK(store::users::update(tx, user));
  data.add(by);
  const auto type = disabled ? EventType::user_sso_disabled : EventType::user_sso_enabled;
  RESCUE_CHECK(impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

base::Result<User> unlink(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(auto user, existing(tx, id));
  if (user.sso_id.empty()) return user;
  impl::Json change, changes;
  change.add("old", user.sso_id).add("new", "");
  changes.add_json("sso_id", change.text());
  user.sso_id.clear();
  RESCUE_CHECK(store::users::update(tx, user));
  auto data = about(user);
  data.add_json("changes", changes.text()).add(by);
  RESCUE_CHECK(impl::record(tx, {.type = EventType::user_changed, .actor = by.actor, .data = std::move(data)}, now));
  return user;
}

}  // namespace rescue::directory::sso
