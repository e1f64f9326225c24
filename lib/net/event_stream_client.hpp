// SPDX-License-Identifier: Apache-2.0
// Reads a text/event-stream (WHATWG HTML section 9.2) and stays connected: re-opens with jitter and Last-Event-ID.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "net/backoff.hpp"
#include "net/http_client.hpp"

namespace rescue::net {

struct EventStreamOptions {
  std::string target;  // "/api/v1/applet/events"
  HttpHeaders headers;
  std::string last_event_id;  // where an earlier run ended
  std::chrono::microseconds silence = kEventSilence;
  BackoffOptions backoff;
  EventStreamOptions() = default;
};

/// Strand of the client's executor; `client` and `random` must outlive it. One reader.
class EventStreamClient {
 public:
  EventStreamClient(HttpClient& client, EventStreamOptions options, base::RandomSource& random);
  ~EventStreamClient();
  EventStreamClient(const EventStreamClient&) = delete;
  EventStreamClient& operator=(const EventStreamClient&) = delete;

  /// Called at each change: open (no error) and lost (why). `open` comes with the response's headers read.
  using StateObserver = std::function<void(bool open, const base::Error* why)>;
  void observe(StateObserver observer);

  /// The next event. Connects and re-connects for as long as it takes; returns an error only for an answer that will
  /// not change by itself (status 4xx but 408 and 429: denied, sign_in_needed for 401, not_found for 404/410; wrong
  /// content type: bad_format; wrong certificate: verification_failed), or closed after close(). `retry:` of the server
  /// is obeyed.
  [[nodiscard]] boost::asio::awaitable<base::Result<ServerEvent>> next();
  [[nodiscard]] const std::string& last_event_id() const;
  /// Ends a waiting next(), after a connection attempt in progress (cancel the coroutine to cut that short).
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The parser alone, sans-IO: bytes in, events out. Lines end by CR, LF or CRLF; a byte order mark at the start is
/// skipped.
class EventStreamParser {
 public:
  /// too_large when one event passes kEventCap.
  [[nodiscard]] base::Result<std::vector<ServerEvent>> feed(std::string_view bytes);
  [[nodiscard]] const std::string& last_event_id() const { return last_id_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void line(std::string_view text, std::vector<ServerEvent>& out);
  std::string pending_;  // of an unfinished line
  std::string data_;
  std::string type_;
  std::string id_;
  std::string last_id_;
  bool has_data_ = false;
  bool skip_lf_ = false;
  bool started_ = false;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace rescue::net
