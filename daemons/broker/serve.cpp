// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/serve.hpp"

#include <algorithm>
#include <atomic>

#include <boost/json/serialize.hpp>

#include "daemons/broker/caller.hpp"
#include "daemons/broker/json_body.hpp"
#include "daemons/broker/once.hpp"
#include "daemons/broker/page_refusal.hpp"
#include "directory/networks.hpp"
#include "directory/sign_in_sessions.hpp"
#include "net/io_thread.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

/// Bytes taken where no body is described.
constexpr std::size_t kEmptyBodyCap = 1024;
// An attempt whose address has only undecided ones against it looks again that often, for that long.
constexpr base::Duration kUndecidedPause = std::chrono::milliseconds(20);
constexpr base::Duration kUndecidedPatience = std::chrono::seconds(20);

net::HttpResponse response_of(const Reply& reply) {
  auto out = reply.content_type.empty() ? net::HttpResponse::json(reply.status, boost::json::serialize(reply.body))
                                        : net::HttpResponse(reply.status, reply.content_type, reply.text);
  if (reply.content_type.empty()) {
    out.headers.add("Cache-Control", "no-store");  // tickets, grants and tokens are in some
  } else {
    // The start page and the metrics have no script, frame or foreign part.
    out.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    out.headers.add("X-Content-Type-Options", "nosniff");
  }
  out.more = reply.more;
  for (const auto& [name, value] : reply.headers.fields()) out.headers.set(name, value);
  return out;
}

/// Where no body is described, some clients send {} all the same.
base::Result<> no_body(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body, true));
  return json.finish();
}

/// Not waited for: when it is not written, the next call tries again.
void note_use(Services& s, const directory::Principal& who, base::WallTime now) {
  if (who.token.is_none() || now < who.use_due_at) return;
  s.store->write<bool>(
      [who, now](store::Transaction& tx) -> base::Result<bool> {
        RESCUE_CHECK(directory::sign_ins::touch(tx, who, now));
        return true;
      },
      [](const base::Result<bool>&) {});
}

/// Runs in a worker thread. `right` becomes true when the refusal itself says that nothing was guessed wrongly.
net::HttpResponse answer(Services& s, const Route& route, const net::HttpRequest& request, std::atomic<bool>& right) {
  if (request.client_gone && request.client_gone())  // it waited in the queue for nothing
    return error_response(base::Error(base::Errc::canceled, std::string(route.operation)), request.request_id);
  Call call{request, address_of(request), s.clock.wall(), std::nullopt};
  const auto refuse = [&](const base::Error& error) {
    if (is_logged(route, error)) log_refusal(s, route, call, error);
    return error_response(error, request.request_id);
  };
  if (route.who == Who::signed_in) {
    auto caller = caller_of(s, request, call.now);
    if (!caller) return error_response(caller.error(), request.request_id);
    call.principal = caller->who;
    if (const auto may = may_call(*caller, route.verb, route.method); !may) return refuse(may.error());
    note_use(s, *call.principal, call.now);
  } else if (route.guarded == Guarded::login) {
    // Nobody learns anything about accounts from where nobody may sign in.
    const auto from = s.store->read_now(
        [&](store::ReadTransaction& tx) { return directory::networks::check_site(tx, call.address); });
    if (!from) return refuse(from.error());
  } else if (route.who == Who::applet && !request.peer_fingerprint) {
    return error_response(base::Error(Errc::no_certificate, std::string(route.operation)), request.request_id);
  }
  if (route.body_cap == 0) {
    if (auto empty = no_body(request.body); !empty) return refuse(empty.error());
  }
  auto once = Once::begin(s, route, call);
  if (!once) return refuse(once.error());
  if (once->replay) return std::move(*once->replay);
  const auto reply = route.handler(s, call);
  if (once->claim) once->claim->handled();
  // The password was right: every sign-in with a second factor begins so, and many people sign in from one office.
  right = !reply && reply.error().code == directory::Errc::code_needed;
  if (reply && reply->refused && is_logged(route, *reply->refused)) log_refusal(s, route, call, *reply->refused);
  auto response = reply ? response_of(*reply) : refuse(reply.error());
  if (once->claim) once->claim->finish(response, call.changed_nothing);
  return response;
}

Guard* guard_of(Services& s, const Route& route) {
  switch (route.guarded) {
    case Guarded::no:
      return nullptr;
    case Guarded::login:
      return &s.login_guard;
    case Guarded::pin:
      return &s.pin_guard;
  }
  return nullptr;
}

WorkerPool& pool_of(Services& s, Lane lane) {
  switch (lane) {
    case Lane::fast:
      return s.fast;
    case Lane::slow:
      return s.slow;
    case Lane::log:
      return s.log_queries;
  }
  return s.fast;
}

