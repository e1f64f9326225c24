// SPDX-License-Identifier: Apache-2.0
#include "net/impl/websocket_session.hpp"

#include <fmt/format.h>

namespace rescue::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadChunk = 4 * 1024;
constexpr NamedTimeout kSendTimeout("WebSocket write", kWriteTimeout);

}  // namespace

WebSocketSessionImpl::WebSocketSessionImpl(WebSocketSide side, std::shared_ptr<ByteStream> stream,
                                           std::string already_read, WebSocketOptions options)
    : side_(side),
      stream_(std::move(stream)),
      options_(options),
      executor_(stream_->executor()),
      decoder_(side, options.message_cap),
      already_read_(std::move(already_read)),
      queued_(executor_),
      heard_(std::chrono::steady_clock::now()) {}

WebSocketSessionImpl::~WebSocketSessionImpl() = default;

bool WebSocketSessionImpl::send_text(std::string text) { return queue(WebSocketOpcode::text, base::as_bytes(text)); }
bool WebSocketSessionImpl::send_binary(base::ByteView data) { return queue(WebSocketOpcode::binary, data); }

bool WebSocketSessionImpl::queue(WebSocketOpcode opcode, base::ByteView payload) {
  return queue_frame(write_websocket_frame(side_, opcode, payload, base::system_random()), false);
}

bool WebSocketSessionImpl::queue_frame(std::string frame, bool last) {
  {
    const std::lock_guard lock(mutex_);
    if (over_ || close_queued_ || overflow_) return false;
    close_queued_ = last;
    overflow_ = !last && queue_bytes_ + frame.size() > options_.queue_bytes;
    if (!overflow_) {
      queue_bytes_ += frame.size();
      queue_.push_back(std::move(frame));
    }
  }
  wake();
  const std::lock_guard lock(mutex_);
  return !overflow_;
}

void WebSocketSessionImpl::wake() {
  post_on(executor_, [self = shared_from_this()] { self->queued_.notify(); });
}

void WebSocketSessionImpl::close(CloseCode code, std::string reason) {
  (void)queue_frame(write_websocket_close(side_, code, reason, base::system_random()), true);
}

bool WebSocketSessionImpl::closed() const {
  const std::lock_guard lock(mutex_);
  return over_ || close_queued_ || overflow_;
}

void WebSocketSessionImpl::over() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    queue_.clear();
    queue_bytes_ = 0;
  }
  stream_->close();
  queued_.notify();
}

asio::awaitable<void> WebSocketSessionImpl::run_writer(std::shared_ptr<WebSocketSessionImpl> self) {
  // However the writer ends, cancelled too: without it the session is over.
  const std::unique_ptr<WebSocketSessionImpl, void (*)(WebSocketSessionImpl*)> at_end(self.get(),
                                                                                      [](auto* s) { s->over(); });
  co_await self->write_queue();
}

asio::awaitable<void> WebSocketSessionImpl::write_queue() {
  Watchdog stuck(executor_, [this] { stream_->close(); });
  for (;;) {
    std::string frame;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      if (over_) break;
      if (overflow_) {  // the peer does not read; whatever waits for it is stale
        queue_.clear();
        break;
      }
      if (!queue_.empty()) {
        frame = std::move(queue_.front());
        queue_.pop_front();
        queue_bytes_ -= frame.size();
        last = queue_.empty() && close_queued_;
      }
    }
    if (frame.empty()) {
      co_await queued_.wait();
      continue;
    }
    stuck.arm(kSendTimeout);
    const auto written = co_await write_all(*stream_, base::as_bytes(frame));
    stuck.disarm();
    if (!written) break;
    if (last) {
      co_await wait_for_peer_close();
      break;
    }
  }
}

/// Our close frame is out: the peer's answer is due (RFC 6455 section 5.5.1), then the connection ends.
asio::awaitable<void> WebSocketSessionImpl::wait_for_peer_close() {
  const auto until = std::chrono::steady_clock::now() + kWebSocketClose;
  while (!reading_over_ && stream_->is_open() && std::chrono::steady_clock::now() < until)
    (void)co_await queued_.wait_until(until);
  (void)co_await stream_->shutdown_write();
}

