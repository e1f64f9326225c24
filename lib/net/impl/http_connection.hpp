// SPDX-License-Identifier: Apache-2.0
// One connection of the HTTP server: its strand, its phases, its time-outs.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "net/http_server.hpp"
#include "net/impl/http_codec.hpp"
#include "net/impl/request_budget.hpp"
#include "net/task_group.hpp"
#include "net/tcp.hpp"
#include "net/timeout.hpp"

namespace rescue::net {

class HttpConnection;

/// What the connections of a server share.
struct HttpShared {
  HttpShared(boost::asio::any_io_executor executor, std::shared_ptr<const Router> r, HttpServerOptions o)
      : router(std::move(r)),
        options(std::move(o)),
        budget({options.request_memory, options.request_memory_per_address}),
        tasks(std::move(executor)) {}

  const std::shared_ptr<const Router> router;
  const HttpServerOptions options;
  RequestBudget budget;
  HttpServer::RequestObserver observer;  // constant after start
  TaskGroup tasks;
  std::atomic<bool> draining = false;

  struct Counters {
    std::atomic<std::uint64_t> accepted, open, handshake_failed, refused_full, refused_busy, timed_out;
    std::atomic<std::uint64_t> requests, bad_requests, event_streams, websockets;
  } counters{};

  std::mutex mutex;
  std::optional<crypto::TlsContext> tls;                                           // guarded by mutex
  std::unordered_map<HttpConnection*, std::weak_ptr<HttpConnection>> connections;  // guarded by mutex
  std::map<IpAddress, std::size_t> per_address;                                    // guarded by mutex

  /// False when the address has its fill.
  [[nodiscard]] bool take_place(const IpAddress& address);
  void leave_place(const IpAddress& address);
  [[nodiscard]] std::optional<crypto::TlsContext> tls_now();
};

/// Counts one while it lives.
class CountOne {
 public:
  explicit CountOne(std::atomic<std::uint64_t>& counter) : counter_(counter) { ++counter_; }
  ~CountOne() { --counter_; }
  CountOne(const CountOne&) = delete;
  CountOne& operator=(const CountOne&) = delete;

 private:
  std::atomic<std::uint64_t>& counter_;
};

/// Strand of its stream; the server's TaskGroup owns run().
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpShared> shared, std::unique_ptr<TcpStream> socket);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Takes the pointer: a coroutine of a member function would hold nothing until it first runs.
  [[nodiscard]] static boost::asio::awaitable<void> run(std::shared_ptr<HttpConnection> self) {
    co_await self->serve();
  }
  /// Any thread: an idle connection closes, a stream ends in order, a request is finished first.
  static void drain(std::shared_ptr<HttpConnection> self);

  // ---- for the streams of http_streams.cpp
  [[nodiscard]] HttpShared& shared() { return *shared_; }
  [[nodiscard]] const std::shared_ptr<ByteStream>& stream() { return stream_; }
  /// Bytes read behind the request.
  [[nodiscard]] std::string take_rest() { return std::exchange(in_, std::string()); }
  /// How drain() ends the stream that the connection has become.
  void become_stream(std::move_only_function<void()> end);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> write(std::string bytes);

 private:
  enum class Phase { opening, idle, request, stream };
  struct Exchange;

  [[nodiscard]] boost::asio::awaitable<void> serve();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> open();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> read_proxy_header();
  [[nodiscard]] boost::asio::awaitable<bool> serve_one();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> read_header(Exchange& x);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> read_body(Exchange& x);
  [[nodiscard]] base::Result<> hold(Exchange& x, std::size_t room);
  [[nodiscard]] base::Result<> feed(Exchange& x);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> read_more(std::size_t room);
  [[nodiscard]] std::optional<HttpResponse> prepare(Exchange& x);
  [[nodiscard]] boost::asio::awaitable<std::optional<HttpResponse>> take_body(Exchange& x);
  [[nodiscard]] boost::asio::awaitable<std::optional<HttpResponse>> call(Exchange& x);
  [[nodiscard]] boost::asio::awaitable<HttpResponse> call_plain(const HttpHandler& handler, Exchange& x);
  [[nodiscard]] boost::asio::awaitable<base::Result<>> write_shared(const std::vector<SharedBytes>& pieces);
  [[nodiscard]] boost::asio::awaitable<bool> answer(Exchange& x, HttpResponse response);
  [[nodiscard]] HttpResponse refuse(unsigned status, std::string_view code, std::string_view message,
                                    const HttpRequest& request);
  [[nodiscard]] HttpResponse refuse_unread(const Exchange& x, const base::Error& error, unsigned large,
                                           std::string_view largest);
  [[nodiscard]] boost::asio::awaitable<void> linger();
  void drain_now();
  void arm(std::string_view name, std::chrono::microseconds after);

  const std::shared_ptr<HttpShared> shared_;
  const boost::asio::any_io_executor executor_;
  std::unique_ptr<TcpStream> socket_;  // until the stream takes it
  int fd_ = -1;                        // of either
  std::shared_ptr<ByteStream> stream_;
  std::string in_;  // read and not yet parsed
  IpAddress remote_;
  std::uint16_t remote_port_ = 0;
  std::optional<LocalPeer> local_;
  std::optional<IpAddress> place_;  // the address whose place is taken
  Watchdog watchdog_;
  Phase phase_ = Phase::opening;
  bool secure_ = false;
  bool first_ = true;    // no request was served yet
  bool unread_ = false;  // the client may still be sending what was refused
  std::move_only_function<void()> end_stream_;
};

}  // namespace rescue::net
