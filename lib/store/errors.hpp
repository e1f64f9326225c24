// SPDX-License-Identifier: Apache-2.0
// What can go wrong in the database beyond base::Errc. base::Errc::conflict: a unique value exists already;
// not_found: no such row; no_space: the disk is full (nothing acknowledged is lost); timed_out: a read passed its
// limit.
#pragma once

#include "base/error.hpp"

namespace rescue::store {

enum class Errc : int {
  newer_schema = 1,  // the database was written by a newer version of the program
  not_ours,          // the file is a database of another program, or no database
  corrupt,           // the database file is damaged
  overloaded,        // too many calls are waiting; try again
  stopped,           // the store is closing down
};
const base::ErrorDomain& error_domain(Errc);

}  // namespace rescue::store