void WebSocketSessionImpl::end_reading() {
  reading_over_ = true;
  queued_.notify();
}

void WebSocketSessionImpl::silence_passed() {
  const auto quiet = std::chrono::steady_clock::now() - heard_;
  if (quiet >= options_.silence) {
    silent_ = true;
    stream_->close();
    return;
  }
  if (quiet >= options_.ping_after) (void)queue(WebSocketOpcode::ping, {});
  watchdog_ = std::make_unique<Watchdog>(executor_, [this] { silence_passed(); });
  watchdog_->arm(NamedTimeout("WebSocket silence", std::min(options_.ping_after, options_.silence)));
}

base::Error WebSocketSessionImpl::why_lost(const base::Result<std::size_t>& read) const {
  if (silent_) return {base::Errc::timed_out, "WebSocket silence"};
  const std::lock_guard lock(mutex_);
  if (overflow_) return {base::Errc::too_large, "WebSocket send queue: the peer does not read"};
  if (!read) return read.error();
  return {base::Errc::io, "WebSocket: connection ended without a close frame"};
}

/// The next queued event: a message, or nothing for what was dealt with here.
base::Result<std::optional<WebSocketMessage>> WebSocketSessionImpl::take_event() {
  auto event = std::move(events_.front());
  events_.pop_front();
  if (auto* message = std::get_if<WebSocketMessage>(&event)) return std::move(*message);
  if (auto* ping = std::get_if<WebSocketPing>(&event)) {
    (void)queue(WebSocketOpcode::pong, base::as_bytes(ping->payload));
  } else if (auto* closing = std::get_if<WebSocketClosed>(&event)) {
    const auto code = closing->code == 1005 ? CloseCode::normal : static_cast<CloseCode>(closing->code);
    close(code, "");
    end_reading();
    return base::fail(base::Errc::closed,
                      fmt::format("WebSocket closed by peer: {} {}", closing->code, closing->reason));
  }
  return std::nullopt;
}

asio::awaitable<base::Result<std::optional<WebSocketMessage>>> WebSocketSessionImpl::receive_part() {
  if (!events_.empty()) co_return take_event();
  if (decode_error_) co_return base::fail(*decode_error_);
  std::string chunk = std::exchange(already_read_, std::string());
  if (chunk.empty()) {
    chunk.resize(kReadChunk);
    const base::MutableByteView room(reinterpret_cast<std::uint8_t*>(chunk.data()), chunk.size());
    auto n = co_await stream_->read_some(room);
    if (!n || *n == 0) {
      over();
      end_reading();
      co_return base::fail(why_lost(n));
    }
    chunk.resize(*n);
    heard_ = std::chrono::steady_clock::now();
  }
  auto decoded = decoder_.feed(base::as_bytes(chunk));
  if (!decoded) {
    decode_error_ = decoded.error();
    close(decoder_.close_code(), decoded.error().context);
    end_reading();
    co_return std::nullopt;
  }
  for (auto& e : *decoded) events_.push_back(std::move(e));
  co_return std::nullopt;
}

asio::awaitable<base::Result<WebSocketMessage>> WebSocketSessionImpl::receive() {
  const auto self = shared_from_this();
  heard_ = std::chrono::steady_clock::now();
  watchdog_ = std::make_unique<Watchdog>(executor_, [this] { silence_passed(); });
  watchdog_->arm(NamedTimeout("WebSocket silence", std::min(options_.ping_after, options_.silence)));
  for (;;) {
    auto part = co_await receive_part();
    if (part && !*part) continue;
    watchdog_.reset();
    if (part) co_return std::move(**part);
    co_return base::fail(std::move(part).error());
  }
}

asio::awaitable<void> WebSocketSessionImpl::finish() {
  const auto self = shared_from_this();
  close(CloseCode::normal, "");
  // The writer sends it, and closes the stream when the answer takes too long.
  while (!reading_over_) {
    auto part = receive_part();
    (void)co_await std::move(part);
  }
  while (stream_->is_open()) co_await queued_.wait();
}

}  // namespace rescue::net
