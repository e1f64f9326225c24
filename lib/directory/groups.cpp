// SPDX-License-Identifier: Apache-2.0
#include "directory/groups.hpp"

#include <fmt/format.h>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "directory/accounts.hpp"
#include "directory/impl/changes.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/names.hpp"
#include "directory/impl/regrant.hpp"
#include "store/users.hpp"

namespace rescue::directory::groups {
namespace {
using store::EventType;
using store::Group;
using wire::PermissionSet;

base::Result<Group> get(store::ReadTransaction& tx, const base::Guid& id) {
  auto group = store::groups::get(tx, id);
  if (!group && group.error().code == base::Errc::not_found) return base::fail(Errc::group_not_found, id.text());
  return group;
}

base::Error name_or(const base::Error& e, std::string_view name) {
  if (e.code == base::Errc::conflict) return {Errc::name_taken, fmt::format("group '{}'", name)};
  return e;
}

base::Result<> check_seconds(std::chrono::seconds value, std::chrono::seconds min, std::chrono::seconds max,
                             std::string_view what) {
  if (value >= min && value <= max) return {};
  return base::fail(base::Errc::invalid_argument, fmt::format("{}: {} to {} seconds", what, min.count(), max.count()));
}

base::Result<> check_values(const Change& wanted) {
  if (wanted.name) RESCUE_CHECK(impl::check_name(*wanted.name, "name"));
  if (wanted.description)
    RESCUE_CHECK(impl::check_optional_line(*wanted.description, "description", kMaxDescriptionBytes));
  if (wanted.consent_timeout)
    RESCUE_CHECK(check_seconds(*wanted.consent_timeout, kMinConsentTimeout, kMaxConsentTimeout, "consent_timeout"));
  if (wanted.inactivity_timeout)
    RESCUE_CHECK(check_seconds(*wanted.inactivity_timeout, std::chrono::seconds(0), kMaxInactivityTimeout,
                               "inactivity_timeout"));
  return {};
}

/// Networks as they are kept: sorted, none twice.
base::Result<std::vector<std::string>> networks_of(const std::vector<std::string>& wanted) {
  const auto rule = base::NetworkRule::parse(wanted);
  if (!rule) return base::fail(base::Errc::invalid_argument, "allowed_networks: " + rule.error().message());
  return rule->texts();
}

/// `group` as `wanted` says; what differs, with old and new.
base::Result<impl::Changes> apply(Group& group, const Change& wanted) {
  RESCUE_CHECK(check_values(wanted));
  impl::Changes changes;
  changes.set("name", group.name, wanted.name);
  changes.set("description", group.description, wanted.description);
  if (wanted.permissions && wanted.permissions->bits() != group.permissions) {
    changes.add("permissions", PermissionSet::from_bits(group.permissions).text(), wanted.permissions->text());
    group.permissions = wanted.permissions->bits();
  }
  changes.set("single_prompt", group.single_prompt, wanted.single_prompt);
  changes.set("force_recording", group.force_recording, wanted.force_recording);
  changes.set("require_sas", group.require_sas, wanted.require_sas);
  changes.set("omit_chat_text", group.omit_chat_text, wanted.omit_chat_text);
  changes.set("require_mfa", group.require_mfa, wanted.require_mfa);
  changes.set("require_sso", group.require_sso, wanted.require_sso);
  changes.set("consent_timeout", group.consent_timeout, wanted.consent_timeout);
  changes.set("inactivity_timeout", group.inactivity_timeout, wanted.inactivity_timeout);
  if (wanted.allowed_networks) {
    RESCUE_TRY(const auto networks, networks_of(*wanted.allowed_networks));
    changes.set("allowed_networks", group.allowed_networks, std::optional(networks));
  }
  return changes;
}

base::Result<> only(bool allowed, std::string_view what) {
  if (allowed) return {};
  return base::fail(base::Errc::denied, fmt::format("{}: for administrators of the site", what));
}

bool no_wider(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const auto old_rule = base::NetworkRule::parse(before);
  const auto new_rule = base::NetworkRule::parse(after);
  return old_rule && new_rule && new_rule->both(*old_rule) == *new_rule;
}

/// Bounds::tighten.
base::Result<> check_tighter(const Group& before, const Group& after) {
  const auto gained = PermissionSet::from_bits(after.permissions) - PermissionSet::from_bits(before.permissions);
  RESCUE_CHECK(only(gained.empty(), "permissions " + gained.text()));
  RESCUE_CHECK(only(after.name == before.name, "name"));
  RESCUE_CHECK(only(after.single_prompt <= before.single_prompt, "single_prompt"));
  RESCUE_CHECK(only(after.force_recording >= before.force_recording, "force_recording"));
  RESCUE_CHECK(only(after.require_sas >= before.require_sas, "require_sas"));
  RESCUE_CHECK(only(after.require_mfa >= before.require_mfa, "require_mfa"));
  RESCUE_CHECK(only(after.require_sso == before.require_sso, "require_sso"));
  // Text that is withheld is withheld from the auditors, too.
  RESCUE_CHECK(only(after.omit_chat_text == before.omit_chat_text, "omit_chat_text"));
  const auto idle = [](const Group& g) {
    return g.inactivity_timeout.count() == 0 ? std::chrono::seconds::max() : g.inactivity_timeout;
  };
  RESCUE_CHECK(only(idle(after) <= idle(before), "inactivity_timeout"));
  return only(no_wider(before.allowed_networks, after.allowed_networks), "allowed_networks");
}

/// What an applet or a gateway learns from a grant.
bool in_grants(const Group& a, const Group& b) {
  return a.permissions == b.permissions && a.single_prompt == b.single_prompt &&
         a.force_recording == b.force_recording && a.require_sas == b.require_sas &&
         a.omit_chat_text == b.omit_chat_text && a.consent_timeout == b.consent_timeout &&
         a.inactivity_timeout == b.inactivity_timeout && a.allowed_networks == b.allowed_networks;
}

impl::Json about(const Group& group) {
  impl::Json data;
  data.add("group", group.id.text()).add("name", group.name);
  return data;
}
}  // namespace

base::Result<Group> create(store::Transaction& tx, const base::Guid& id, const Change& wanted, const By& by,
                           base::WallTime now) {
  RESCUE_TRY(const auto all, store::groups::list(tx));
  if (all.size() >= kMaxGroups)
    return base::fail(base::Errc::conflict, fmt::format("there are {} groups, as many as there can be", kMaxGroups));
  Group group;
  group.id = id;
  group.created_at = now;
  RESCUE_TRY(const auto changes, apply(group, wanted));
  if (group.name.empty()) return base::fail(base::Errc::invalid_argument, "name: a group needs one");
  if (auto done = store::groups::insert(tx, group); !done) return base::fail(name_or(done.error(), group.name));
  auto data = about(group);
  data.add("permissions", PermissionSet::from_bits(group.permissions).text()).add_json("changes", changes.text());
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::group_created, .actor = by.actor, .data = std::move(data.add(by))}, now));
  return group;
}

