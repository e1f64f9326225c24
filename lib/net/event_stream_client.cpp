// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream_client.hpp"

#include <fmt/format.h>

#include <deque>
#include <limits>

#include "net/impl/client_connection.hpp"
#include "net/impl/status_error.hpp"
#include "net/io_thread.hpp"
#include "net/timeout.hpp"

namespace rescue::net {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kLongestRetry{60'000};
/// Resolve, connect, handshake and answer together; each has its own shorter time-out.
constexpr auto kEventStreamOpen = std::chrono::seconds(40);
constexpr std::size_t kRefusalCap = 64 * 1024;

/// What another attempt will not change.
bool final_refusal(const base::Error& e) {
  const auto exit = e.exit();
  return exit == base::Exit::verification_failed || e.code == base::Errc::bad_format ||
         e.code == base::Errc::invalid_argument || e.code == base::Errc::denied ||
         e.code == base::Errc::sign_in_needed || e.code == base::Errc::not_found || e.code == base::Errc::conflict;
}

}  // namespace

struct EventStreamClient::Impl {
  Impl(HttpClient& c, EventStreamOptions o, base::RandomSource& random)
      : client(c),
        options(std::move(o)),
        backoff(options.backoff, random),
        last_id(options.last_event_id),
        closing(client.executor()) {}

  HttpClient& client;
  EventStreamOptions options;
  Backoff backoff;
  StateObserver observer;
  std::string last_id;
  std::unique_ptr<ByteStream> stream;
  std::unique_ptr<HttpParser> body;  // takes chunks and lengths off
  std::unique_ptr<EventStreamParser> parser;
  std::string in;
  std::deque<ServerEvent> ready;
  Signal closing;
  std::optional<std::chrono::milliseconds> retry;
  bool closed = false;

  void lost(const base::Error& why) {
    if (stream) stream->close();
    stream.reset();
    in.clear();
    if (observer) observer(false, &why);
  }

  asio::awaitable<base::Result<>> open() {
    HttpHeaders headers = options.headers;
    headers.set("Accept", "text/event-stream");
    headers.set("Cache-Control", "no-store");
    headers.set("User-Agent", client.options().user_agent);
    if (!last_id.empty()) headers.set("Last-Event-ID", last_id);
    const auto& origin = client.origin();
    RESCUE_CO_TRY(const auto request,
                  write_request("GET", origin.base_path + options.target, origin.host_header(), headers, ""));
    RESCUE_CO_TRY(auto fresh, co_await client.connect());
    std::string rest;
    RESCUE_CO_CHECK(co_await write_all(*fresh, base::as_bytes(request)));
    RESCUE_CO_TRY(auto head, co_await read_response_header(*fresh, rest, HttpParser::Kind::response));
    const auto answer = head->take_headers();
    if (head->status() != 200) {
      HttpResponse refusal(head->status());
      const auto read = co_await read_response_body(*fresh, rest, *head, kRefusalCap);
      if (read) refusal.body = head->take_body();
      co_return base::fail(status_error(refusal, "event stream " + options.target));
    }
    if (!answer.get("Content-Type").value_or("").starts_with("text/event-stream"))
      co_return base::fail(base::Errc::bad_format, fmt::format("{} is no event stream", options.target));
    RESCUE_CO_CHECK(head->set_body_cap(std::numeric_limits<std::size_t>::max()));
    stream = std::move(fresh);
    body = std::move(head);
    parser = std::make_unique<EventStreamParser>();
    in = std::move(rest);
    if (observer) observer(true, nullptr);
    co_return base::Result<>{};
  }

  /// Works off `in`; `closed` when the response is complete.
  base::Result<> take() {
    RESCUE_CHECK(body->feed(in));
    RESCUE_TRY(auto events, parser->feed(body->take_body()));
    if (!events.empty()) backoff.reset();
    for (auto& e : events) ready.push_back(std::move(e));
    if (parser->retry()) retry = std::min(*parser->retry(), kLongestRetry);
    if (body->done()) return base::fail(base::Errc::closed, "server ended the event stream");
    return {};
  }

  asio::awaitable<base::Result<>> read() {
    if (auto now = take(); !now || !ready.empty()) co_return now;
    auto reading = read_into(*stream, in);
    RESCUE_CO_CHECK(co_await with_timeout(std::move(reading), NamedTimeout("event stream silence", options.silence)));
    co_return take();
  }

  asio::awaitable<void> pause() {
    const auto delay = std::max<base::Duration>(backoff.next(), retry.value_or(std::chrono::milliseconds(0)));
    const auto until = std::chrono::steady_clock::now() + delay;
    while (!closed && std::chrono::steady_clock::now() < until) (void)co_await closing.wait_until(until);
  }
};

EventStreamClient::EventStreamClient(HttpClient& client, EventStreamOptions options, base::RandomSource& random)
    : impl_(std::make_unique<Impl>(client, std::move(options), random)) {}
EventStreamClient::~EventStreamClient() = default;

void EventStreamClient::observe(StateObserver observer) { impl_->observer = std::move(observer); }
const std::string& EventStreamClient::last_event_id() const { return impl_->last_id; }

void EventStreamClient::close() {
  impl_->closed = true;
  if (impl_->stream) impl_->stream->close();
  impl_->closing.notify();
}

asio::awaitable<base::Result<ServerEvent>> EventStreamClient::next() {
  auto& s = *impl_;
  for (;;) {
    if (!s.ready.empty()) {
      auto event = std::move(s.ready.front());
      s.ready.pop_front();
      s.last_id = event.id;
      co_return event;
    }
    if (s.closed) co_return base::fail(base::Errc::closed, "event stream closed here");
    if (!s.stream) {
      auto opening = s.open();
      auto opened = co_await with_timeout(std::move(opening), NamedTimeout("event stream open", kEventStreamOpen));
      if (opened) continue;
      s.lost(opened.error());
      if (final_refusal(opened.error())) co_return base::fail(std::move(opened).error());
      co_await s.pause();
      continue;
    }
    const auto read = co_await s.read();
    if (read) continue;
    s.lost(read.error());
    if (s.ready.empty()) co_await s.pause();
  }
}

}  // namespace rescue::net
