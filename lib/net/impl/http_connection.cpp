// SPDX-License-Identifier: Apache-2.0
#include "net/impl/http_connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/random.hpp"
#include "net/impl/http_streams.hpp"
#include "net/local_socket.hpp"
#include "net/proxy_protocol.hpp"
#include "net/tls_stream.hpp"
#include "net/uri.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

/// An idle connection holds its read buffer: small for headers, larger once a body comes.
constexpr std::size_t kHeaderChunk = 1024;
constexpr std::size_t kBodyChunk = 16 * 1024;
constexpr std::size_t kLingerBytes = 1024 * 1024;
constexpr NamedTimeout kLingerTimeout("linger", std::chrono::seconds(2));

/// IMF-fixdate (RFC 9110 section 5.6.7).
std::string http_date() { return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr))); }

/// poll(2) on a descriptor of its own, because the connection may close its own meanwhile. POLLRDHUP comes also when
/// there are bytes of the client left to read, such as TLS's close_notify.
std::function<bool()> watch_client_of(int fd) {
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return [] { return false; };
  const std::shared_ptr<const int> shared(new int(own), [](const int* p) {
    ::close(*p);
    delete p;
  });
  return [shared] {
    pollfd look{.fd = *shared, .events = POLLRDHUP, .revents = 0};
    return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLERR | POLLHUP | POLLNVAL)) != 0;
  };
}

/// Runs a handler; what it throws, but for cancellation, becomes a 500.
asio::awaitable<void> run_plain(const HttpHandler& handler, HttpRequest& request, std::optional<HttpResponse>& out,
                                std::string& failure) {
  try {
    out.emplace(co_await handler(request));
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::asio::error::operation_aborted) throw;
    failure = e.what();
  } catch (const std::exception& e) {
    failure = e.what();
  }
}

}  // namespace

struct HttpConnection::Exchange {
  Exchange(HttpShared& shared, const IpAddress& from)
      : parser(HttpParser::Kind::request, shared.options.header_cap), share(shared.budget, from) {}
  HttpParser parser;
  RequestBudget::Share share;
  std::size_t taken = 0;  // bytes that the parser has
  std::string_view busy;  // why `share` could not grow
  HttpRequest request;
  Router::Match match;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};

bool HttpShared::take_place(const IpAddress& address) {
  const std::lock_guard lock(mutex);
  auto& n = per_address[client_network(address)];
  if (n >= options.max_connections_per_address) return false;
  ++n;
  return true;
}

void HttpShared::leave_place(const IpAddress& address) {
  const std::lock_guard lock(mutex);
  const auto it = per_address.find(client_network(address));
  if (it != per_address.end() && --it->second == 0) per_address.erase(it);
}

std::optional<crypto::TlsContext> HttpShared::tls_now() {
  const std::lock_guard lock(mutex);
  return tls;
}

HttpConnection::HttpConnection(std::shared_ptr<HttpShared> shared, std::unique_ptr<TcpStream> socket)
    : shared_(std::move(shared)),
      executor_(socket->executor()),
      socket_(std::move(socket)),
      watchdog_(executor_, [this] {
        ++shared_->counters.timed_out;
        if (socket_) socket_->close();
        if (stream_) stream_->close();
      }) {
  ++shared_->counters.open;
}

HttpConnection::~HttpConnection() {
  --shared_->counters.open;
  if (place_) shared_->leave_place(*place_);
  const std::lock_guard lock(shared_->mutex);
  shared_->connections.erase(this);
}

void HttpConnection::arm(std::string_view name, std::chrono::microseconds after) {
  watchdog_.arm(NamedTimeout(name, after));
}

void HttpConnection::drain(std::shared_ptr<HttpConnection> self) {
  const auto on = self->executor_;
  post_on(on, [self = std::move(self)] { self->drain_now(); });
}

void HttpConnection::drain_now() {
  switch (phase_) {
    case Phase::opening:
      if (socket_) socket_->close();
      [[fallthrough]];
    case Phase::idle:
      if (stream_) stream_->close();
      break;
    case Phase::request:
      break;  // its answer says "Connection: close"
    case Phase::stream:
      if (end_stream_) end_stream_();
      break;
  }
}

void HttpConnection::become_stream(std::move_only_function<void()> end) {
  phase_ = Phase::stream;
  end_stream_ = std::move(end);
  if (shared_->draining) end_stream_();
}

asio::awaitable<void> HttpConnection::serve() {
  arm("TLS handshake", shared_->options.handshake_timeout);
  const auto opened = co_await open();
  if (!opened) {
    ++shared_->counters.handshake_failed;
    base::log(base::LogLevel::debug, shared_->options.log_room, "connection not opened",
              {{"remote", remote_.text()}, {"error", opened.error().message()}});
    co_return;
  }
  for (bool more = true; more;) more = co_await serve_one();
  if (stream_->is_open()) co_await linger();
  stream_->close();
}

