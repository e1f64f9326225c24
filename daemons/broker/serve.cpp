// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/serve.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "daemons/broker/json_body.hpp"
#include "net/io_thread.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

/// Bytes taken where no body is described.
constexpr std::size_t kEmptyBodyCap = 1024;

net::HttpResponse response_of(const Reply& reply) {
  if (!reply.content_type.empty()) {
    net::HttpResponse out(reply.status, reply.content_type, reply.text);
    // The start page and the metrics have no script, frame or foreign part.
    out.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    out.headers.add("X-Content-Type-Options", "nosniff");
    return out;
  }
  auto out = net::HttpResponse::json(reply.status, boost::json::serialize(reply.body));
  out.headers.add("Cache-Control", "no-store");  // tickets, grants and tokens are in some
  return out;
}

/// Where no body is described, some clients send {} all the same.
base::Result<> no_body(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body, true));
  return json.finish();
}

/// Runs in a worker thread.
net::HttpResponse answer(Services& s, const Route& route, const net::HttpRequest& request) {
  if (request.client_gone && request.client_gone())  // it waited in the queue for nothing
    return error_response(base::Error(base::Errc::canceled, std::string(route.operation)), request.request_id);
  Call call{request, request.remote_address.text(), s.clock.wall(), std::nullopt};
  if (route.who == Who::signed_in) {
    auto principal = principal_for(s, request, route.verb, call.now);
    if (!principal) return error_response(principal.error(), request.request_id);
    call.principal = std::move(*principal);
  } else if (route.who == Who::applet && !request.peer_fingerprint) {
    return error_response(base::Error(Errc::no_certificate, std::string(route.operation)), request.request_id);
  }
  if (route.body_cap == 0) {
    if (auto empty = no_body(request.body); !empty) return error_response(empty.error(), request.request_id);
  }
  auto reply = route.handler(s, call);
  if (!reply) return error_response(reply.error(), request.request_id);
  return response_of(*reply);
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

/// The coroutine of every plain route. References outlive it: table and services are the program's, the request its
/// caller's.
asio::awaitable<net::HttpResponse> serve_plain(Services& s, const Route& route, net::HttpRequest& request) {
  auto* guard = guard_of(s, route);
  const auto address = request.remote_address.text();
  if (guard != nullptr) {
    const auto verdict = guard->check(address, s.clock.steady());
    if (!verdict.allowed) {
      auto refused = refused_by_guard(verdict.retry_after, request.request_id);
      refused.headers.set("X-Request-Id", request.request_id);
      co_return refused;
    }
    if (verdict.delay.count() > 0) {
      auto pause = net::sleep_for(verdict.delay);
      co_await std::move(pause);
    }
  }
  WorkerPool::Job job = [&s, &route, &request] { return answer(s, route, request); };
  auto working = in_worker(pool_of(s, route.lane), std::move(job), request.request_id);
  auto response = co_await std::move(working);
  if (guard != nullptr && response.ok()) guard->succeeded(address, s.clock.steady());
  if (guard != nullptr && was_wrong_guess(response.status)) guard->failed(address, s.clock.steady());
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
