// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "directory/channels.hpp"
#include "store/channels.hpp"
#include "wire/session_state.hpp"

namespace rescue::broker {
namespace json = boost::json;
using directory::Verb;
namespace {

/// The session of the path, if this principal may do `verb` to it.
base::Result<store::Session> allowed_session(store::ReadTransaction& tx, const Call& c, Verb verb) {
  RESCUE_TRY(const auto id, session_param(c));
  RESCUE_TRY(auto session, find_session(tx, id));
  RESCUE_TRY(const auto object, directory::object_of(tx, session));
  RESCUE_CHECK(directory::authorize(c.who(), verb, object));
  return session;
}

/// The session of the path for a pickup. A join takes part beside the technician who holds it; while nobody does it
/// would be a pickup, and needs the right to one.
base::Result<store::Session> session_to_pick_up(store::ReadTransaction& tx, const Call& c, bool join) {
  RESCUE_TRY(const auto id, session_param(c));
  RESCUE_TRY(auto session, find_session(tx, id));
  RESCUE_TRY(const auto object, directory::object_of(tx, session));
  const auto verb = join && session.technician ? Verb::session_join : Verb::session_pickup;
  const auto allowed = directory::authorize(c.who(), verb, object);
  // Whose queue it is would have been let in: a colleague was faster.
  const bool late = !join && session.technician && directory::reach(c.who(), verb) != directory::Reach::none &&
                    std::ranges::find(object.queue, c.who().group) != object.queue.end();
  if (!allowed && late && allowed.error().code == base::Errc::denied)
    return base::fail(directory::Errc::already_picked_up, "session " + session.id.text());
  RESCUE_CHECK(allowed);
  return session;
}

base::Result<std::vector<std::string>> states_query(const Call& c, bool& live_only) {
  RESCUE_TRY(const auto text, text_query(c, "state", 200));
  std::vector<std::string> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    if (name == "open")
      live_only = true;
    else if (wire::parse_session_state(name))
      out.emplace_back(name);
    else
      return base::fail(base::Errc::invalid_argument, "parameter 'state' must be names of session states, or open");
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

/// Whether `c` may put sessions into the channel and see those that are in it.
base::Result<> check_member(store::ReadTransaction& tx, const Call& c, const store::Channel& channel, Verb verb) {
  if (directory::reach(c.who(), verb) == directory::Reach::any && c.who().role != store::UserRole::technician &&
      c.who().role != store::UserRole::group_administrator)
    return {};
  RESCUE_TRY(const auto groups, store::channels::groups_of(tx, channel.id));
  if (std::ranges::find(groups, c.who().group) != groups.end()) return {};
  return base::fail(base::Errc::denied, "a channel of other groups");
}

/// The channel that `named` names; who reaches only some is not told which others there are.
base::Result<store::Channel> channel_for(store::ReadTransaction& tx, const Call& c, std::string_view named, Verb verb) {
  auto channel = directory::channels::find(tx, named);
  if (channel) {
    RESCUE_CHECK(check_member(tx, c, *channel, verb));
  } else if (channel.error().code == directory::Errc::channel_not_found &&
             directory::reach(c.who(), Verb::channel_list) != directory::Reach::any) {
    return base::fail(base::Errc::denied, "a channel of other groups");
  }
  return channel;
}

/// "private", "channel:NAME" or "all" (also when empty): what of all sessions within reach.
base::Result<> choose_queue(store::ReadTransaction& tx, const Call& c, std::string_view queue,
                            store::SessionFilter& filter) {
  constexpr std::string_view kChannel = "channel:";
  const auto reach = directory::reach(c.who(), Verb::session_list);
  if (queue.starts_with(kChannel)) {
    RESCUE_TRY(const auto channel, channel_for(tx, c, queue.substr(kChannel.size()), Verb::session_list));
    filter.channel = channel.id;
    if (reach != directory::Reach::any) filter.live_only = true;
    return directory::authorize(c.who(), Verb::session_list, directory::Object(c.who().id));
  }
  const bool everything = queue.empty() || queue == "all";
  if (!everything && queue != "private")
    return base::fail(base::Errc::invalid_argument, "parameter 'queue' must be private, channel:NAME or all");
  filter.private_only = !everything;
  if (reach == directory::Reach::own) filter.technician = c.who().id;
  if (reach == directory::Reach::group) filter.group = c.who().group;
  RESCUE_CHECK(directory::authorize(c.who(), Verb::session_list, directory::Object(filter.technician, filter.group)));
  if (reach == directory::Reach::any) return {};
  filter.offered_to = c.who().id;
  if (everything) filter.channels_for = c.who().group;
  return {};
}

base::Result<json::object> granted_view(Services& s, store::ReadTransaction& tx, const directory::PickedUp& picked) {
  RESCUE_TRY(auto ticket, signed_ticket(s, picked.ticket));
  RESCUE_TRY(auto grant, signed_grant(s, picked.grant));
  json::object out{{"ticket", std::move(ticket)}, {"grant", std::move(grant)}};
  RESCUE_CHECK(add_gateways(out, s, tx, picked.session.id));
  return out;
}

}  // namespace

Answer create_session(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_new_session(c.request.body));
  directory::NewSession fresh{base::Guid::random(s.random), std::move(body.note), std::move(body.customer)};
  RESCUE_TRY(auto out, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    if (body.channel) {
      RESCUE_TRY(const auto channel, channel_for(tx, c, *body.channel, Verb::session_create));
      fresh.channel = channel.id;
    }
    RESCUE_TRY(const auto created, s.desk.create(tx, fresh, c.who(), c.now));
    RESCUE_TRY(auto view, session_view(tx, created.session, s.is_online()));
    return json::object{
        {"session", std::move(view)}, {"pin", created.pin}, {"link", s.public_url + "/#" + created.pin}};
  }));
  ++s.counters.sessions_created;
  return Reply{.status = 201, .body = std::move(out)};
}

