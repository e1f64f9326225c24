// SPDX-License-Identifier: Apache-2.0
// One connection of an HTTP client, from TCP to the answer's last byte.
#pragma once

#include "net/http_client.hpp"
#include "net/impl/http_codec.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

struct ClientConnection {
  explicit ClientConnection(std::unique_ptr<ByteStream> s, TcpStream& t) : stream(std::move(s)), socket(&t) {}
  std::unique_ptr<ByteStream> stream;
  TcpStream* socket;  // below the stream
  std::string in;     // read and not yet parsed
  bool used = false;  // carried a request before

  /// An idle connection on which something came, or ended, cannot be used again.
  [[nodiscard]] bool stale() const;
};

/// TCP, proxy, TLS; each within its named time-out.
[[nodiscard]] boost::asio::awaitable<base::Result<std::unique_ptr<ClientConnection>>> connect_to(
    const Origin& origin, const HttpClientOptions& options);

/// Reads until the header of the final response (1xx are skipped) is there.
[[nodiscard]] boost::asio::awaitable<base::Result<std::unique_ptr<HttpParser>>> read_response_header(
    ByteStream& stream, std::string& in, HttpParser::Kind kind);
/// Reads the rest of the response into the parser.
[[nodiscard]] boost::asio::awaitable<base::Result<>> read_response_body(ByteStream& stream, std::string& in,
                                                                        HttpParser& parser, std::size_t cap);
/// Appends what comes next; `closed` at the orderly end.
[[nodiscard]] boost::asio::awaitable<base::Result<>> read_into(ByteStream& stream, std::string& in);

}  // namespace rescue::net