/// A guess: it named something that does not exist, or with the wrong secret.
bool was_wrong_guess(unsigned status) { return status == 401 || status == 404; }

net::HttpResponse refused_by_guard(std::chrono::seconds retry_after, std::string_view request_id) {
  auto out = error_response(base::Error(Errc::rate_limited, ""), request_id);
  out.headers.add("Retry-After", std::to_string(std::max<std::int64_t>(1, retry_after.count())));
  return out;
}

/// One guarded attempt, decided exactly once, also when its coroutine is destroyed because the client left.
class Attempt {
 public:
  Attempt(Services& s, Guard& guard, std::string address) : s_(s), guard_(guard), address_(std::move(address)) {}
  ~Attempt() {
    if (open_) guard_.abandoned(address_, s_.clock.steady());
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// Nothing when the attempt may be made. Waits for those of the same address that are not decided yet: they may be
  /// right ones, and ten people of one office are no guesser.
  asio::awaitable<std::optional<std::chrono::seconds>> refused() {
    const auto patience = s_.clock.steady() + kUndecidedPatience;
    for (;;) {
      const auto verdict = guard_.check(address_, s_.clock.steady());
      open_ = verdict.allowed;
      if (!verdict.allowed && (!verdict.undecided || s_.clock.steady() >= patience)) {
        guard_.count_refused();
        co_return verdict.retry_after;
      }
      const auto delay = verdict.allowed ? base::Duration(verdict.delay) : kUndecidedPause;
      if (delay.count() > 0) {
        auto pause = net::sleep_for(delay);
        co_await std::move(pause);
      }
      if (verdict.allowed) co_return std::nullopt;
    }
  }
  void decided(const net::HttpResponse& response, bool right) {
    if (response.ok() || right)
      guard_.succeeded(address_, s_.clock.steady());
    else if (was_wrong_guess(response.status))
      guard_.failed(address_, s_.clock.steady());
    else
      guard_.abandoned(address_, s_.clock.steady());
    open_ = false;
  }

 private:
  Services& s_;
  Guard& guard_;
  std::string address_;
  bool open_ = false;
};

/// The coroutine of every plain route. References outlive it: table and services are the program's, the request its
/// caller's.
asio::awaitable<net::HttpResponse> serve_plain(Services& s, const Route& route, net::HttpRequest& request) {
  std::optional<Attempt> attempt;
  if (auto* guard = guard_of(s, route); guard != nullptr) {
    attempt.emplace(s, *guard, address_of(request));
    auto asking = attempt->refused();
    if (const auto retry_after = co_await std::move(asking)) {
      auto refused = refused_by_guard(*retry_after, request.request_id);
      refused.headers.set("X-Request-Id", request.request_id);
      co_return route.page ? as_page(s, request, std::move(refused)) : std::move(refused);
    }
  }
  const auto right = std::make_shared<std::atomic<bool>>(false);
  WorkerPool::Job job = [&s, &route, &request, right] { return answer(s, route, request, *right); };
  auto working = in_worker(pool_of(s, route.lane), std::move(job), request.request_id);
  auto response = co_await std::move(working);
  if (attempt) attempt->decided(response, *right);
  if (route.page) response = as_page(s, request, std::move(response));
  co_return response;
}

}  // namespace

asio::awaitable<net::HttpResponse> in_worker(WorkerPool& pool, WorkerPool::Job job, std::string request_id) {
  auto running = pool.run(std::move(job));
  auto done = co_await std::move(running);
  auto out = done ? std::move(*done) : error_response(base::Error(Errc::unavailable, ""), request_id);
  out.headers.set("X-Request-Id", std::move(request_id));
  co_return out;
}

net::HttpHandler plain_handler(Services& services, const Route& route) {
  return [&services, &route](net::HttpRequest& request) { return serve_plain(services, route, request); };
}

std::shared_ptr<const net::Router> make_router(Services& services) {
  auto router = std::make_shared<net::Router>();
  for (const auto& route : routes()) {
    const std::string pattern(route.pattern);
    switch (route.kind) {
      case Kind::plain: {
        net::RouteOptions options(std::max(route.body_cap, kEmptyBodyCap));
        options.watch_client = route.lane == Lane::log;
        router->http(route.method, pattern, plain_handler(services, route), options);
        break;
      }
      case Kind::events_socket:
        router->websocket(pattern, events_handler(services, route));
        break;
      case Kind::applet_stream:
        router->events(pattern, applet_stream_handler(services, route));
        break;
      case Kind::gateway_socket:
        router->websocket(pattern, gateway_handler(services, route));
        break;
    }
  }
  return router;
}

}  // namespace rescue::broker