Answer list_sessions(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {"state", "technician", "queue", "limit", "cursor"}));
  RESCUE_TRY(const auto limit, limit_query(c));
  RESCUE_TRY(const auto cursor, text_query(c, "cursor", 400));
  RESCUE_TRY(const auto technician, text_query(c, "technician", directory::kMaxEmailBytes));
  RESCUE_TRY(const auto queue, text_query(c, "queue", directory::kMaxNameBytes + 16));
  if (!technician.empty() && !queue.empty())
    return base::fail(base::Errc::invalid_argument, "parameters 'technician' and 'queue' exclude each other");
  store::SessionFilter filter;
  RESCUE_TRY(filter.states, states_query(c, filter.live_only));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    if (!technician.empty()) {
      RESCUE_TRY(filter.technician, named_technician(tx, c, technician, Verb::session_list));
    } else {
      RESCUE_CHECK(choose_queue(tx, c, queue, filter));
    }
    RESCUE_TRY(const auto page, store::sessions::list(tx, filter, cursor, limit));
    json::array sessions;
    for (const auto& session : page.items) {
      RESCUE_TRY(auto view, session_view(tx, session, s.is_online()));
      sessions.push_back(std::move(view));
    }
    return json::object{{"sessions", std::move(sessions)}, {"next_cursor", cursor_view(page.next_cursor)}};
  }));
  return Reply{.body = std::move(out)};
}

Answer get_session(Services& s, Call& c) {
  RESCUE_TRY(auto view, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto id, session_param(c));
    RESCUE_TRY(const auto session, find_session(tx, id));
    RESCUE_TRY(const auto object, s.desk.object_for(tx, session, c.who()));
    RESCUE_CHECK(directory::authorize(c.who(), Verb::session_read, object));
    return session_view(tx, session, s.is_online());
  }));
  return Reply{.body = json::object{{"session", std::move(view)}}};
}

Answer pick_up(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_pickup(c.request.body));
  if (body.profile == crypto::Profile::aes256_sha && !s.settings.allow_aes256_sha)
    return base::fail(base::Errc::denied, "profile aes256-sha is switched off (session.allow_aes256_sha)");
  RESCUE_TRY(auto out, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto session, session_to_pick_up(tx, c, body.join));
    const directory::PickupRequest request{session.id, body.console_spki, body.generation, body.join, body.profile};
    RESCUE_TRY(const auto picked, s.desk.pickup(tx, request, c.who(), c.now));
    RESCUE_TRY(auto granted, granted_view(s, tx, picked));
    RESCUE_TRY(auto view, session_view(tx, picked.session, s.is_online()));
    granted["session"] = std::move(view);
    granted["applet_fingerprint"] = base::to_hex(picked.applet_fingerprint);
    return granted;
  }));
  ++s.counters.pickups;
  return Reply{.body = std::move(out)};
}

Answer renew_ticket(Services& s, Call& c) {
  RESCUE_TRY(const auto console_key, read_ticket_request(c.request.body));
  RESCUE_TRY(auto out, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    // Who takes part in a colleague's session renews as well; the desk knows who holds a grant.
    RESCUE_CHECK(directory::authorize(c.who(), Verb::session_ticket, c.who().id));
    RESCUE_TRY(const auto id, session_param(c));
    RESCUE_TRY(const auto picked, s.desk.renew(tx, id, console_key, c.who(), c.now));
    return granted_view(s, tx, picked);
  }));
  return Reply{.body = std::move(out)};
}

Answer close_session(Services& s, Call& c) {
  RESCUE_TRY(const auto reason, read_reason(c.request.body));
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto session, allowed_session(tx, c, Verb::session_close));
    RESCUE_TRY(const auto ended,
               s.desk.end(tx, session.id, wire::SessionEvent::close, directory::actor_of(c.who()), reason, c.now));
    return session_view(tx, ended, s.is_online());
  }));
  return Reply{.body = json::object{{"session", std::move(view)}}};
}

Answer note_session(Services& s, Call& c) {
  RESCUE_TRY(const auto note, read_note(c.request.body));
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto session, allowed_session(tx, c, Verb::session_note));
    RESCUE_TRY(const auto noted, s.desk.note(tx, session.id, note, directory::actor_of(c.who()), c.now));
    return session_view(tx, noted, s.is_online());
  }));
  return Reply{.body = json::object{{"session", std::move(view)}}};
}

}  // namespace rescue::broker
