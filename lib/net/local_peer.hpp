// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a socket of this machine.
#pragma once

#include <sys/types.h>

namespace rescue::net {

/// As the kernel knew it when the connection was made (SO_PEERCRED, unix(7)). A process id may be another process's by
/// now: for logs alone.
struct LocalPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

}  // namespace rescue::net
