// SPDX-License-Identifier: Apache-2.0
#include "net/websocket_client.hpp"

#include <fmt/format.h>

#include "net/impl/client_connection.hpp"
#include "net/impl/status_error.hpp"
#include "net/impl/websocket_session.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kRefusalCap = 64 * 1024;

struct Upgraded {
  std::unique_ptr<ByteStream> stream;
  std::string rest;
};

asio::awaitable<base::Result<>> upgrade(HttpClient& client, std::string target, HttpHeaders headers, Upgraded& out) {
  const auto key = make_websocket_key(base::system_random());
  headers.set("Upgrade", "websocket");
  headers.set("Connection", "Upgrade");
  headers.set("Sec-WebSocket-Version", "13");
  headers.set("Sec-WebSocket-Key", key);
  headers.set("User-Agent", client.options().user_agent);
  const auto& origin = client.origin();
  RESCUE_CO_TRY(const auto request, write_request("GET", origin.base_path + target, origin.host_header(), headers, ""));
  RESCUE_CO_TRY(auto stream, co_await client.connect());
  RESCUE_CO_CHECK(co_await write_all(*stream, base::as_bytes(request)));
  RESCUE_CO_TRY(const auto head, co_await read_response_header(*stream, out.rest, HttpParser::Kind::response));
  const auto answer = head->take_headers();
  if (head->status() != 101) {
    HttpResponse refusal(head->status());
    const auto read = co_await read_response_body(*stream, out.rest, *head, kRefusalCap);
    if (read) refusal.body = head->take_body();
    co_return base::fail(status_error(refusal, "WebSocket " + target));
  }
  if (!answer.has_token("Upgrade", "websocket") || !answer.has_token("Connection", "upgrade") ||
      answer.get("Sec-WebSocket-Accept") != websocket_accept(key))
    co_return base::fail(base::Errc::bad_format, fmt::format("{}: the answer is no WebSocket handshake", target));
  if (answer.get("Sec-WebSocket-Extensions"))
    co_return base::fail(base::Errc::bad_format, fmt::format("{}: an extension that was not offered", target));
  out.stream = std::move(stream);
  co_return base::Result<>{};
}

}  // namespace

asio::awaitable<base::Result<std::shared_ptr<WebSocketSession>>> connect_websocket(HttpClient& client, TaskGroup& group,
                                                                                   std::string target,
                                                                                   HttpHeaders headers,
                                                                                   WebSocketOptions options) {
  Upgraded done;
  auto upgrading = upgrade(client, std::move(target), std::move(headers), done);
  const NamedTimeout limit("WebSocket open", client.options().request_timeout);
  RESCUE_CO_CHECK(co_await with_timeout(std::move(upgrading), limit));
  const std::shared_ptr<ByteStream> stream = std::move(done.stream);
  const auto on = stream->executor();
  auto session = std::make_shared<WebSocketSessionImpl>(WebSocketSide::client, stream, std::move(done.rest), options);
  auto writer = WebSocketSessionImpl::run_writer(session);
  if (!group.spawn_on(on, "websocket writer", std::move(writer))) co_return base::fail(base::Errc::closed, "stopping");
  co_return std::shared_ptr<WebSocketSession>(std::move(session));
}

}  // namespace rescue::net
