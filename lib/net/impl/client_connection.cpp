// SPDX-License-Identifier: Apache-2.0
#include "net/impl/client_connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include "net/local_socket.hpp"
#include "net/timeout.hpp"
#include "net/tls_stream.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadChunk = 16 * 1024;
constexpr unsigned kInterimResponses = 8;  // 1xx in front of one response

asio::awaitable<base::Result<>> pass_proxy(TcpStream& socket, const Origin& origin, const ProxySetting& setting) {
  const auto target = Endpoint(origin.host, origin.port).text();
  HttpHeaders headers;
  if (!setting.authorization.empty()) headers.add("Proxy-Authorization", setting.authorization);
  RESCUE_CO_TRY(const auto request, write_request("CONNECT", target, target, headers, ""));
  RESCUE_CO_CHECK(co_await write_all(socket, base::as_bytes(request)));
  std::string in;
  RESCUE_CO_TRY(const auto parser, co_await read_response_header(socket, in, HttpParser::Kind::response_to_head));
  if (parser->status() / 100 != 2)
    co_return base::fail(base::Errc::unreachable, fmt::format("proxy {} refused a connection to {} (status {})",
                                                              setting.proxy.text(), target, parser->status()));
  if (!in.empty()) co_return base::fail(base::Errc::bad_format, "proxy sent data before the site could");
  co_return base::Result<>{};
}

/// A failed connection is "unreachable", whatever the system called it; TLS verdicts and time-outs keep their own name.
base::Error as_unreachable(const base::Error& e, const Origin& origin) {
  auto out = e.within(fmt::format("connect to {}", origin.text()));
  if (e.code == base::Errc::io || e.code == base::Errc::closed) out.code = base::Errc::unreachable;
  return out;
}

}  // namespace

bool ClientConnection::stale() const {
  std::uint8_t one = 0;
  const auto n = ::recv(socket->fd(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

asio::awaitable<base::Result<std::unique_ptr<ClientConnection>>> connect_to(const Origin& origin,
                                                                            const HttpClientOptions& options) {
  if (!origin.local.empty()) {
    const auto executor = co_await asio::this_coro::executor;
    RESCUE_CO_TRY(auto local, connect_local(executor, origin.local));
    auto* socket = local.get();
    co_return std::make_unique<ClientConnection>(std::move(local), *socket);
  }
  ConnectLimits limits;
  limits.resolve = options.resolve_timeout;
  limits.connect = options.connect_timeout;
  const auto to = options.proxy ? options.proxy->proxy : Endpoint(origin.host, origin.port);
  auto connected = co_await connect_tcp(to, limits);
  if (!connected) co_return base::fail(as_unreachable(connected.error(), origin));
  auto socket = std::move(*connected);
  if (options.proxy) {
    auto passing = pass_proxy(*socket, origin, *options.proxy);
    auto passed = co_await with_timeout(std::move(passing), NamedTimeout("proxy", options.connect_timeout));
    if (!passed) co_return base::fail(as_unreachable(passed.error(), origin));
  }
  auto* below = socket.get();
  if (!origin.secure) co_return std::make_unique<ClientConnection>(std::move(socket), *below);
  if (!options.tls) co_return base::fail(base::Errc::invalid_argument, "https without a TLS context");
  RESCUE_CO_TRY(auto tls, TlsStream::create(*options.tls, std::move(socket), TlsStream::Side::client));
  RESCUE_CO_CHECK(tls->expect_host(origin.host));
  auto shaking = tls->handshake();
  auto done = co_await with_timeout(std::move(shaking), NamedTimeout("TLS handshake", options.handshake_timeout));
  if (!done) co_return base::fail(as_unreachable(done.error(), origin));
  co_return std::make_unique<ClientConnection>(std::move(tls), *below);
}

asio::awaitable<base::Result<>> read_into(ByteStream& stream, std::string& in) {
  const auto have = in.size();
  in.resize(have + kReadChunk);
  const base::MutableByteView room(reinterpret_cast<std::uint8_t*>(in.data()) + have, kReadChunk);
  const auto n = co_await stream.read_some(room);
  in.resize(have + n.value_or(0));
  if (!n) co_return base::fail(n.error());
  if (*n == 0) co_return base::fail(base::Errc::closed, "server ended the connection");
  co_return base::Result<>{};
}

asio::awaitable<base::Result<std::unique_ptr<HttpParser>>> read_response_header(ByteStream& stream, std::string& in,
                                                                                HttpParser::Kind kind) {
  for (unsigned interim = 0; interim < kInterimResponses; ++interim) {
    auto parser = std::make_unique<HttpParser>(kind, kHeaderCap);
    for (;;) {
      RESCUE_CO_CHECK(parser->feed(in));
      if (parser->header_done()) break;
      RESCUE_CO_CHECK(co_await read_into(stream, in));
    }
    if (parser->status() / 100 != 1 || parser->status() == 101) co_return parser;
  }
  co_return base::fail(base::Errc::bad_format, "too many interim responses");
}

asio::awaitable<base::Result<>> read_response_body(ByteStream& stream, std::string& in, HttpParser& parser,
                                                   std::size_t cap) {
  RESCUE_CO_CHECK(parser.set_body_cap(cap));
  for (;;) {
    RESCUE_CO_CHECK(parser.feed(in));
    if (parser.done()) co_return base::Result<>{};
    const auto more = co_await read_into(stream, in);
    if (more) continue;
    if (more.error().code != base::Errc::closed) co_return more;
    co_return parser.feed_end();  // right only for a response that ends with its connection
  }
}

}  // namespace rescue::net
