// SPDX-License-Identifier: Apache-2.0
// Name resolution and connecting, with several addresses under way at a time.
#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

#include "net/impl/tcp_impl.hpp"
#include "net/io_thread.hpp"

namespace rescue::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNextAddressAfter = std::chrono::milliseconds(250);  // RFC 8305 section 5
constexpr std::size_t kAddressesTried = 8;

/// Asio runs getaddrinfo(3) in a thread and cannot cancel it, so the wait is separate from the work: whoever waits may
/// leave, and the answer then goes nowhere.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& ex) : resolver(ex), done(ex) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  std::optional<boost::system::error_code> failure;
  std::vector<tcp::endpoint> found;
};

asio::awaitable<base::Result<std::vector<tcp::endpoint>>> resolve(Endpoint to, std::chrono::microseconds limit) {
  using Found = std::vector<tcp::endpoint>;
  boost::system::error_code ec;
  if (const auto literal = asio::ip::make_address(to.host, ec); !ec) co_return Found{tcp::endpoint(literal, to.port)};
  const auto ex = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(ex);
  lookup->done.expires_after(limit);
  lookup->resolver.async_resolve(to.host, std::to_string(to.port), tcp::resolver::numeric_service,
                                 [lookup](boost::system::error_code e, const tcp::resolver::results_type& results) {
                                   lookup->failure = e;
                                   for (const auto& r : results)
                                     if (lookup->found.size() < kAddressesTried) lookup->found.push_back(r.endpoint());
                                   lookup->done.cancel();
                                 });
  (void)co_await lookup->done.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!lookup->failure) co_return base::fail(base::Errc::timed_out, fmt::format("resolve host '{}'", to.host));
  if (*lookup->failure)
    co_return base::fail(base::Errc::unreachable, fmt::format("resolve host '{}'", to.host), *lookup->failure);
  co_return std::move(lookup->found);
}

/// All attempts for one connect_tcp; lives as long as one of their handlers.
struct Attempts {
  explicit Attempts(const asio::any_io_executor& ex) : changed(ex) {}
  asio::steady_timer changed;
  std::vector<std::unique_ptr<tcp::socket>> sockets;
  std::optional<tcp::socket> winner;
  boost::system::error_code last_failure;
  std::size_t failed = 0;

  void close_losers() {
    boost::system::error_code ignored;
    for (auto& s : sockets) s->close(ignored);
  }
};

void begin(const std::shared_ptr<Attempts>& all, const asio::any_io_executor& ex, const tcp::endpoint& to) {
  auto& socket = *all->sockets.emplace_back(std::make_unique<tcp::socket>(ex));
  socket.async_connect(to, [all, &socket](boost::system::error_code ec) {
    if (ec) {
      ++all->failed;
      if (ec != asio::error::operation_aborted) all->last_failure = ec;
    } else if (!all->winner) {
      all->winner = std::move(socket);
    }
    all->changed.cancel();
  });
}

struct CloseLosers {
  std::shared_ptr<Attempts> all;
  explicit CloseLosers(std::shared_ptr<Attempts> a) : all(std::move(a)) {}
  ~CloseLosers() { all->close_losers(); }
};

}  // namespace

asio::awaitable<base::Result<std::unique_ptr<TcpStream>>> connect_tcp(Endpoint to, ConnectLimits limits) {
  using Clock = std::chrono::steady_clock;
  RESCUE_CO_TRY(const auto addresses, co_await resolve(to, limits.resolve));
  const auto ex = co_await asio::this_coro::executor;
  const auto all = std::make_shared<Attempts>(ex);
  const CloseLosers at_end(all);
  const auto deadline = Clock::now() + limits.connect;
  auto next_at = Clock::now();
  std::size_t begun = 0;
  for (;;) {
    if (all->winner) co_return make_tcp_stream(std::move(*all->winner));
    const auto now = Clock::now();
    if (begun < addresses.size() && (now >= next_at || all->failed == begun)) {
      begin(all, ex, addresses[begun++]);
      next_at = now + kNextAddressAfter;
    } else if (all->failed == begun) {
      co_return base::fail(base::Errc::unreachable, fmt::format("connect to {}", to.text()), all->last_failure);
    }
    if (now >= deadline) co_return base::fail(base::Errc::timed_out, fmt::format("connect to {}", to.text()));
    all->changed.expires_at(begun < addresses.size() ? std::min(next_at, deadline) : deadline);
    (void)co_await all->changed.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace rescue::net
