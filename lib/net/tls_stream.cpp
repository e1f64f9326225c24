// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <boost/asio/awaitable.hpp>

#include "base/assert.hpp"
#include "net/impl/socket_bio.hpp"

namespace rescue::net {

namespace asio = boost::asio;

struct TlsStream::Impl {
  Impl(crypto::SslPtr s, std::unique_ptr<TcpStream> t) : ssl(std::move(s)), socket(std::move(t)) {}
  crypto::SslPtr ssl;
  std::unique_ptr<TcpStream> socket;
  bool broken = false;  // after an error OpenSSL must not be called again (SSL_get_error(3))
  bool close_notify_sent = false;
  bool close_notify_seen = false;

  enum class Next { done, want_read, want_write, peer_closed };

  /// What SSL_get_error(3) says of `result`, as a step or an error. Call right after the operation.
  base::Result<Next> judge(int result, std::string_view doing) {
    if (result > 0) return Next::done;
    const int saved = errno;
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return Next::want_read;
      case SSL_ERROR_WANT_WRITE:
        return Next::want_write;
      case SSL_ERROR_ZERO_RETURN:
        close_notify_seen = true;
        return Next::peer_closed;
      case SSL_ERROR_SYSCALL:
        broken = true;
        if (saved == 0) return base::fail(base::Errc::io, std::string(doing) + ": connection cut without close_notify");
        return base::fail(base::errno_error(std::string(doing), saved));
      default:
        broken = true;
        return base::fail(
            cut() ? base::Error(base::Errc::io, std::string(doing) + ": connection cut without close_notify")
                  : crypto::tls_error(ssl.get(), doing));
    }
  }

  static bool cut() {
    const auto code = ERR_peek_error();
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  }

  asio::awaitable<base::Result<>> wait(Next what) {
    return what == Next::want_read ? socket->wait_readable() : socket->wait_writable();
  }

  base::Result<> usable() const {
    if (!socket || !socket->is_open()) return base::fail(base::Errc::closed, "connection closed here");
    if (broken) return base::fail(base::Errc::io, "connection failed before");
    return {};
  }
};

TlsStream::TlsStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsStream::~TlsStream() = default;

base::Result<std::unique_ptr<TlsStream>> TlsStream::create(const crypto::TlsContext& context,
                                                           std::unique_ptr<TcpStream> socket, Side side) {
  RESCUE_TRY(auto ssl, crypto::new_ssl(context));
  side == Side::client ? SSL_set_connect_state(ssl.get()) : SSL_set_accept_state(ssl.get());
  return put_on(std::move(ssl), std::move(socket));
}

base::Result<std::unique_ptr<TlsStream>> TlsStream::put_on(crypto::SslPtr ssl, std::unique_ptr<TcpStream> socket) {
  BIO* bio = make_socket_bio(*socket);
  if (bio == nullptr) return base::fail(crypto::tls_error(nullptr, "make TLS connection"));
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_read_ahead(ssl.get(), 0);
  SSL_set_mode(ssl.get(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  auto impl = std::make_unique<Impl>(std::move(ssl), std::move(socket));
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(impl)));
}

base::Result<> TlsStream::expect_host(std::string_view host) { return crypto::expect_host(impl_->ssl.get(), host); }

asio::awaitable<base::Result<>> TlsStream::handshake() {
  for (;;) {
    RESCUE_CO_CHECK(impl_->usable());
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(impl_->ssl.get());
    RESCUE_CO_TRY(const auto next, impl_->judge(result, "TLS handshake"));
    if (next == Impl::Next::done) co_return base::Result<>{};
    if (next == Impl::Next::peer_closed) co_return base::fail(base::Errc::io, "TLS handshake: peer closed");
    RESCUE_CO_CHECK(co_await impl_->wait(next));
  }
}

asio::awaitable<base::Result<std::size_t>> TlsStream::read_some(base::MutableByteView into) {
  for (;;) {
    if (impl_->close_notify_seen) co_return std::size_t{0};
    RESCUE_CO_CHECK(impl_->usable());
    ERR_clear_error();
    errno = 0;
    std::size_t n = 0;
    const int result = SSL_read_ex(impl_->ssl.get(), into.data(), into.size(), &n);
    RESCUE_CO_TRY(const auto next, impl_->judge(result, "TLS read"));
    if (next == Impl::Next::done) co_return n;
    if (next == Impl::Next::peer_closed) co_return std::size_t{0};
    RESCUE_CO_CHECK(co_await impl_->wait(next));
  }
}

