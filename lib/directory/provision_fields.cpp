// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <boost/json/array.hpp>

#include "base/ip.hpp"
#include "directory/impl/provision_fields.hpp"

namespace rescue::directory::provision {
namespace json = boost::json;
namespace {

json::array texts(const std::vector<std::string>& from) {
  json::array out;
  for (const auto& text : from) out.emplace_back(text);
  return out;
}

json::array permissions_of(const store::Group& group) {
  json::array out;
  const auto set = wire::PermissionSet::from_bits(group.permissions);
  for (const auto p : wire::all_permissions())
    if (set.has(p)) out.emplace_back(wire::name(p));
  return out;
}

/// A field of the same name first, then the rest.
json::object with_name(std::string_view key, const std::string& name, json::object fields) {
  json::object out{{key, name}};
  for (auto& [field, value] : fields) out.emplace(field, std::move(value));
  return out;
}

template <typename T>
void put_one(T& over, const std::optional<T>& value) {
  if (value) over = *value;
}

/// As they are kept: sorted, none twice.
base::Result<> put_networks(std::vector<std::string>& over, const std::optional<std::vector<std::string>>& wanted) {
  if (!wanted) return {};
  const auto rule = base::NetworkRule::parse(*wanted);
  if (!rule) return base::fail(base::Errc::invalid_argument, "allowed_networks: " + rule.error().message());
  over = rule->texts();
  return {};
}

}  // namespace

json::object fields_of(const store::Group& group) {
  return {{"description", group.description},
          {"permissions", permissions_of(group)},
          {"single_prompt", group.single_prompt},
          {"force_recording", group.force_recording},
          {"require_sas", group.require_sas},
          {"omit_chat_text", group.omit_chat_text},
          {"require_mfa", group.require_mfa},
          {"require_sso", group.require_sso},
          {"consent_timeout", group.consent_timeout.count()},
          {"inactivity_timeout", group.inactivity_timeout.count()},
          {"allowed_networks", texts(group.allowed_networks)}};
}

json::object fields_of(const store::Channel& channel, const std::vector<std::string>& groups) {
  return {{"description", channel.description}, {"groups", texts(groups)}};
}

json::object fields_of(const store::User& user, const std::string& group) {
  return {{"name", user.name},
          {"role", store::to_string(user.role)},
          {"group", group},
          {"disabled", user.disabled},
          {"allowed_networks", texts(user.allowed_networks)},
          {"sso_disabled", user.sso_disabled}};
}

base::Result<> put(store::Group& over, const GroupSpec& spec) {
  put_one(over.description, spec.description);
  if (spec.permissions) over.permissions = spec.permissions->bits();
  put_one(over.single_prompt, spec.single_prompt);
  put_one(over.force_recording, spec.force_recording);
  put_one(over.require_sas, spec.require_sas);
  put_one(over.omit_chat_text, spec.omit_chat_text);
  put_one(over.require_mfa, spec.require_mfa);
  put_one(over.require_sso, spec.require_sso);
  put_one(over.consent_timeout, spec.consent_timeout);
  put_one(over.inactivity_timeout, spec.inactivity_timeout);
  return put_networks(over.allowed_networks, spec.allowed_networks);
}

base::Result<> put(store::User& over, const UserSpec& spec) {
  put_one(over.name, spec.name);
  put_one(over.role, spec.role);
  put_one(over.disabled, spec.disabled);
  put_one(over.sso_disabled, spec.sso_disabled);
  return put_networks(over.allowed_networks, spec.allowed_networks);
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  return names;
}

std::string email_key(std::string_view email) {
  std::string out(email);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

json::object export_document(const Present& present) {
  json::object settings;
  for (const auto& setting : present.settings)
    if (!setting.secret) settings[setting.name] = setting.value;
  std::map<base::Guid, std::string> names;
  json::array groups;
  for (const auto& group : present.groups) {
    names.emplace(group.id, group.name);
    groups.push_back(with_name("name", group.name, fields_of(group)));
  }
  json::array channels;
  for (const auto& [channel, assigned] : present.channels) {
    std::vector<std::string> of;
    for (const auto& id : assigned)
      if (const auto it = names.find(id); it != names.end()) of.push_back(it->second);
    channels.push_back(with_name("name", channel.name, fields_of(channel, sorted(std::move(of)))));
  }
  json::array users, service_accounts;
  for (const auto& user : present.users) {
    auto fields = with_name("email", user.email, fields_of(user, names[user.group]));
    if (user.role == store::UserRole::service) {
      for (const auto* persons : {"role", "sso_disabled"}) fields.stable_erase(persons);
      service_accounts.push_back(std::move(fields));
    } else {
      users.push_back(std::move(fields));
    }
  }
  return {{"settings", std::move(settings)},
          {"groups", std::move(groups)},
          {"channels", std::move(channels)},
          {"users", std::move(users)},
          {"service_accounts", std::move(service_accounts)}};
}

}  // namespace rescue::directory::provision