asio::awaitable<base::Result<>> HttpConnection::open() {
  fd_ = socket_->fd();
  if (!shared_->options.listen_local.empty()) {
    RESCUE_CO_TRY(local_, local_peer(fd_));
    stream_ = std::move(socket_);
    co_return base::Result<>{};
  }
  RESCUE_CO_TRY(const auto remote, socket_->remote());
  RESCUE_CO_TRY(remote_, IpAddress::parse(remote.host));
  remote_port_ = remote.port;
  const auto& proxies = shared_->options.trusted_proxies;
  const auto trusted = [this](const IpPrefix& p) { return p.contains(remote_); };
  if (std::any_of(proxies.begin(), proxies.end(), trusted)) RESCUE_CO_CHECK(co_await read_proxy_header());
  if (!shared_->take_place(remote_)) {
    ++shared_->counters.refused_full;
    co_return base::fail(base::Errc::too_large, "connections of one address");
  }
  place_ = remote_;
  const auto context = shared_->tls_now();
  if (!context) {
    stream_ = std::move(socket_);
    co_return base::Result<>{};
  }
  RESCUE_CO_TRY(auto tls, TlsStream::create(*context, std::move(socket_), TlsStream::Side::server));
  const std::shared_ptr<TlsStream> stream = std::move(tls);
  stream_ = stream;
  secure_ = true;
  co_return co_await stream->handshake();
}

