// SPDX-License-Identifier: Apache-2.0
// What can go wrong with files, as a person would want to hear it. Everything else is base::Errc (not_found, no_space,
// io).
#pragma once

#include <string>

#include "base/error.hpp"

namespace rescue::files {

enum class Errc : int {
  outside = 1,    // the way there leads out of the folder it has to stay in, or through a symbolic link
  not_permitted,  // the operating system does not let this user
  exists,         // something of that name is there
  not_empty,      // a folder with something in it
  not_a_folder,   // a file, or anything else
  bad_name,       // no name that may be made on a peer's word
  busy,           // in use, or too much is open
};
const base::ErrorDomain& error_domain(Errc);

/// The current errno, told apart as above.
[[nodiscard]] base::Error errno_error(std::string context);
[[nodiscard]] base::Error errno_error(std::string context, int errno_value);

}  // namespace rescue::files
