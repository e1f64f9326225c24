// SPDX-License-Identifier: Apache-2.0
// An OpenSSL BIO on a TcpStream's descriptor. OpenSSL's own socket BIO uses write(2) and so raises SIGPIPE.
#pragma once

#include <openssl/bio.h>

#include "net/tcp.hpp"

namespace rescue::net {

/// `socket` must outlive the BIO. Null when out of memory.
[[nodiscard]] BIO* make_socket_bio(TcpStream& socket);

}  // namespace rescue::net
