// SPDX-License-Identifier: Apache-2.0
// TCP sockets as ByteStreams, with the knobs that latency needs.
#pragma once

#include <chrono>

#include "net/byte_stream.hpp"
#include "net/endpoint.hpp"
#include "net/limits.hpp"

namespace rescue::net {

/// A connected TCP socket (non-blocking, TCP_NODELAY). Strand of its executor.
class TcpStream final : public ByteStream {
 public:
  struct Impl;
  explicit TcpStream(std::unique_ptr<Impl> impl);
  ~TcpStream() override;

  /// Takes a connected socket's descriptor, also of socketpair(2).
  [[nodiscard]] static base::Result<std::unique_ptr<TcpStream>> adopt(const boost::asio::any_io_executor& executor,
                                                                      int fd);

  [[nodiscard]] boost::asio::awaitable<base::Result<std::size_t>> read_some(base::MutableByteView into) override;
  [[nodiscard]] boost::asio::awaitable<base::Result<std::size_t>> write_some(base::ByteView from) override;
  [[nodiscard]] boost::asio::awaitable<base::Result<>> wait_writable() override;
  [[nodiscard]] boost::asio::awaitable<base::Result<>> wait_readable();
  [[nodiscard]] boost::asio::awaitable<base::Result<>> shutdown_write() override;
  void close() override;
  [[nodiscard]] bool is_open() const override;
  [[nodiscard]] boost::asio::any_io_executor executor() const override;

  [[nodiscard]] int fd() const;  // -1 when closed; stays owned
  [[nodiscard]] base::Result<Endpoint> local() const;
  [[nodiscard]] base::Result<Endpoint> remote() const;
  /// TCP_NOTSENT_LOWAT (tcp(7)): writable means fewer than `bytes` unsent. Has no effect on other sockets.
  void set_unsent_low_water(std::size_t bytes);
  /// TCP_USER_TIMEOUT and keep-alive probes: a dead path is an error after about `after`.
  void set_dead_path_timeout(std::chrono::milliseconds after);
  /// Looks at what is there without taking it; 0 at the end of the stream. Waits for the first byte.
  [[nodiscard]] boost::asio::awaitable<base::Result<std::size_t>> peek(base::MutableByteView into);
  /// Next close() sends RST instead of FIN.
  void set_reset_on_close();

 private:
  std::unique_ptr<Impl> impl_;
};

struct ConnectLimits {
  std::chrono::microseconds resolve = kResolveTimeout;
  std::chrono::microseconds connect = kConnectTimeout;  // for all addresses together
  ConnectLimits() = default;
};

/// Resolves and connects on the current executor; addresses are tried in the resolver's order, a later one joins after
/// 250 ms without an answer (RFC 8305 in short). Errors: unreachable (the context names host, port and cause),
/// timed_out.
[[nodiscard]] boost::asio::awaitable<base::Result<std::unique_ptr<TcpStream>>> connect_tcp(Endpoint to,
                                                                                           ConnectLimits limits);

/// A listening socket (SO_REUSEADDR). Strand of its executor.
class TcpListener {
 public:
  /// `at.host` is numeric. Errors: invalid_argument, conflict (address in use), denied, io.
  [[nodiscard]] static base::Result<std::unique_ptr<TcpListener>> open(const boost::asio::any_io_executor& executor,
                                                                       const Endpoint& at);
  /// Takes a listening descriptor of another family (listen_local); local() is {`name`, 0}.
  [[nodiscard]] static base::Result<std::unique_ptr<TcpListener>> adopt(const boost::asio::any_io_executor& executor,
                                                                        int fd, std::string name);
  ~TcpListener();
  [[nodiscard]] Endpoint local() const;
  /// The connection's socket runs on `on`. Transient failures (out of descriptors) are waited out inside; `closed`
  /// after close().
  [[nodiscard]] boost::asio::awaitable<base::Result<std::unique_ptr<TcpStream>>> accept(
      boost::asio::any_io_executor on);
  void close();

 private:
  struct Impl;
  explicit TcpListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::net
