// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/views.hpp"

#include <algorithm>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "store/channels.hpp"

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
                      {"presence", store::to_string(user.presence)},
                      {"presence_at", time_view(user.presence_at)},
                      {"max_sessions", user.max_sessions},
                      {"created_at", base::to_rfc3339(user.created_at)},
                      {"last_login_at", time_view(user.last_login_at)}};
}

base::Result<json::object> user_view(store::Store& store, const store::User& user) {
  return store.read_now([&](store::ReadTransaction& tx) { return user_view(tx, user); });
}

namespace {
base::Result<json::value> channel_ref(store::ReadTransaction& tx, const std::optional<base::Guid>& id) {
  if (!id) return json::value(nullptr);
  RESCUE_TRY(const auto channel, store::channels::get(tx, *id));
  return json::value(json::object{{"id", channel.id.text()}, {"name", channel.name}});
}

base::Result<json::value> maybe_user_ref(store::ReadTransaction& tx, const std::optional<base::Guid>& id) {
  if (!id) return json::value(nullptr);
  RESCUE_TRY(auto user, user_ref(tx, *id));
  return json::value(std::move(user));
}

/// The transfer that waits, or the last one that there was.
base::Result<json::value> transfer_view(store::ReadTransaction& tx, const store::Session& session) {
  if (!session.transfer_at) return json::value(nullptr);
  RESCUE_TRY(auto from, maybe_user_ref(tx, session.transfer_from));
  RESCUE_TRY(auto to, maybe_user_ref(tx, session.transfer_to));
  RESCUE_TRY(auto channel, channel_ref(tx, session.transfer_channel));
  const bool pending = !session.ended_at && (session.transfer_to || session.transfer_channel);
  return json::value(json::object{{"from", std::move(from)},
                                  {"to", std::move(to)},
                                  {"channel", std::move(channel)},
                                  {"comment", session.transfer_comment},
                                  {"at", time_view(session.transfer_at)},
                                  {"pending", pending}});
}

/// Who is in it now, whoever holds it first.
base::Result<json::array> technicians_view(store::ReadTransaction& tx, const store::Session& session) {
  json::array out;
  if (session.ended_at) return out;
  RESCUE_TRY(auto grants, store::grants::current(tx, session.id));
  std::ranges::stable_partition(grants, [&](const store::Grant& g) { return g.technician == session.technician; });
  std::set<base::Guid> seen;
  for (const auto& grant : grants) {
    if (!seen.insert(grant.technician).second) continue;
    RESCUE_TRY(auto user, user_ref(tx, grant.technician));
    out.push_back(std::move(user));
  }
  return out;
}
}  // namespace

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
  RESCUE_TRY(auto channel, channel_ref(tx, session.channel));
  RESCUE_TRY(auto transfer, transfer_view(tx, session));
  RESCUE_TRY(auto technicians, technicians_view(tx, session));
  return json::object{{"id", session.id.text()},
                      {"state", session.state},
                      {"state_since", base::to_rfc3339(session.state_since)},
                      {"kind", session.kind},
                      {"channel", std::move(channel)},
                      {"transfer", std::move(transfer)},
                      {"technicians", std::move(technicians)},
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
