// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/views.hpp"

#include <boost/json/parse.hpp>

namespace rescue::broker {
namespace json = boost::json;
namespace {

/// JSON text from the database. It was checked on its way in; a damaged one shows as empty, not as a failed list.
json::object object_of(const std::string& text) {
  json::error_code ec;
  auto value = json::parse(text, ec);
  return !ec && value.is_object() ? std::move(value.as_object()) : json::object();
}

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

json::value id_or_null(const std::optional<base::Guid>& id) {
  if (!id) return nullptr;
  return json::value(id->text());
}

json::object applet_view(const store::AppletKey& key, bool online) {
  json::object host;
  if (!key.host_name.empty()) host["name"] = key.host_name;
  if (!key.host_os.empty()) host["os"] = key.host_os;
  if (!key.host_user.empty()) host["user"] = key.host_user;
  if (!key.version.empty()) host["version"] = key.version;
  return {{"registered_at", base::to_rfc3339(key.registered_at)},
          {"online", online},
          {"host", std::move(host)},
          {"address", key.address},
          {"fingerprint", base::to_hex(key.fingerprint)}};
}

}  // namespace

json::value time_view(const std::optional<base::WallTime>& time) {
  if (!time) return nullptr;
  return json::value(base::to_rfc3339(*time));
}

base::Result<json::object> user_ref(store::ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(const auto user, store::users::get(tx, id));
  return json::object{{"id", user.id.text()}, {"email", user.email}, {"name", user.name}};
}

base::Result<json::object> user_view(store::ReadTransaction& tx, const store::User& user) {
  RESCUE_TRY(const auto group, store::groups::get(tx, user.group));
  return json::object{{"id", user.id.text()},
                      {"email", user.email},
                      {"name", user.name},
                      {"role", store::to_string(user.role)},
                      {"group", json::object{{"id", group.id.text()}, {"name", group.name}}},
                      {"disabled", user.disabled},
                      {"locked", user.locked_at.has_value()},
                      {"must_change_password", user.must_change_password},
                      {"sso_id", user.sso_id.empty() ? json::value(nullptr) : json::value(user.sso_id)},
                      {"sso_disabled", user.sso_disabled},
                      {"allowed_networks", json::array(user.allowed_networks.begin(), user.allowed_networks.end())},
                      {"created_at", base::to_rfc3339(user.created_at)},
                      {"last_login_at", time_view(user.last_login_at)}};
}

base::Result<json::object> user_view(store::Store& store, const store::User& user) {
  return store.read_now([&](store::ReadTransaction& tx) { return user_view(tx, user); });
}

base::Result<json::object> session_view(store::ReadTransaction& tx, const store::Session& session,
                                        const IsOnline& is_online) {
  RESCUE_TRY(auto creator, user_ref(tx, session.created_by));
  json::value technician = nullptr;
  if (session.technician) {
    RESCUE_TRY(technician, user_ref(tx, *session.technician));
  }
  RESCUE_TRY(const auto key, store::applet_keys::find(tx, session.id));
  json::value applet = nullptr;
  if (key) applet = applet_view(*key, !session.ended_at && is_online(session.id));
  return json::object{{"id", session.id.text()},
                      {"state", session.state},
                      {"kind", session.kind},
                      {"note", session.note},
                      {"customer", object_of(session.customer)},
                      {"created_at", base::to_rfc3339(session.created_at)},
                      {"created_by", std::move(creator)},
                      {"technician", std::move(technician)},
                      {"generation", session.generation},
                      {"applet", std::move(applet)},
                      {"pin_expires_at", time_view(session.pin_expires_at)},
                      {"ended_at", time_view(session.ended_at)},
                      {"ended_by", text_or_null(session.ended_by)},
                      {"end_reason", text_or_null(session.end_reason)}};
}

json::object event_view(const store::LogEvent& event) {
  return {{"id", event.id},
          {"session", id_or_null(event.session)},
          {"seq", event.seq},
          {"source", store::to_string(event.source)},
          {"origin", id_or_null(event.origin)},
          {"time", base::to_rfc3339(event.time)},
          {"server_time", base::to_rfc3339(event.server_time)},
          {"type", store::to_string(event.type)},
          {"actor", event.actor},
          {"data", object_of(event.data)}};
}

}  // namespace rescue::broker
