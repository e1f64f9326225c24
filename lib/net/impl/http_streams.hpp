// SPDX-License-Identifier: Apache-2.0
// What a connection of the HTTP server can turn into: an event stream or a WebSocket.
#pragma once

#include "net/impl/http_connection.hpp"
#include "net/impl/websocket_session.hpp"

namespace rescue::net {

/// Events on their way to one client; thread-safe.
class EventQueue final : public EventSink, public std::enable_shared_from_this<EventQueue> {
 public:
  explicit EventQueue(const boost::asio::any_io_executor& executor) : executor_(executor), changed(executor) {}
  bool send(ServerEvent event) override;
  void close() override;
  [[nodiscard]] bool closed() const override;

  /// What is to be written now.
  [[nodiscard]] std::string take();
  [[nodiscard]] bool overflowed() const;

 private:
  void wake();
  const boost::asio::any_io_executor executor_;
  mutable std::mutex mutex_;
  std::string pending_;  // guarded by mutex_, as all below
  bool closed_ = false;
  bool overflow_ = false;

 public:
  Signal changed;  // strand
};

class EventStreamImpl final : public EventStream {
 public:
  EventStreamImpl(std::shared_ptr<HttpConnection> connection, const HttpRequest& request);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> open() override;
  [[nodiscard]] std::shared_ptr<EventSink> sink() override { return queue_; }
  [[nodiscard]] boost::asio::awaitable<void> run() override;
  [[nodiscard]] std::string_view last_event_id() const override { return last_event_id_; }
  [[nodiscard]] bool opened() const { return counted_.has_value(); }

 private:
  const std::shared_ptr<HttpConnection> connection_;
  const std::shared_ptr<EventQueue> queue_;
  std::string last_event_id_;
  std::optional<CountOne> counted_;
};

class WebSocketUpgradeImpl final : public WebSocketUpgrade {
 public:
  WebSocketUpgradeImpl(std::shared_ptr<HttpConnection> connection, const HttpRequest& request)
      : connection_(std::move(connection)), request_(request) {}
  [[nodiscard]] boost::asio::awaitable<base::Result<std::shared_ptr<WebSocketSession>>> accept(
      const WebSocketOptions& options) override;
  [[nodiscard]] const std::shared_ptr<WebSocketSessionImpl>& session() const { return session_; }

 private:
  const std::shared_ptr<HttpConnection> connection_;
  const HttpRequest& request_;
  std::shared_ptr<WebSocketSessionImpl> session_;
  std::optional<CountOne> counted_;
};

/// What is wrong with the upgrade fields of a request; nothing when it may become a WebSocket (RFC 6455 section 4.2.1).
[[nodiscard]] std::optional<std::string> upgrade_problem(const HttpRequest& request);

}  // namespace rescue::net
