// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "net/impl/tcp_impl.hpp"
#include "net/io_thread.hpp"

namespace rescue::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Out of descriptors or memory: they come back when connections end; accepting at once again would only spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

base::Error bind_error(const Endpoint& at, const boost::system::error_code& ec) {
  auto code = base::Errc::io;
  if (ec == asio::error::address_in_use) code = base::Errc::conflict;
  if (ec == asio::error::access_denied) code = base::Errc::denied;
  return base::Error(code, fmt::format("listen on {}", at.text()), ec);
}

}  // namespace

struct TcpListener::Impl {
  explicit Impl(const asio::any_io_executor& ex) : acceptor(ex) {}
  tcp::acceptor acceptor;
  Endpoint local;
};

TcpListener::TcpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpListener::~TcpListener() = default;
Endpoint TcpListener::local() const { return impl_->local; }

base::Result<std::unique_ptr<TcpListener>> TcpListener::open(const asio::any_io_executor& executor,
                                                             const Endpoint& at) {
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(at.host, ec);
  if (ec) return base::fail(base::Errc::invalid_argument, fmt::format("listen address '{}' is not numeric", at.host));
  const tcp::endpoint where(address, at.port);
  auto impl = std::make_unique<Impl>(executor);
  auto& a = impl->acceptor;
  a.open(where.protocol(), ec);
  if (!ec) a.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) a.bind(where, ec);
  if (!ec) a.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec) return base::fail(bind_error(at, ec));
  impl->local = to_endpoint(a.local_endpoint(ec));
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl)));
}

base::Result<std::unique_ptr<TcpListener>> TcpListener::adopt(const asio::any_io_executor& executor, int fd,
                                                              std::string name) {
  auto impl = std::make_unique<Impl>(executor);
  boost::system::error_code ec;
  impl->acceptor.assign(tcp::v4(), fd, ec);  // of the family it only wants to know for addresses, which nobody asks for
  if (ec) return base::fail(base::Errc::io, fmt::format("listen at {}", name), ec);
  impl->local = Endpoint(std::move(name), 0);
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl)));
}

asio::awaitable<base::Result<std::unique_ptr<TcpStream>>> TcpListener::accept(asio::any_io_executor on) {
  for (;;) {
    if (!impl_->acceptor.is_open()) co_return base::fail(base::Errc::closed, "listener closed");
    tcp::socket socket(on);
    const auto [ec] = co_await impl_->acceptor.async_accept(socket, asio::as_tuple(asio::use_awaitable));
    if (!ec) co_return make_tcp_stream(std::move(socket));
    if (!impl_->acceptor.is_open() || ec == asio::error::operation_aborted)
      co_return base::fail(base::Errc::closed, "listener closed", ec);
    if (ec == asio::error::connection_aborted) continue;
    base::log(base::LogLevel::warn, "net", "accept failed", {{"listen", impl_->local.text()}, {"error", ec.message()}});
    if (const bool slept = co_await sleep_for(kAcceptPause); !slept)
      co_return base::fail(base::Errc::closed, "listener closed");
  }
}

void TcpListener::close() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace rescue::net
