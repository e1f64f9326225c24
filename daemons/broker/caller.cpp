// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/caller.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "audit/intake.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "daemons/broker/routes.hpp"
#include "directory/networks.hpp"

namespace rescue::broker {
namespace json = boost::json;
using directory::Verb;
namespace {

constexpr std::size_t kMaxAsked = 2048;  // bytes of a request's fields in an event
constexpr std::size_t kMaxObject = 256;

/// Fields whose values an event may show. A field that is not here may be a secret of a later version.
constexpr auto kShown = std::to_array<std::string_view>({"add",
                                                         "addresses",
                                                         "allowed_networks",
                                                         "channel",
                                                         "consent_timeout",
                                                         "continue_on_error",
                                                         "description",
                                                         "disabled",
                                                         "dry_run",
                                                         "email",
                                                         "expires_at",
                                                         "expires_in",
                                                         "force_recording",
                                                         "group",
                                                         "groups",
                                                         "id",
                                                         "inactivity_timeout",
                                                         "join",
                                                         "kind",
                                                         "max_sessions",
                                                         "name",
                                                         "omit_chat_text",
                                                         "permissions",
                                                         "presence",
                                                         "profile",
                                                         "prune",
                                                         "reason",
                                                         "require_mfa",
                                                         "require_sas",
                                                         "require_sso",
                                                         "role",
                                                         "scopes",
                                                         "single_prompt",
                                                         "sso_disabled",
                                                         "sso_id",
                                                         "take",
                                                         "to",
                                                         "user"});

/// What only somebody with an account can do: sessions of one's own have a console, a key and a name for the person
/// who is helped.
bool needs_a_person(Verb verb, net::Method method) {
  switch (verb) {
    case Verb::own_account:
      return method != net::Method::get;
    case Verb::session_create:
    case Verb::session_pickup:
    case Verb::session_join:
    case Verb::session_ticket:
    case Verb::session_hold:
    case Verb::session_decline:
    case Verb::session_leave:
    case Verb::presence:
    case Verb::session_log_write:
      return true;
    default:
      return false;
  }
}

base::Result<Caller> local_caller(Services& s, const net::LocalPeer& peer) {
  if (peer.uid != 0 && peer.uid != ::geteuid())
    return base::fail(
        base::Errc::denied,
        fmt::format("the local socket is for root and the broker's own user, not for {}", local_actor(peer.uid)));
  const auto id = base::Guid::parse(store::kLocalAdministratorId);
  if (!id) return base::fail(base::Errc::internal, "id of the local administrator");
  RESCUE_TRY(const auto row, s.store->read_now([&](store::ReadTransaction& tx) { return store::users::get(tx, *id); }));
  Caller out;
  out.who.id = row.id;
  out.who.email = local_actor(peer.uid);
  out.who.name = out.who.email;
  out.who.role = store::UserRole::administrator;
  out.who.group = row.group;
  out.who.local = true;
  return out;
}

/// What the path names, as it was written: "ana@example.org".
std::string object_of(const net::HttpRequest& request) {
  std::string out;
  for (const auto& [name, value] : request.params) out += (out.empty() ? "" : " ") + value;
  return base::to_display_text(std::string_view(out).substr(0, kMaxObject));
}

json::value asked(const net::HttpRequest& request) {
  boost::system::error_code ec;
  json::parse_options limits;
  limits.max_depth = 5;
  const auto body = json::parse(request.body, ec, {}, limits);
  if (ec || !body.is_object()) return nullptr;
  auto out = masked(body);
  if (json::serialize(out).size() > kMaxAsked) return "too long to be kept";
  return out;
}

std::string data_of(const Route& route, const Call& call, const base::Error& error, std::uint64_t omitted) {
  json::object out{{"operation", route.operation}, {"error", api_error(error).name}};
  if (const auto object = object_of(call.request); !object.empty()) out["object"] = object;
  if (!call.request.body.empty()) out["asked"] = asked(call.request);
  if (!call.address.empty()) out["address"] = call.address;
  if (call.principal) out["via"] = call.by().via;
  out["request_id"] = call.request.request_id;
  if (omitted > 0) out["omitted"] = omitted;
  return json::serialize(out);
}

}  // namespace

std::string address_of(const net::HttpRequest& request) {
  return request.local_peer ? std::string() : request.remote_address.text();
}

base::Result<Caller> caller_of(Services& s, const net::HttpRequest& request, base::WallTime now) {
  if (request.local_peer) return local_caller(s, *request.local_peer);
  const auto token = request.bearer_token();
  if (!token) return base::fail(directory::Errc::sign_in_needed, "");
  const auto address = request.remote_address.text();
  return s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<Caller> {
    Caller out;
    RESCUE_TRY(out.who, directory::authenticate(tx, *token, now));
    out.who.address = address;
    RESCUE_TRY(const auto user, store::users::get(tx, out.who.id));
    out.network = directory::networks::check(tx, user, address);
    return out;
  });
}

base::Result<> may_call(const Caller& caller, Verb verb, net::Method method) {
  const auto& who = caller.who;
  RESCUE_CHECK(caller.network);
  if (who.local && needs_a_person(verb, method))
    return base::fail(base::Errc::denied,
                      fmt::format("{} needs an account: sign in to the site", directory::to_string(verb)));
  // With no object yet: what the role may do to nothing at all is refused before the handler reads anything.
  if (directory::reach(who.role, verb) == directory::Reach::none)
    return base::fail(base::Errc::denied,
                      fmt::format("{} for {}", directory::to_string(verb), store::to_string(who.role)));
  return directory::authorize(who, verb, who.id);
}

json::value masked(const json::value& body) {
  if (body.is_array()) {
    json::array out;
    for (const auto& item : body.as_array()) out.push_back(masked(item));
    return out;
  }
  if (!body.is_object()) return body;
  json::object out;
  for (const auto& field : body.as_object()) {
    const std::string_view name(field.key().data(), field.key().size());
    out[field.key()] = std::ranges::find(kShown, name) != kShown.end() ? masked(field.value()) : json::value("***");
  }
  return out;
}

bool is_logged(const Route& route, const base::Error& error) {
  if (error.code == directory::Errc::network_not_allowed) return true;
  if (route.method == net::Method::get || api_error(error).status >= 500) return false;
  if (route.verb == Verb::policy_read) return false;  // a question, however long
  // What nobody signed in for has events of its own, but for who comes with a worthless token or invitation.
  return route.who == Who::signed_in || error.code == directory::Errc::enrolment_token_invalid ||
         error.code == directory::Errc::invitation_invalid;
}

void log_refusal(Services& s, const Route& route, const Call& call, const base::Error& error) {
  const auto actor = call.principal ? call.who().email : std::string("unknown");
  const auto omitted = s.refusals.spend(actor, s.clock.steady());
  if (!omitted) return;
  store::NewEvent event;
  event.source = store::EventSource::broker;
  event.time = call.now;
  event.type = store::EventType::admin_refused;
  event.actor = actor;
  if (call.principal && !call.who().local) event.technician = call.who().id;
  event.data = data_of(route, call, error, *omitted);
  const auto kept = s.store->write_now([&](store::Transaction& tx) { return audit::record(tx, event, call.now); });
  if (!kept) base::log(base::LogLevel::error, "broker", "refusal not logged", {{"what", kept.error().message()}});
}

}  // namespace rescue::broker
