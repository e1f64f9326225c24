// SPDX-License-Identifier: Apache-2.0
// A site in the test's process: the applet's part of the broker's API, with faults on demand, beside a fake gateway.
// Its handlers and the test's coroutine share one thread.
#pragma once

#include <map>
#include <mutex>
#include <thread>

#include "support/temp_dir.hpp"
#include "unit/peer/ends.hpp"

namespace rescue::test {

namespace peer_test = rescue::peer::test;
using boost::asio::awaitable;

struct FakeSite {
  explicit FakeSite(net::IoContext& context);
  void start();
  [[nodiscard]] awaitable<void> stop();
  /// A grant for this console, sent over the event stream.
  void grant(const crypto::SessionIdentity& console, std::uint64_t generation = 1);
  void send(std::string type, std::string json);
  [[nodiscard]] std::vector<peer::GatewayAddress> gateways() const { return {gateway.address()}; }
  /// Types of the stored log events, in order of their numbers.
  [[nodiscard]] std::vector<std::string> types() const;

  net::IoContext& context;
  peer_test::World world;
  net::test::TestServer server;
  peer_test::FakeGateway gateway;
  net::Signal changed;
  std::optional<crypto::Fingerprint> bound;  // first key wins
  base::Bytes bound_key;
  std::shared_ptr<net::EventSink> sink;
  int streams = 0;
  std::vector<base::Guid> synced;  // sent at each connect
  std::map<std::uint64_t, std::string> stored;
  int repeated = 0;
  enum class LogFault { none, refuse, lose_answer };
  std::function<LogFault()> log_fault;
  unsigned pin_status = 200;  // what /pin and /applet/register answer
  std::string pin_error;
  unsigned register_status = 200;
  std::string register_error;
  std::string ended_reason;

 private:
  std::shared_ptr<net::Router> routes();
  awaitable<net::HttpResponse> redeem(net::HttpRequest& request);
  awaitable<net::HttpResponse> enrol(net::HttpRequest& request);
  awaitable<net::HttpResponse> ticket(net::HttpRequest& request);
  awaitable<net::HttpResponse> take_log(net::HttpRequest& request);
  awaitable<net::HttpResponse> end(net::HttpRequest& request);
  awaitable<net::HttpResponse> events(net::HttpRequest& request, net::EventStream& stream);
  [[nodiscard]] std::string ticket_json() const;
};

/// rescue-applet --headless in a thread of this process. What it logs is kept.
class HeadlessApplet {
 public:
  HeadlessApplet(const FakeSite& site, const std::string& scenario, std::vector<std::string> more = {});
  ~HeadlessApplet();
  HeadlessApplet(const HeadlessApplet&) = delete;
  HeadlessApplet& operator=(const HeadlessApplet&) = delete;
  /// Log lines of a room with this message.
  [[nodiscard]] std::vector<std::string> lines(std::string_view room, std::string_view message) const;
  [[nodiscard]] bool said(std::string_view room, std::string_view message, std::string_view part) const;
  [[nodiscard]] std::optional<int> exit_code() const;
  /// Lines of the machine's own log with this event.
  [[nodiscard]] std::vector<std::string> machine_log(std::string_view event) const;

 private:
  TempDir dir_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::optional<int> exit_;
  std::thread thread_;
};

/// Runs `body` between the site's start and its end.
template <typename F>
void play(FakeSite& site, F body) {
  const auto run_it = [&]() -> awaitable<void> {
    site.start();
    auto playing = body();
    co_await std::move(playing);
    auto stopping = site.stop();
    co_await std::move(stopping);
  };
  net::test::run(site.context, run_it);
}

}  // namespace rescue::test
