// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/views_groups.hpp"

#include <boost/json/array.hpp>

#include "store/channels.hpp"
#include "wire/permission.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

template <typename T>
json::array texts_view(const T& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

json::array permissions_view(std::uint32_t bits) {
  json::array out;
  const auto set = wire::PermissionSet::from_bits(bits);
  for (const auto permission : wire::all_permissions())
    if (set.has(permission)) out.emplace_back(wire::name(permission));
  return out;
}

}  // namespace

base::Result<json::object> group_view(store::ReadTransaction& tx, const store::Group& group) {
  RESCUE_TRY(const auto members, store::users::count_in_group(tx, group.id));
  RESCUE_TRY(const auto channels, store::channels::list(tx, group.id));
  json::array channel_refs;
  for (const auto& channel : channels)
    channel_refs.push_back(json::object{{"id", channel.id.text()}, {"name", channel.name}});
  return json::object{{"id", group.id.text()},
                      {"name", group.name},
                      {"description", group.description},
                      {"default", group.is_default},
                      {"members", members},
                      {"permissions", permissions_view(group.permissions)},
                      {"single_prompt", group.single_prompt},
                      {"force_recording", group.force_recording},
                      {"require_sas", group.require_sas},
                      {"omit_chat_text", group.omit_chat_text},
                      {"require_mfa", group.require_mfa},
                      {"require_sso", group.require_sso},
                      {"consent_timeout", group.consent_timeout.count()},
                      {"inactivity_timeout", group.inactivity_timeout.count()},
                      {"allowed_networks", texts_view(group.allowed_networks)},
                      {"channels", std::move(channel_refs)}};
}

base::Result<json::object> channel_view(store::ReadTransaction& tx, const store::Channel& channel,
                                        const std::optional<base::Guid>& only) {
  RESCUE_TRY(const auto ids, store::channels::groups_of(tx, channel.id));
  json::array groups;
  for (const auto& id : ids) {
    if (only && id != *only) continue;
    RESCUE_TRY(const auto group, store::groups::get(tx, id));
    groups.push_back(json::object{{"id", group.id.text()}, {"name", group.name}});
  }
  return json::object{{"id", channel.id.text()},
                      {"name", channel.name},
                      {"description", channel.description},
                      {"created_at", base::to_rfc3339(channel.created_at)},
                      {"groups", std::move(groups)}};
}

base::Result<json::object> token_view(store::ReadTransaction& tx, const store::Token& token) {
  RESCUE_TRY(auto user, user_ref(tx, token.user));
  return json::object{{"id", token.id.text()},
                      {"name", token.device},
                      {"user", std::move(user)},
                      {"scopes", texts_view(token.scopes)},
                      {"address", token.address},
                      {"created_at", base::to_rfc3339(token.created_at)},
                      {"expires_at", base::to_rfc3339(token.expires_at)},
                      {"last_used_at", base::to_rfc3339(token.last_used_at)}};
}

}  // namespace rescue::broker
