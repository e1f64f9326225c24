// SPDX-License-Identifier: Apache-2.0
#include "net/tcp.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/impl/tcp_impl.hpp"

namespace rescue::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// After that many operations that did not have to wait, the others on this thread get a turn.
constexpr unsigned kTurn = 16;

base::Error lost(std::string_view doing, const std::error_code& cause) {
  return base::Error(base::Errc::io, std::string(doing), cause);
}

base::Result<Endpoint> endpoint(const boost::system::error_code& ec, const tcp::endpoint& e) {
  if (ec) return base::fail(lost("read socket address", ec));
  return to_endpoint(e);
}

asio::awaitable<base::Result<>> wait_for(TcpStream::Impl& impl, tcp::socket::wait_type what) {
  if (!impl.socket.is_open()) co_return base::fail(base::Errc::closed, "connection closed here");
  const auto [ec] = co_await impl.socket.async_wait(what, asio::as_tuple(asio::use_awaitable));
  if (!impl.socket.is_open()) co_return base::fail(base::Errc::closed, "connection closed here");
  if (ec == asio::error::operation_aborted) co_return base::fail(base::Errc::canceled, "wait for socket", ec);
  if (ec) co_return base::fail(lost("wait for socket", ec));
  co_return base::Result<>{};
}

asio::awaitable<void> take_turns(TcpStream::Impl& impl) {
  if (++impl.without_wait < kTurn) co_return;
  impl.without_wait = 0;
  co_await asio::post(impl.socket.get_executor(), asio::use_awaitable);
}

}  // namespace

Endpoint to_endpoint(const tcp::endpoint& e) {
  const auto a = e.address();
  if (a.is_v6() && a.to_v6().is_v4_mapped())
    return Endpoint(asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6()).to_string(), e.port());
  return Endpoint(a.to_string(), e.port());
}

std::unique_ptr<TcpStream> make_tcp_stream(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.native_non_blocking(true, ignored);
  const int on = 1;  // fails on a socketpair, which has no delay either
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return std::make_unique<TcpStream>(std::make_unique<TcpStream::Impl>(std::move(socket)));
}

TcpStream::TcpStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpStream::~TcpStream() = default;

base::Result<std::unique_ptr<TcpStream>> TcpStream::adopt(const asio::any_io_executor& executor, int fd) {
  tcp::socket socket(executor);
  boost::system::error_code ec;
  socket.assign(tcp::v4(), fd, ec);
  if (ec) return base::fail(lost("adopt socket", ec));
  return make_tcp_stream(std::move(socket));
}

asio::awaitable<base::Result<std::size_t>> TcpStream::read_some(base::MutableByteView into) {
  for (;;) {
    if (!is_open()) co_return base::fail(base::Errc::closed, "connection closed here");
    const auto n = ::recv(fd(), into.data(), into.size(), 0);
    if (n >= 0) {
      co_await take_turns(*impl_);
      co_return static_cast<std::size_t>(n);
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return base::fail(base::errno_error("receive"));
    impl_->without_wait = 0;
    RESCUE_CO_CHECK(co_await wait_readable());
  }
}

asio::awaitable<base::Result<std::size_t>> TcpStream::write_some(base::ByteView from) {
  for (;;) {
    if (!is_open()) co_return base::fail(base::Errc::closed, "connection closed here");
    const auto n = ::send(fd(), from.data(), from.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      co_await take_turns(*impl_);
      co_return static_cast<std::size_t>(n);
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return base::fail(base::errno_error("send"));
    impl_->without_wait = 0;
    RESCUE_CO_CHECK(co_await wait_writable());
  }
}

asio::awaitable<base::Result<std::size_t>> TcpStream::peek(base::MutableByteView into) {
  for (;;) {
    RESCUE_CO_CHECK(co_await wait_readable());
    const auto n = ::recv(fd(), into.data(), into.size(), MSG_PEEK);
    if (n >= 0) co_return static_cast<std::size_t>(n);
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) co_return base::fail(base::errno_error("receive"));
  }
}

asio::awaitable<base::Result<>> TcpStream::wait_writable() { return wait_for(*impl_, tcp::socket::wait_write); }
asio::awaitable<base::Result<>> TcpStream::wait_readable() { return wait_for(*impl_, tcp::socket::wait_read); }

asio::awaitable<base::Result<>> TcpStream::shutdown_write() {
  if (is_open() && ::shutdown(fd(), SHUT_WR) != 0) co_return base::fail(base::errno_error("shut down sending"));
  co_return base::Result<>{};
}

void TcpStream::close() {
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
}

bool TcpStream::is_open() const { return impl_->socket.is_open(); }
asio::any_io_executor TcpStream::executor() const { return impl_->socket.get_executor(); }
int TcpStream::fd() const { return is_open() ? impl_->socket.native_handle() : -1; }

base::Result<Endpoint> TcpStream::local() const {
  boost::system::error_code ec;
  const auto e = impl_->socket.local_endpoint(ec);
  return endpoint(ec, e);
}

base::Result<Endpoint> TcpStream::remote() const {
  boost::system::error_code ec;
  const auto e = impl_->socket.remote_endpoint(ec);
  return endpoint(ec, e);
}

void TcpStream::set_unsent_low_water(std::size_t bytes) {
  const int n = static_cast<int>(bytes);
  ::setsockopt(fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &n, sizeof n);
}

void TcpStream::set_dead_path_timeout(std::chrono::milliseconds after) {
  const unsigned ms = static_cast<unsigned>(after.count());
  const int on = 1;
  const int idle_s = std::max<int>(1, static_cast<int>(after.count() / 1000 / 2));
  const int probe_s = std::max<int>(1, idle_s / 3);
  ::setsockopt(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
  ::setsockopt(fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd(), IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd(), IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof probe_s);
}

void TcpStream::set_reset_on_close() {
  const linger hard{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

}  // namespace rescue::net
