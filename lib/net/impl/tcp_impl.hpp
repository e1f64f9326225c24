// SPDX-License-Identifier: Apache-2.0
// What the two files of TCP share: Asio's socket behind TcpStream.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "net/tcp.hpp"

namespace rescue::net {

struct TcpStream::Impl {
  explicit Impl(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}
  boost::asio::ip::tcp::socket socket;
  unsigned without_wait = 0;  // operations in a row that did not have to wait
};

/// Non-blocking, without Nagle's delay.
[[nodiscard]] std::unique_ptr<TcpStream> make_tcp_stream(boost::asio::ip::tcp::socket socket);
/// IPv4-mapped addresses are shown as IPv4.
[[nodiscard]] Endpoint to_endpoint(const boost::asio::ip::tcp::endpoint& e);

}  // namespace rescue::net
