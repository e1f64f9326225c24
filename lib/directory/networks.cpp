// SPDX-License-Identifier: Apache-2.0
#include "directory/networks.hpp"

#include <fmt/format.h>

#include "directory/site_policy.hpp"
#include "store/users.hpp"

namespace rescue::directory::networks {
namespace {

base::Result<base::NetworkRule> parse(const std::vector<std::string>& list, std::string_view whose) {
  auto rule = base::NetworkRule::parse(list);
  if (!rule) return base::fail(base::Errc::bad_format, fmt::format("allowed_networks of {}", whose));
  return rule;
}

base::Result<base::NetworkRule> site_rule(store::ReadTransaction& tx) {
  RESCUE_TRY(const auto list, site_policy::list(tx, Setting::allowed_networks));
  return parse(list, "the site");
}

base::Result<> check(const base::NetworkRule& rule, std::string_view address, std::string_view whose) {
  if (!rule.restricts() || address.empty()) return {};
  const auto from = base::IpAddress::parse(address);
  if (from && rule.allows(*from)) return {};
  return base::fail(Errc::network_not_allowed, fmt::format("{} is not in the networks of {}", address, whose));
}

}  // namespace

base::Result<base::NetworkRule> rule_of(store::ReadTransaction& tx, const store::User& user) {
  RESCUE_TRY(const auto site, site_rule(tx));
  RESCUE_TRY(const auto row, store::groups::get(tx, user.group));
  RESCUE_TRY(const auto group, parse(row.allowed_networks, "the group"));
  RESCUE_TRY(const auto account, parse(user.allowed_networks, "the account"));
  return site.both(group).both(account);
}

base::Result<> check_site(store::ReadTransaction& tx, std::string_view address) {
  RESCUE_TRY(const auto site, site_rule(tx));
  return check(site, address, "the site");
}

base::Result<> check(store::ReadTransaction& tx, const store::User& user, std::string_view address) {
  RESCUE_CHECK(check_site(tx, address));
  RESCUE_TRY(const auto row, store::groups::get(tx, user.group));
  RESCUE_TRY(const auto group, parse(row.allowed_networks, "the group"));
  RESCUE_CHECK(check(group, address, fmt::format("the group '{}'", row.name)));
  RESCUE_TRY(const auto account, parse(user.allowed_networks, "the account"));
  return check(account, address, "the account");
}

}  // namespace rescue::directory::networks
