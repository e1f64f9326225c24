// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"

#include <fmt/format.h>

#include <list>

#include "net/impl/client_connection.hpp"
#include "net/timeout.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

/// RFC 9110 section 9.2.2.
bool idempotent(Method m) { return m != Method::post && m != Method::patch; }

base::Error in_request(const base::Error& e, const Origin& origin, const ClientRequest& r) {
  auto out = e.within(fmt::format("{} {}{}", method_name(r.method), origin.text(), r.target));
  if (e.code == base::Errc::io || e.code == base::Errc::closed) out.code = base::Errc::unreachable;
  return out;
}

}  // namespace

struct HttpClient::Impl {
  Impl(asio::any_io_executor ex, Origin o, HttpClientOptions opts)
      : executor(std::move(ex)), origin(std::move(o)), options(std::move(opts)) {}

  using Connection = std::unique_ptr<ClientConnection>;

  Connection take_idle() {
    while (!idle.empty()) {
      auto c = std::move(idle.back());
      idle.pop_back();
      if (!c->stale()) return c;
    }
    return nullptr;
  }

  void keep(Connection c) {
    c->used = true;
    if (idle.size() < options.idle_connections) idle.push_back(std::move(c));
  }

  /// One request and its answer. `answered` is set when a byte of the answer has come.
  asio::awaitable<base::Result<HttpResponse>> exchange(ClientConnection& c, const std::string& bytes, bool head,
                                                       bool& answered, bool& reusable) {
    auto& s = *c.stream;
    RESCUE_CO_CHECK(co_await write_all(s, base::as_bytes(bytes)));
    RESCUE_CO_CHECK(co_await read_into(s, c.in));
    answered = true;
    const auto kind = head ? HttpParser::Kind::response_to_head : HttpParser::Kind::response;
    RESCUE_CO_TRY(const auto parser, co_await read_response_header(s, c.in, kind));
    HttpResponse out(parser->status());
    out.headers = parser->take_headers();
    RESCUE_CO_CHECK(co_await read_response_body(s, c.in, *parser, options.response_cap));
    out.body = parser->take_body();
    reusable = parser->keep_alive() && c.in.empty();
    co_return out;
  }

  asio::awaitable<base::Result<HttpResponse>> send(const ClientRequest& r, const std::string& bytes) {
    const NamedTimeout limit("request", r.timeout.value_or(options.request_timeout));
    for (auto connection = take_idle();; connection = nullptr) {
      if (!connection) {
        RESCUE_CO_TRY(connection, co_await connect_to(origin, options));
      }
      bool answered = false;
      bool reusable = false;
      auto op = exchange(*connection, bytes, r.method == Method::head, answered, reusable);
      auto response = co_await with_timeout(std::move(op), limit);
      const bool again = !response && connection->used && !answered && idempotent(r.method) &&
                         response.error().code != base::Errc::timed_out;
      if (again) continue;
      if (response && reusable) keep(std::move(connection));
      co_return response;
    }
  }

  asio::any_io_executor executor;
  Origin origin;
  HttpClientOptions options;
  std::list<Connection> idle;
};

HttpClient::HttpClient(asio::any_io_executor executor, Origin origin, HttpClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(origin), std::move(options))) {}
HttpClient::~HttpClient() = default;

asio::awaitable<base::Result<HttpResponse>> HttpClient::send(ClientRequest request) {
  auto& o = impl_->options;
  if (!request.headers.get("User-Agent")) request.headers.add("User-Agent", o.user_agent);
  if (!request.headers.get("Accept")) request.headers.add("Accept", "*/*");
  RESCUE_CO_TRY(const auto bytes, write_request(method_name(request.method), impl_->origin.base_path + request.target,
                                                impl_->origin.host_header(), request.headers, request.body));
  auto response = co_await impl_->send(request, bytes);
  if (!response) co_return base::fail(in_request(response.error(), impl_->origin, request));
  co_return response;
}

asio::awaitable<base::Result<std::unique_ptr<ByteStream>>> HttpClient::connect() {
  RESCUE_CO_TRY(auto c, co_await connect_to(impl_->origin, impl_->options));
  co_return std::move(c->stream);
}

void HttpClient::close_idle() { impl_->idle.clear(); }
const Origin& HttpClient::origin() const { return impl_->origin; }
const HttpClientOptions& HttpClient::options() const { return impl_->options; }
const asio::any_io_executor& HttpClient::executor() const { return impl_->executor; }

}  // namespace rescue::net