asio::awaitable<base::Result<>> HttpConnection::read_proxy_header() {
  std::array<std::uint8_t, 1> first{};
  RESCUE_CO_TRY(const auto n, co_await socket_->peek(first));
  if (n == 0) co_return base::fail(base::Errc::closed, "client left");
  if (first[0] != kProxyFirstByte) co_return base::Result<>{};  // a direct client on the proxy's machine
  std::array<std::uint8_t, kProxyFixedSize> fixed{};
  RESCUE_CO_CHECK(co_await read_exactly(*socket_, fixed));
  RESCUE_CO_TRY(const auto size, proxy_rest_size(fixed));
  base::Bytes rest(size);
  RESCUE_CO_CHECK(co_await read_exactly(*socket_, rest));
  RESCUE_CO_TRY(const auto peer, parse_proxy_header(fixed, rest));
  if (peer) {
    remote_ = peer->source;
    remote_port_ = peer->source_port;
  }
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> HttpConnection::write(std::string bytes) {
  arm("write", shared_->options.write_timeout);
  auto done = co_await write_all(*stream_, base::as_bytes(bytes));
  watchdog_.disarm();
  co_return done;
}

/// A chunk at a time, so that a large body may take as long as a slow line needs, but not stand still.
asio::awaitable<base::Result<>> HttpConnection::write_shared(const std::vector<SharedBytes>& pieces) {
  for (const auto& piece : pieces) {
    for (auto rest = piece.bytes; !rest.empty();) {
      const auto chunk = rest.first(std::min(rest.size(), kSharedChunk));
      rest = rest.subspan(chunk.size());
      arm("write", shared_->options.write_timeout);
      const auto done = co_await write_all(*stream_, chunk);
      watchdog_.disarm();
      if (!done) co_return base::fail(done.error());
    }
  }
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> HttpConnection::read_more(std::size_t room) {
  const auto have = in_.size();
  in_.resize(have + room);
  const base::MutableByteView into(reinterpret_cast<std::uint8_t*>(in_.data()) + have, room);
  const auto n = co_await stream_->read_some(into);
  in_.resize(have + n.value_or(0));
  if (!n) co_return base::fail(n.error());
  if (*n == 0) co_return base::fail(base::Errc::closed, "client left");
  co_return base::Result<>{};
}

/// Makes sure that the request may hold what it has and `room` more bytes.
base::Result<> HttpConnection::hold(Exchange& x, std::size_t room) {
  const auto verdict = x.share.grow_to(x.taken + in_.size() + room);
  if (verdict == RequestBudget::Verdict::ok) return {};
  x.busy = verdict == RequestBudget::Verdict::all_full
               ? "too many requests are under way; try again later"
               : "too many requests of this address are under way; try again later";
  return base::fail(base::Errc::too_large, "request memory");
}

base::Result<> HttpConnection::feed(Exchange& x) {
  const auto before = in_.size();
  auto fed = x.parser.feed(in_);
  x.taken += before - in_.size();
  return fed;
}

asio::awaitable<base::Result<>> HttpConnection::read_header(Exchange& x) {
  const auto& o = shared_->options;
  if (in_.empty()) {
    in_.shrink_to_fit();  // a body may have passed through it
    phase_ = Phase::idle;
    arm(first_ ? "request header" : "keep-alive", first_ ? o.header_timeout : o.keep_alive_timeout);
    if (shared_->draining) co_return base::fail(base::Errc::closed, "server is stopping");
    RESCUE_CO_CHECK(co_await read_more(kHeaderChunk));
  }
  phase_ = Phase::request;
  arm("request header", o.header_timeout);  // once: a header that drips does not extend it
  for (;;) {
    RESCUE_CO_CHECK(feed(x));
    if (x.parser.header_done()) co_return base::Result<>{};
    RESCUE_CO_CHECK(hold(x, kHeaderChunk));
    RESCUE_CO_CHECK(co_await read_more(kHeaderChunk));
  }
}

/// Unlike other phases this one ends by an answer when its time is over, so the watchdog, which closes, has no part in
/// it.
asio::awaitable<base::Result<>> HttpConnection::read_body(Exchange& x) {
  const auto& o = shared_->options;
  const auto until = std::chrono::steady_clock::now() + o.body_timeout;
  watchdog_.disarm();
  for (;;) {
    RESCUE_CO_CHECK(feed(x));
    if (x.parser.done()) co_return base::Result<>{};
    RESCUE_CO_CHECK(hold(x, kBodyChunk));
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - std::chrono::steady_clock::now());
    auto reading = read_more(kBodyChunk);
    auto limited = with_timeout(std::move(reading), NamedTimeout("request body", std::min(o.body_stall, left)));
    RESCUE_CO_CHECK(co_await std::move(limited));
  }
}

HttpResponse HttpConnection::refuse(unsigned status, std::string_view code, std::string_view message,
                                    const HttpRequest& request) {
  ++shared_->counters.bad_requests;
  unread_ = true;
  return HttpResponse::error(status, code, message, status == 503 || status == 408, request.request_id);
}

HttpResponse HttpConnection::refuse_unread(const Exchange& x, const base::Error& error, unsigned large,
                                           std::string_view largest) {
  if (!x.busy.empty()) {
    ++shared_->counters.refused_busy;
    auto out = refuse(503, "UNAVAILABLE", x.busy, x.request);
    out.headers.add("Retry-After", std::to_string(kBusyRetryAfter.count()));
    return out;
  }
  if (error.code == base::Errc::too_large) return refuse(large, "TOO_LARGE", largest, x.request);
  if (error.code != base::Errc::timed_out) return refuse(400, "INVALID_ARGUMENT", error.message(), x.request);
  ++shared_->counters.timed_out;
  return refuse(408, "TIMED_OUT", "the body did not come in time", x.request);
}

std::optional<HttpResponse> HttpConnection::prepare(Exchange& x) {
  auto& r = x.request;
  r.method = x.parser.method();
  r.method_text = x.parser.method_text();
  r.target = x.parser.target();
  r.headers = x.parser.take_headers();
  r.remote_address = remote_;
  r.remote_port = remote_port_;
  r.peer_fingerprint = stream_->peer_fingerprint();
  r.peer_key = stream_->peer_key();
  r.secure = secure_;
  r.local_peer = local_;
  auto target = parse_target(r.target);
  if (!target) return refuse(400, "INVALID_ARGUMENT", target.error().message(), r);
  r.path = std::move(target->path);
  r.query = std::move(target->query);
  if (r.method == Method::other) return refuse(501, "UNSUPPORTED", "this method is not served", r);
  x.match = shared_->router->match(r.method, target->raw_path);
  if (x.match.route == nullptr && x.match.path_known) {
    auto out = refuse(405, "METHOD_NOT_ALLOWED", fmt::format("{} is not served here", r.method_text), r);
    out.headers.add("Allow", x.match.allow);
    return out;
  }
  if (x.match.route == nullptr) return refuse(404, "NOT_FOUND", "nothing is served under this path", r);
  r.params = std::move(x.match.params);
  return std::nullopt;
}

asio::awaitable<std::optional<HttpResponse>> HttpConnection::take_body(Exchange& x) {
  const auto& route = *x.match.route;
  const bool plain = std::holds_alternative<HttpHandler>(route.handler);
  const std::size_t cap = plain ? route.options.body_cap : 0;
  auto body = x.parser.set_body_cap(cap);
  if (body && !x.parser.done()) {
    if (x.parser.expects_continue() && in_.empty()) body = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (body) body = co_await read_body(x);
  }
  if (body) {
    x.request.body = x.parser.take_body();
    co_return std::nullopt;
  }
  co_return refuse_unread(x, body.error(), 413, fmt::format("the body may have {} bytes here", cap));
}

asio::awaitable<HttpResponse> HttpConnection::call_plain(const HttpHandler& handler, Exchange& x) {
  std::optional<HttpResponse> out;
  std::string failure;
  if (x.match.route->options.watch_client) x.request.client_gone = watch_client_of(fd_);
  auto task = run_plain(handler, x.request, out, failure);
  auto limited = impl::run_within(std::move(task), x.match.route->options.handler_timeout);
  const bool in_time = co_await std::move(limited);
  if (out) co_return std::move(*out);
  const auto& r = x.request;
  base::log(base::LogLevel::error, shared_->options.log_room, in_time ? "handler failed" : "handler timed out",
            {{"path", x.match.route->pattern}, {"request_id", r.request_id}, {"error", failure}});
  if (in_time) co_return HttpResponse::error(500, "INTERNAL", "the server failed", false, r.request_id);
  co_return HttpResponse::error(503, "UNAVAILABLE", "the server took too long", true, r.request_id);
}

/// The response to send, or nothing when the connection became a stream that is over now.
asio::awaitable<std::optional<HttpResponse>> HttpConnection::call(Exchange& x) {
  watchdog_.disarm();
  const auto self = shared_from_this();
  const auto& handler = x.match.route->handler;
  if (const auto* plain = std::get_if<HttpHandler>(&handler)) co_return co_await call_plain(*plain, x);
  if (const auto* events = std::get_if<EventHandler>(&handler)) {
    EventStreamImpl stream(self, x.request);
    const HttpHandler bound = [&](HttpRequest& r) { return (*events)(r, stream); };
    std::optional<HttpResponse> out;
    std::string failure;
    auto task = run_plain(bound, x.request, out, failure);
    co_await std::move(task);
    stream.sink()->close();
    if (stream.opened()) co_return std::nullopt;
    if (!out) co_return HttpResponse::error(500, "INTERNAL", "the server failed", false, x.request.request_id);
    co_return out;
  }
  if (const auto problem = upgrade_problem(x.request)) {
    auto out = refuse(426, "UPGRADE_REQUIRED", *problem, x.request);
    out.headers.add("Upgrade", "websocket");
    co_return out;
  }
  WebSocketUpgradeImpl upgrade(self, x.request);
  const auto& websocket = std::get<WebSocketHandler>(handler);
  const HttpHandler bound = [&](HttpRequest& r) { return websocket(r, upgrade); };
  std::optional<HttpResponse> out;
  std::string failure;
  auto task = run_plain(bound, x.request, out, failure);
  co_await std::move(task);
  if (upgrade.session()) {
    co_await upgrade.session()->finish();
    co_return std::nullopt;
  }
  if (!out) co_return HttpResponse::error(500, "INTERNAL", "the server failed", false, x.request.request_id);
  co_return out;
}

asio::awaitable<bool> HttpConnection::answer(Exchange& x, HttpResponse response) {
  const bool keep = x.parser.done() && x.parser.keep_alive() && !shared_->draining && !unread_;
  response.headers.set("Date", http_date());
  const bool head = x.request.method == Method::head;
  auto bytes = write_response(response, keep, head);
  auto written = co_await write(std::move(bytes));
  if (written && !head && !response.more.empty()) written = co_await write_shared(response.more);
  ++shared_->counters.requests;
  if (shared_->observer)
    shared_->observer(
        x.request, response,
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - x.began));
  co_return written.has_value() && keep;
}

