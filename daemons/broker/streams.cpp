// SPDX-License-Identifier: Apache-2.0
// The two streams that people and applets hold open: /events and /applet/events.
#include <atomic>

#include "base/log.hpp"
#include "daemons/broker/caller.hpp"
#include "daemons/broker/serve.hpp"
#include "net/websocket.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

struct Topics {
  bool sessions = true;
  bool log = true;
  std::optional<std::int64_t> after;
};

base::Result<Topics> read_topics(const Call& c) {
  constexpr auto kMaxId = std::int64_t{1} << 53;
  RESCUE_CHECK(only_query(c, {"topics", "after"}));
  Topics out;
  RESCUE_TRY(out.after, integer_query(c, "after", 0, kMaxId));
  RESCUE_TRY(const auto topics, text_query(c, "topics", 64));
  if (topics.empty()) return out;
  out.sessions = out.log = false;
  std::string_view rest = topics;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    if (name == "sessions")
      out.sessions = true;
    else if (name == "log")
      out.log = true;
    else
      return base::fail(base::Errc::invalid_argument, "parameter 'topics' must be sessions, log or both");
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

asio::awaitable<net::HttpResponse> serve_events(Services& s, const Route& route, net::HttpRequest& request,
                                                net::WebSocketUpgrade& upgrade) {
  Receiver receiver;
  Topics topics;
  WorkerPool::Job check = [&] {
    const Call call{request, address_of(request), s.clock.wall(), std::nullopt};
    auto read = read_topics(call);
    auto principal = principal_for(s, request, route.verb, call.now);
    if (!principal) return error_response(principal.error(), request.request_id);
    if (!read) return error_response(read.error(), request.request_id);
    receiver.who = std::move(*principal);
    topics = *read;
    return net::HttpResponse(200);
  };
  auto checking = in_worker(s.fast, std::move(check), request.request_id);
  auto checked = co_await std::move(checking);
  if (!checked.ok()) co_return checked;

  net::WebSocketOptions options;
  options.message_cap = 1024;  // receivers have nothing to say
  options.queue_bytes = kEventsQueueBytes;
  auto accepting = upgrade.accept(options);
  auto socket = co_await std::move(accepting);
  if (!socket) co_return net::HttpResponse(400);
  receiver.sessions = topics.sessions;
  receiver.log = topics.log;
  receiver.socket = *socket;
  const auto id = std::make_shared<std::atomic<std::uint64_t>>(0);
  s.feed.subscribe(std::move(receiver), topics.after, [id](std::uint64_t given) { *id = given; });
  for (;;) {
    auto receiving = (*socket)->receive();
    const auto message = co_await std::move(receiving);
    if (!message) break;
  }
  // Not subscribed yet, in a rare race: the feed finds the socket closed at its first message and forgets it.
  if (*id != 0) s.events.remove(*id);
  co_return net::HttpResponse(200);
}

/// Back on the line: a session that had gone offline goes on.
void mark_back(Services& s, const store::Session& session) {
  if (session.state != wire::name(wire::SessionState::offline) &&
      session.state != wire::name(wire::SessionState::rebooting))
    return;
  const auto stepped = s.store->write_now(
      [&](store::Transaction& tx) { return s.desk.applet_back(tx, session.id, s.clock.wall()); });
  if (!stepped)
    base::log(base::LogLevel::warn, "broker", "session stays offline",
              {{"session", session.id.text()}, {"what", stepped.error().message()}});
}

asio::awaitable<net::HttpResponse> serve_applet(Services& s, const Route& route, net::HttpRequest& request,
                                                net::EventStream& stream) {
  std::optional<store::Session> session;
  WorkerPool::Job find = [&] {
    const base::Error no_certificate(Errc::no_certificate, std::string(route.operation));
    if (!request.peer_fingerprint) return error_response(no_certificate, request.request_id);
    auto found = s.store->read_now(
        [&](store::ReadTransaction& tx) { return store::sessions::find_by_applet(tx, *request.peer_fingerprint); });
    if (!found) return error_response(found.error(), request.request_id);
    const base::Error unknown(base::Errc::sign_in_needed, "no session has this key");
    if (!*found) return error_response(unknown, request.request_id);
    session = std::move(**found);
    mark_back(s, *session);
    return net::HttpResponse(200);
  };
  auto finding = in_worker(s.fast, std::move(find), request.request_id);
  auto found = co_await std::move(finding);
  if (!found.ok()) co_return found;

  auto opening = stream.open();
  const auto opened = co_await std::move(opening);
  if (!opened) co_return net::HttpResponse(400);
  const auto id = session->id;
  const auto connection = s.applets.connected(id, stream.sink());
  s.feed.session_touched(id);  // sends grants, or the close event of an ended session
  auto running = stream.run();
  // run() ends by cancellation when the client leaves; what follows must happen then, too.
  struct Leave {
    Services& s;
    base::Guid id;
    std::uint64_t connection;
    ~Leave() {
      if (s.applets.disconnected(id, connection, s.clock.steady())) s.feed.session_touched(id);
    }
  };
  const Leave leave{s, id, connection};
  co_await std::move(running);
  co_return net::HttpResponse(200);
}

}  // namespace

net::WebSocketHandler events_handler(Services& services, const Route& route) {
  return [&services, &route](net::HttpRequest& request, net::WebSocketUpgrade& upgrade) {
    return serve_events(services, route, request, upgrade);
  };
}

net::EventHandler applet_stream_handler(Services& services, const Route& route) {
  return [&services, &route](net::HttpRequest& request, net::EventStream& stream) {
    return serve_applet(services, route, request, stream);
  };
}

}  // namespace rescue::broker
