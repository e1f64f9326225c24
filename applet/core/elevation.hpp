// SPDX-License-Identifier: Apache-2.0
// How a script's guard is started with the user's own rights, or as root with an account of this machine that the user
// has typed: root's own by su, the user's by sudo, another's by su and then sudo. The password goes to these programs
// on their standard input, never into an argument or the environment.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace rescue::applet {

inline constexpr std::size_t kAccountNameMax = 256;

/// An account of this machine; wiped when it goes.
struct Account {
  std::string name;
  base::SecretBytes password;
  [[nodiscard]] Account copy() const { return {name, password.copy()}; }
};

/// Where the guard's program is and what it is started from.
struct GuardPlace {
  std::string program = "/proc/self/exe";
  std::string search_path = "/usr/bin:/bin:/usr/sbin:/sbin:/run/wrappers/bin";  // for sudo and su
  std::string user;                                                             // whose rights the applet has
  bool root = false;                                                            // it has them all
};
/// The process' own user. sudo and su are the system's: a folder of the user's own that $PATH names may hold some of
/// those names that a script has put there, and would be given a password.
[[nodiscard]] GuardPlace guard_place();

struct GuardStart {
  std::vector<std::string> argv;  // a path first
  base::SecretBytes lines;        // for what asks for a password, before the guard reads
  bool as_root = false;           // the guard must say that it is
};

[[nodiscard]] GuardStart plain_start(const GuardPlace& place);
/// invalid_argument: no such name can be, or a password with a line end; unsupported: sudo or su is not there.
[[nodiscard]] base::Result<GuardStart> elevated_start(const GuardPlace& place, const Account& account);

}  // namespace rescue::applet
