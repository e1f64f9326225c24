// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as plain values (RFC 9110, RFC 9112), and the handlers of a server. No library's type shows here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "net/endpoint.hpp"
#include "net/local_peer.hpp"

namespace rescue::net {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
[[nodiscard]] std::string_view method_name(Method m);  // "GET", "DELETE", …; "other" for what we do not serve

/// In the order of arrival; names compare without case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}
  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// True when a comma-separated list under that name has `token`, without case ("Connection: keep-alive, Upgrade").
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces all of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// What a handler sees. The target was parsed by RFC 3986; path and query are percent-decoded, valid UTF-8, without
/// NUL.
struct HttpRequest {
  Method method = Method::get;
  std::string method_text;
  std::string target;                                      // as it came: "/api/v1/users/a%40b?limit=2"
  std::string path;                                        // "/api/v1/users/a@b"
  std::vector<std::pair<std::string, std::string>> query;  // in order
  std::map<std::string, std::string, std::less<>> params;  // filled by the router: "{id}" of the pattern
  HttpHeaders headers;
  std::string body;
  IpAddress remote_address;  // of the client, through a trusted proxy's PROXY header too
  std::uint16_t remote_port = 0;
  std::optional<crypto::Fingerprint> peer_fingerprint;  // of the client certificate; TLS proved its key
  std::optional<base::Bytes> peer_key;                  // that key, DER SubjectPublicKeyInfo
  std::string request_id;                               // 16 hex digits, unique in this process
  bool secure = false;                                  // came over TLS
  std::optional<LocalPeer> local_peer;  // came over a socket of this machine, from a process of this user
  /// On routes with RouteOptions::watch_client: whether the client has ended its direction, so that work for it may
  /// stop. Any thread, also after the connection's end; does not block.
  std::function<bool()> client_gone;

  /// The first value under that name, if any.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  /// The token of "Authorization: Bearer T", if any.
  [[nodiscard]] std::optional<std::string_view> bearer_token() const;
  [[nodiscard]] std::string_view param(std::string_view name) const;  // "" when the pattern has none
};

/// A piece of a large body that many responses share, so that none copies it. `bytes` live as long as `keeper`.
struct SharedBytes {
  std::shared_ptr<const void> keeper;
  base::ByteView bytes;
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;
  std::string body;
  std::vector<SharedBytes> more;  // of the body, behind `body`; each kSharedChunk of them has the write time-out anew

  HttpResponse() = default;
  explicit HttpResponse(unsigned s) : status(s) {}
  HttpResponse(unsigned s, std::string_view content_type, std::string content)
      : status(s), headers{{"Content-Type", std::string(content_type)}}, body(std::move(content)) {}
  /// `json_text` is already serialised.
  [[nodiscard]] static HttpResponse json(unsigned status, std::string json_text);
  /// {"error":code,"message":…,"retryable":…,"request_id":…}, the API's one error shape.
  [[nodiscard]] static HttpResponse error(unsigned status, std::string_view code, std::string_view message,
                                          bool retryable, std::string_view request_id);
  [[nodiscard]] static HttpResponse text(unsigned status, std::string content);
  [[nodiscard]] static HttpResponse no_content() { return HttpResponse(204); }
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  [[nodiscard]] std::size_t body_size() const;
};
[[nodiscard]] std::string_view reason_phrase(unsigned status);

/// One event of a text/event-stream (WHATWG HTML section 9.2). Newlines in `data` are kept; not allowed in the others.
struct ServerEvent {
  std::string id;    // "" = none
  std::string type;  // "" = "message"
  std::string data;

  ServerEvent() = default;
  ServerEvent(std::string i, std::string t, std::string d) : id(std::move(i)), type(std::move(t)), data(std::move(d)) {}
};

/// The writing end of an event stream. Thread-safe; may outlive the connection (then send() returns false).
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// Queues an event. False when the stream has ended, or when the queue's cap (kEventQueueBytes) is passed: the slow
  /// reader is then disconnected and catches up by Last-Event-ID.
  virtual bool send(ServerEvent event) = 0;
  /// Ends the stream after what is queued.
  virtual void close() = 0;
  [[nodiscard]] virtual bool closed() const = 0;
};

/// Given to an event-stream handler. Not calling open() and returning a response refuses the stream.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Sends "200, text/event-stream". Afterwards the handler's own response is ignored.
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<>> open() = 0;
  [[nodiscard]] virtual std::shared_ptr<EventSink> sink() = 0;
  /// Pumps the queue until the sink is closed, the client leaves, or the server stops. A comment line goes out each
  /// kEventKeepAlive of silence, so that proxies keep the connection and a dead client is noticed.
  [[nodiscard]] virtual boost::asio::awaitable<void> run() = 0;
  /// The client's Last-Event-ID, "" when it sent none.
  [[nodiscard]] virtual std::string_view last_event_id() const = 0;
};

class WebSocketSession;  // net/websocket.hpp
struct WebSocketOptions;

/// Given to a WebSocket handler. Not calling accept() and returning a response refuses the upgrade.
class WebSocketUpgrade {
 public:
  virtual ~WebSocketUpgrade() = default;
  /// Sends "101 Switching Protocols". The session ends, at the latest, when the handler returns.
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<std::shared_ptr<WebSocketSession>>> accept(
      const WebSocketOptions& options) = 0;
};

/// Handlers run on their connection's strand, one at a time per connection; an exception becomes a 500 with a log line.
/// A plain handler is cancelled when its route's time-out passes; a stream's handler learns from run() or receive()
/// that its client left. All are cancelled when the grace of HttpServer::stop has passed.
using HttpHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest&)>;
using EventHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest&, EventStream&)>;
using WebSocketHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest&, WebSocketUpgrade&)>;

}  // namespace rescue::net