asio::awaitable<bool> HttpConnection::serve_one() {
  Exchange x(*shared_, remote_);
  const auto header = co_await read_header(x);
  first_ = false;
  x.began = std::chrono::steady_clock::now();
  x.request.request_id = fmt::format("{:016x}", base::system_random().u64());
  if (!header) {
    const auto& e = header.error();
    if (e.code != base::Errc::too_large && e.code != base::Errc::bad_format) co_return false;
    auto out = refuse_unread(x, e, 431, "the request's header is too long");
    co_return co_await answer(x, std::move(out));
  }
  auto early = prepare(x);
  if (!early) early = co_await take_body(x);
  if (!stream_->is_open()) co_return false;
  if (early) co_return co_await answer(x, std::move(*early));
  auto response = co_await call(x);
  if (!response) co_return false;
  co_return co_await answer(x, std::move(*response));
}

/// An answer followed by RST could be lost to the client that still sends (RFC 9112 section 9.6).
asio::awaitable<void> HttpConnection::linger() {
  watchdog_.arm(kLingerTimeout);
  const auto ended = co_await stream_->shutdown_write();
  std::size_t dropped = 0;
  while (ended && unread_ && dropped < kLingerBytes) {
    std::array<std::uint8_t, kHeaderChunk> scrap{};
    const auto n = co_await stream_->read_some(scrap);
    if (!n || *n == 0) break;
    dropped += *n;
  }
  watchdog_.disarm();
}

}  // namespace rescue::net
