// SPDX-License-Identifier: Apache-2.0
#include "directory/impl/sign_in_lock.hpp"

#include <algorithm>
#include <array>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/event.hpp"
#include "directory/site_policy.hpp"
#include "store/sign_ins.hpp"
#include "store/users.hpp"

namespace rescue::directory::impl {
namespace {
using store::EventType;
using store::SignInNetwork;
using store::User;

bool is_own(const SignInNetwork& n, base::WallTime now) { return n.succeeded_at && *n.succeeded_at + kOwnFor > now; }

/// Failures of a stranger's network that still count.
std::uint32_t recent_failures(const SignInNetwork& n, base::WallTime now) {
  return !is_own(n, now) && n.failed_at && *n.failed_at + kClosedFor > now ? n.failures : 0;
}

/// An account with its networks, seen from one of them.
struct View {
  std::string network;
  std::optional<SignInNetwork> here;
  bool own_here = false;
  bool own_anywhere = false;
  std::uint32_t strangers = 0;  // recent failures of all strangers together

  /// Whether what comes from here counts for the account itself.
  [[nodiscard]] bool counts_for_account() const { return own_here || !own_anywhere; }
};

base::Result<View> look(store::ReadTransaction& tx, const User& user, std::string_view address, base::WallTime now) {
  RESCUE_TRY(const auto networks, store::sign_in_networks::list(tx, user.id));
  View out;
  out.network = network_of(address);
  for (const auto& n : networks) {
    out.own_anywhere = out.own_anywhere || is_own(n, now);
    out.strangers += recent_failures(n, now);
    if (n.network != out.network) continue;
    out.here = n;
    out.own_here = is_own(n, now);
  }
  return out;
}

SignInNetwork row_of(const User& user, std::string network) {
  SignInNetwork row;
  row.user = user.id;
  row.network = std::move(network);
  return row;
}

base::Result<std::uint32_t> limit(store::ReadTransaction& tx) {
  RESCUE_TRY(const auto n, site_policy::integer(tx, Setting::password_lock_after));
  return static_cast<std::uint32_t>(n);
}

base::Result<> record_failed(store::Transaction& tx, const User& user, const Failure& failure, std::uint32_t failures,
                             base::WallTime now) {
  const auto actor = base::to_display_text(failure.email.substr(0, kMaxEmailBytes));
  Json data;
  data.add("address", failure.address).add("reason", failure.reason).add("failures", std::uint64_t{failures});
  return record(
      tx, {.type = EventType::auth_login_failed, .actor = actor, .data = std::move(data), .technician = user.id}, now);
}

base::Result<> record_locked(store::Transaction& tx, const User& user, const Failure& failure, std::uint32_t failures,
                             std::string_view scope, base::WallTime now) {
  Json data;
  data.add("failures", std::uint64_t{failures}).add("address", failure.address).add("scope", scope);
  return record(
      tx, {.type = EventType::auth_locked, .actor = user.email, .data = std::move(data), .technician = user.id}, now);
}

base::Result<> count_for_account(store::Transaction& tx, User& user, const Failure& failure, std::uint32_t most,
                                 base::WallTime now) {
  ++user.failed_sign_ins;
  const bool lock = user.failed_sign_ins >= most && !user.locked_at;
  if (lock) user.locked_at = now;
  RESCUE_CHECK(store::users::update(tx, user));
  RESCUE_CHECK(record_failed(tx, user, failure, user.failed_sign_ins, now));
  if (!lock) return {};
  return record_locked(tx, user, failure, user.failed_sign_ins, "account", now);
}

base::Result<> count_for_network(store::Transaction& tx, const User& user, const View& view, const Failure& failure,
                                 std::uint32_t most, base::WallTime now) {
  auto row = view.here.value_or(row_of(user, view.network));
  row.failures = recent_failures(row, now) + 1;
  row.failed_at = now;
  RESCUE_CHECK(store::sign_in_networks::put(tx, row));
  RESCUE_CHECK(record_failed(tx, user, failure, row.failures, now));
  if (row.failures == most) RESCUE_CHECK(record_locked(tx, user, failure, row.failures, "network", now));
  const auto together = view.strangers + 1;
  if (together == most * kStrangersTogether) return record_locked(tx, user, failure, together, "strangers", now);
  return {};
}
}  // namespace

std::string network_of(std::string_view address) {
  const auto parsed = base::IpAddress::parse(address);
  if (!parsed) return "?";
  if (parsed->is_v4()) return parsed->text();
  // One user of IPv6 has a /64 to choose from.
  auto bytes = parsed->mapped();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return base::IpAddress(bytes).text() + "/64";
}

base::Result<Standing> standing(store::ReadTransaction& tx, const User& user, std::string_view address,
                                base::WallTime now) {
  if (user.locked_at) return Standing::locked;
  RESCUE_TRY(const auto view, look(tx, user, address, now));
  if (view.counts_for_account()) return Standing::open;
  RESCUE_TRY(const auto most, limit(tx));
  const bool closed =
      (view.here && recent_failures(*view.here, now) >= most) || view.strangers >= most * kStrangersTogether;
  return closed ? Standing::closed_here : Standing::open;
}

base::Result<> count_failure(store::Transaction& tx, User& user, const Failure& failure, base::WallTime now) {
  RESCUE_TRY(const auto most, limit(tx));
  RESCUE_TRY(const auto view, look(tx, user, failure.address, now));
  if (failure.signed_in || view.counts_for_account()) return count_for_account(tx, user, failure, most, now);
  return count_for_network(tx, user, view, failure, most, now);
}

base::Result<> note_success(store::Transaction& tx, User& user, std::string_view address, base::WallTime now) {
  user.failed_sign_ins = 0;
  auto row = row_of(user, network_of(address));
  row.succeeded_at = now;
  return store::sign_in_networks::put(tx, row);
}

base::Result<bool> is_shut(store::ReadTransaction& tx, const User& user, base::WallTime now) {
  if (user.locked_at) return true;
  RESCUE_TRY(const auto most, limit(tx));
  RESCUE_TRY(const auto networks, store::sign_in_networks::list(tx, user.id));
  std::uint32_t together = 0;
  for (const auto& n : networks) {
    const auto failures = recent_failures(n, now);
    if (failures >= most) return true;
    together += failures;
  }
  return together >= most * kStrangersTogether;
}

base::Result<> forget_failures(store::Transaction& tx, User& user) {
  user.locked_at.reset();
  user.failed_sign_ins = 0;
  return store::sign_in_networks::forget_failures(tx, user.id);
}

}  // namespace rescue::directory::impl
