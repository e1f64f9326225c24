// SPDX-License-Identifier: Apache-2.0
#include "net/impl/http_streams.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kWebSocketKeySize = 24;  // base64 of 16 bytes

std::string event_text(const ServerEvent& e) {
  const auto one_line = [](std::string_view s) { return s.substr(0, s.find_first_of(std::string_view("\r\n\0", 3))); };
  std::string out;
  if (!e.id.empty()) (out += "id: ") += std::string(one_line(e.id)) + "\n";
  if (!e.type.empty()) (out += "event: ") += std::string(one_line(e.type)) + "\n";
  std::string_view rest = e.data;
  for (;;) {
    const auto end = rest.find_first_of("\r\n");
    (out += "data: ") += std::string(rest.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    const bool crlf = rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n';
    rest = rest.substr(end + (crlf ? 2 : 1));
  }
  return out + "\n";
}

/// Notices that the client left: nothing it could say is of interest.
asio::awaitable<void> watch_client(std::shared_ptr<HttpConnection> connection, std::shared_ptr<EventQueue> queue) {
  std::array<std::uint8_t, 512> scrap{};
  const auto stream = connection->stream();
  for (;;) {
    const auto n = co_await stream->read_some(scrap);
    if (!n || *n == 0) break;
  }
  queue->close();
}

}  // namespace

bool EventQueue::send(ServerEvent event) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    pending_ += event_text(event);
    if (pending_.size() > kEventQueueBytes) closed_ = overflow_ = true;
  }
  wake();
  const std::lock_guard lock(mutex_);
  return !overflow_;
}

void EventQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake();
}

bool EventQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool EventQueue::overflowed() const {
  const std::lock_guard lock(mutex_);
  return overflow_;
}

std::string EventQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pending_, std::string());
}

void EventQueue::wake() {
  post_on(executor_, [self = shared_from_this()] { self->changed.notify(); });
}

EventStreamImpl::EventStreamImpl(std::shared_ptr<HttpConnection> connection, const HttpRequest& request)
    : connection_(std::move(connection)),
      queue_(std::make_shared<EventQueue>(connection_->stream()->executor())),
      last_event_id_(request.headers.get("Last-Event-ID").value_or("")) {}

asio::awaitable<base::Result<>> EventStreamImpl::open() {
  // Ended by the connection's end: no length and no chunks, which every client of HTTP/1.x reads (RFC 9112
  // section 6.3).
  HttpResponse head(200);
  head.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"Connection", "close"}};
  auto bytes = write_response_head(head);
  RESCUE_CO_CHECK(co_await connection_->write(std::move(bytes)));
  counted_.emplace(connection_->shared().counters.event_streams);
  connection_->become_stream([queue = queue_] { queue->close(); });
  co_return base::Result<>{};
}

asio::awaitable<void> EventStreamImpl::run() {
  auto& shared = connection_->shared();
  const auto stream = connection_->stream();
  auto watcher = watch_client(connection_, queue_);
  if (!shared.tasks.spawn_on(stream->executor(), "event stream reader", std::move(watcher))) co_return;
  for (;;) {
    auto bytes = queue_->take();
    if (queue_->overflowed()) {
      stream->close();
      break;
    }
    if (bytes.empty()) {
      if (queue_->closed()) break;
      const auto until = std::chrono::steady_clock::now() + shared.options.event_keep_alive;
      if (const bool woken = co_await queue_->changed.wait_until(until); woken) continue;
      bytes = ":\n\n";
    }
    const auto written = co_await connection_->write(std::move(bytes));
    if (!written) break;
  }
  queue_->close();
}

std::optional<std::string> upgrade_problem(const HttpRequest& request) {
  const auto& h = request.headers;
  if (!h.has_token("Connection", "upgrade") || !h.has_token("Upgrade", "websocket"))
    return "this address speaks WebSocket: an Upgrade header is needed";
  if (h.get("Sec-WebSocket-Version") != "13") return "Sec-WebSocket-Version must be 13";
  if (h.get("Sec-WebSocket-Key").value_or("").size() != kWebSocketKeySize)
    return "Sec-WebSocket-Key is no 16 bytes in base64";
  return std::nullopt;
}

asio::awaitable<base::Result<std::shared_ptr<WebSocketSession>>> WebSocketUpgradeImpl::accept(
    const WebSocketOptions& options) {
  auto& shared = connection_->shared();
  HttpResponse head(101);
  head.headers = {{"Upgrade", "websocket"},
                  {"Connection", "Upgrade"},
                  {"Sec-WebSocket-Accept", websocket_accept(*request_.headers.get("Sec-WebSocket-Key"))}};
  auto bytes = write_response_head(head);
  RESCUE_CO_CHECK(co_await connection_->write(std::move(bytes)));
  const auto stream = connection_->stream();
  auto session =
      std::make_shared<WebSocketSessionImpl>(WebSocketSide::server, stream, connection_->take_rest(), options);
  auto writer = WebSocketSessionImpl::run_writer(session);
  if (!shared.tasks.spawn_on(stream->executor(), "websocket writer", std::move(writer)))
    co_return base::fail(base::Errc::closed, "server is stopping");
  session_ = session;
  counted_.emplace(shared.counters.websockets);
  connection_->become_stream([session] { session->close(CloseCode::going_away, "server is stopping"); });
  co_return std::shared_ptr<WebSocketSession>(std::move(session));
}

}  // namespace rescue::net