asio::awaitable<base::Result<std::size_t>> TlsStream::write_some(base::ByteView from) {
  if (from.empty()) co_return std::size_t{0};
  for (;;) {
    RESCUE_CO_CHECK(impl_->usable());
    if (impl_->close_notify_sent) co_return base::fail(base::Errc::closed, "our direction was closed");
    ERR_clear_error();
    errno = 0;
    std::size_t n = 0;
    const int result = SSL_write_ex(impl_->ssl.get(), from.data(), from.size(), &n);
    RESCUE_CO_TRY(const auto next, impl_->judge(result, "TLS write"));
    if (next == Impl::Next::done) co_return n;
    if (next == Impl::Next::peer_closed) co_return base::fail(base::Errc::closed, "TLS write: peer closed");
    RESCUE_CO_CHECK(co_await impl_->wait(next));
  }
}

asio::awaitable<base::Result<>> TlsStream::wait_writable() {
  if (auto ok = impl_->usable(); !ok) co_return ok;
  co_return co_await impl_->socket->wait_writable();
}

asio::awaitable<base::Result<>> TlsStream::send_close_notify() {
  while (!impl_->close_notify_sent) {
    RESCUE_CO_CHECK(impl_->usable());
    ERR_clear_error();
    errno = 0;
    const int result = SSL_shutdown(impl_->ssl.get());
    if (result >= 0) {  // 0: sent, the peer's not seen yet
      impl_->close_notify_sent = true;
      break;
    }
    RESCUE_CO_TRY(const auto next, impl_->judge(result, "TLS close"));
    if (next == Impl::Next::done || next == Impl::Next::peer_closed) break;
    RESCUE_CO_CHECK(co_await impl_->wait(next));
  }
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> TlsStream::expect_close_notify() {
  std::uint8_t surprise = 0;
  RESCUE_CO_TRY(const auto n, co_await read_some(base::MutableByteView(&surprise, 1)));
  if (n != 0) co_return base::fail(base::Errc::bad_format, "data where the end of TLS was due");
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> TlsStream::shutdown_write() {
  RESCUE_CO_CHECK(co_await send_close_notify());
  co_return co_await impl_->socket->shutdown_write();
}

std::unique_ptr<TcpStream> TlsStream::release() {
  RESCUE_ASSERT(impl_->close_notify_sent && impl_->close_notify_seen);
  impl_->ssl.reset();
  return std::move(impl_->socket);
}

void TlsStream::close() {
  if (impl_->socket) impl_->socket->close();
}

bool TlsStream::is_open() const { return impl_->socket && impl_->socket->is_open(); }
std::optional<base::Bytes> TlsStream::peer_key() const {
  if (!impl_->ssl) return std::nullopt;
  const auto certificate = crypto::peer_certificate(impl_->ssl.get());
  if (!certificate) return std::nullopt;
  const auto key = certificate->public_key();
  return key ? std::optional(key->spki()) : std::nullopt;
}

std::optional<crypto::Fingerprint> TlsStream::peer_fingerprint() const {
  return impl_->ssl ? crypto::peer_fingerprint(impl_->ssl.get()) : std::nullopt;
}
asio::any_io_executor TlsStream::executor() const { return impl_->socket->executor(); }
base::Result<EarlyTls> EarlyTls::begin(const crypto::TlsContext& context) {
  RESCUE_TRY(auto ssl, crypto::new_ssl(context));
  SSL_set_connect_state(ssl.get());
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);  // takes both
  if (in == nullptr || out == nullptr) return base::fail(crypto::tls_error(nullptr, "make TLS connection"));
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ)
    return base::fail(crypto::tls_error(ssl.get(), "TLS ClientHello"));
  base::Bytes hello(BIO_ctrl_pending(out));
  const int n = BIO_read(out, hello.data(), static_cast<int>(hello.size()));
  if (n <= 0 || static_cast<std::size_t>(n) != hello.size())
    return base::fail(crypto::tls_error(ssl.get(), "TLS ClientHello"));
  return EarlyTls(std::move(ssl), std::move(hello));
}

base::Result<std::unique_ptr<TlsStream>> EarlyTls::go_on(std::unique_ptr<TcpStream> socket) {
  RESCUE_ASSERT(ssl_);
  return TlsStream::put_on(std::move(ssl_), std::move(socket));
}

TcpStream& TlsStream::socket() { return *impl_->socket; }
ssl_st* TlsStream::native() const { return impl_->ssl.get(); }

}  // namespace rescue::net