base::Result<Group> find(store::ReadTransaction& tx, std::string_view id_or_name) {
  if (const auto id = base::Guid::parse(id_or_name)) return get(tx, *id);
  RESCUE_TRY(auto group, store::groups::find_by_name(tx, id_or_name));
  if (!group) return base::fail(Errc::group_not_found, fmt::format("'{}'", base::to_display_text(id_or_name)));
  return std::move(*group);
}

base::Result<Group> change(store::Transaction& tx, const base::Guid& id, const Change& wanted, const By& by,
                           base::WallTime now, Bounds bounds) {
  RESCUE_TRY(const auto before, get(tx, id));
  auto group = before;
  RESCUE_TRY(const auto changes, apply(group, wanted));
  if (group == before) return group;
  if (bounds == Bounds::tighten) RESCUE_CHECK(check_tighter(before, group));
  if (auto done = store::groups::update(tx, group); !done) return base::fail(name_or(done.error(), group.name));
  auto data = about(before);
  data.add_json("changes", changes.text());
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::group_changed, .actor = by.actor, .data = std::move(data.add(by))}, now));
  if (!in_grants(before, group)) RESCUE_CHECK(impl::regrant_members(tx, group, by, now));
  return group;
}

base::Result<Group> grant(store::Transaction& tx, const base::Guid& id, PermissionSet add, PermissionSet take,
                          const By& by, base::WallTime now, Bounds bounds) {
  RESCUE_TRY(const auto group, get(tx, id));
  Change wanted;
  wanted.permissions = (PermissionSet::from_bits(group.permissions) | add) - take;
  return change(tx, id, wanted, by, now, bounds);
}

base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto group, get(tx, id));
  RESCUE_TRY(const auto fallback, store::groups::get_default(tx));
  if (fallback.id == id) return base::fail(Errc::group_in_use, "it is the group that new accounts get");
  RESCUE_TRY(const auto members, store::users::count_in_group(tx, id));
  if (members > 0) return base::fail(Errc::group_in_use, fmt::format("{} accounts are in '{}'", members, group.name));
  RESCUE_CHECK(store::users::move_removed(tx, id, fallback.id));
  RESCUE_CHECK(store::groups::remove(tx, id));
  return impl::record(tx, {.type = EventType::group_removed, .actor = by.actor, .data = about(group).add(by)}, now);
}

}  // namespace rescue::directory::groups
