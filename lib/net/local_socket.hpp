// SPDX-License-Identifier: Apache-2.0
// Unix sockets (unix(7)) by path: for programs of one machine, whose users the kernel vouches for.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/local_peer.hpp"
#include "net/tcp.hpp"

namespace rescue::net {

/// A listening socket at `path` that its owner and root alone may connect to, from the first moment on. What a program
/// that is gone left there is replaced; conflict when something listens there or it is no socket. The caller owns the
/// descriptor and removes the path. Paths may be longer than sockaddr_un has room for.
[[nodiscard]] base::Result<int> listen_local(const std::string& path);
/// unreachable: nothing there, nobody listens, or not allowed; the context names the path and why.
[[nodiscard]] base::Result<std::unique_ptr<TcpStream>> connect_local(const boost::asio::any_io_executor& executor,
                                                                     const std::string& path);
/// unsupported for other sockets.
[[nodiscard]] base::Result<LocalPeer> local_peer(int fd);

}  // namespace rescue::net
