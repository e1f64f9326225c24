// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/socket.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "daemons/gateway/relay_pair.hpp"

namespace rescue::gateway {
namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

// The loop sets them on its listener alone.
TEST(Socket, AcceptedOnesInheritWhatTheListenerWasTunedTo) {
  DataPlaneOptions options;
  options.timeouts.dead_peer = std::chrono::milliseconds(12'345);
  options.limits.unsent_bytes = 321'000;
  const auto listener = listen_on(net::Endpoint("127.0.0.1", 0), false).value();
  tune_socket(listener.get(), options);
  const auto at = SocketAddress::from(local_endpoint(listener.get()).value()).value();
  const Fd client(::socket(at.family(), SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), at.get(), at.size()), 0);
  const Fd accepted(::accept4(listener.get(), nullptr, nullptr, 0));
  ASSERT_TRUE(accepted.is_open());
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 15);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL), 5);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 12'345);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT), 321'000);
}

}  // namespace
}  // namespace rescue::gateway
