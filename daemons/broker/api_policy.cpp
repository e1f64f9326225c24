// SPDX-License-Identifier: Apache-2.0
// The site's settings over the API.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_password.hpp"
#include "directory/site_policy.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace site_policy = directory::site_policy;
namespace {

json::object setting_view(const site_policy::Value& value) {
  const auto& rule = *value.rule;
  const bool masked = rule.secret && !value.value.empty();
  return {{"name", rule.name},
          {"type", directory::to_string(rule.type)},
          {"value", masked ? "***" : value.value},
          {"default", rule.fallback},
          {"is_default", value.is_default},
          {"bounds", directory::setting_bounds(rule)},
          {"help", rule.help}};
}

base::Result<Reply> settings_reply(store::ReadTransaction& tx) {
  RESCUE_TRY(const auto values, site_policy::all(tx));
  json::array settings;
  for (const auto& value : values) settings.push_back(setting_view(value));
  return Reply{.body = json::object{{"settings", std::move(settings)}}};
}

}  // namespace

Answer get_policy(Services& s, Call&) {
  return s.store->read_now([](store::ReadTransaction& tx) { return settings_reply(tx); });
}

Answer change_policy(Services& s, Call& c) {
  RESCUE_TRY(const auto changes, read_policy_change(c.request.body));
  for (const auto& change : changes)
    RESCUE_CHECK(directory::authorize(c.who(), directory::verb_of_setting(change.name)));
  return s.store->write_now([&](store::Transaction& tx) -> base::Result<Reply> {
    RESCUE_TRY(const auto changed, site_policy::change(tx, changes, c.by(), c.now));
    static_cast<void>(changed);
    return settings_reply(tx);
  });
}

}  // namespace rescue::broker
