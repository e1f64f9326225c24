// SPDX-License-Identifier: Apache-2.0
// OpenSSL over a non-blocking TcpStream, driven by readiness. Unlike boost::asio::ssl::stream it never reads behind the
// record that it needs, so that after both close_notify the socket stands exactly where the raw bytes begin (gateway
// hand-off).
#pragma once

#include "crypto/tls.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

/// Strand of the socket. Records are sent with MSG_NOSIGNAL: no SIGPIPE, whatever the process does with it.
class TlsStream final : public ByteStream {
 public:
  enum class Side { client, server };
  struct Impl;
  ~TlsStream() override;

  /// Takes over `socket`. On a client of https/gateway contexts call expect_host before the handshake.
  [[nodiscard]] static base::Result<std::unique_ptr<TlsStream>> create(const crypto::TlsContext& context,
                                                                       std::unique_ptr<TcpStream> socket, Side side);
  /// The certificate must be for this name or textual address (crypto::expect_host).
  [[nodiscard]] base::Result<> expect_host(std::string_view host);
  /// Errors: crypto::Errc of the handshake (certificate_untrusted, certificate_wrong_host, …, tls_failed), io.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> handshake();

  [[nodiscard]] boost::asio::awaitable<base::Result<std::size_t>> read_some(base::MutableByteView into) override;
  [[nodiscard]] boost::asio::awaitable<base::Result<std::size_t>> write_some(base::ByteView from) override;
  [[nodiscard]] boost::asio::awaitable<base::Result<>> wait_writable() override;
  /// close_notify, then FIN.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> shutdown_write() override;
  void close() override;
  [[nodiscard]] bool is_open() const override;
  [[nodiscard]] std::optional<crypto::Fingerprint> peer_fingerprint() const override;
  [[nodiscard]] std::optional<base::Bytes> peer_key() const override;
  [[nodiscard]] boost::asio::any_io_executor executor() const override;

  /// close_notify alone; the socket stays open both ways.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> send_close_notify();
  /// Reads and drops nothing: the next thing must be the peer's close_notify, anything else is bad_format.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> expect_close_notify();
  /// Gives the socket back; the stream is closed afterwards. Only after both close_notify.
  [[nodiscard]] std::unique_ptr<TcpStream> release();

  [[nodiscard]] TcpStream& socket();
  [[nodiscard]] ssl_st* native() const;

 private:
  friend class EarlyTls;
  explicit TlsStream(std::unique_ptr<Impl> impl);
  [[nodiscard]] static base::Result<std::unique_ptr<TlsStream>> put_on(crypto::SslPtr ssl,
                                                                       std::unique_ptr<TcpStream> socket);
  std::unique_ptr<Impl> impl_;
};

/// A TLS client whose ClientHello travels before it has the socket to itself: somebody else's last bytes are still to
/// be read from that.
class EarlyTls {
 public:
  [[nodiscard]] static base::Result<EarlyTls> begin(const crypto::TlsContext& context);
  /// To be written to the socket once, before go_on().
  [[nodiscard]] const base::Bytes& client_hello() const { return client_hello_; }
  /// The stream whose handshake() goes on from there. Once.
  [[nodiscard]] base::Result<std::unique_ptr<TlsStream>> go_on(std::unique_ptr<TcpStream> socket);

 private:
  EarlyTls(crypto::SslPtr ssl, base::Bytes client_hello)
      : ssl_(std::move(ssl)), client_hello_(std::move(client_hello)) {}
  crypto::SslPtr ssl_;
  base::Bytes client_hello_;
};

}  // namespace rescue::net
