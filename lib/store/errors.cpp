// SPDX-License-Identifier: Apache-2.0
#include "store/errors.hpp"

#include <array>

namespace rescue::store {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::newer_schema), "NEWER_SCHEMA", "the database was written by a newer version", Exit::failed,
               false},
    ErrorEntry{int(Errc::not_ours), "NOT_A_RESCUE_DATABASE", "the file is not a database of this program", Exit::failed,
               false},
    ErrorEntry{int(Errc::corrupt), "DATABASE_CORRUPT", "the database file is damaged", Exit::failed, false},
    ErrorEntry{int(Errc::overloaded), "UNAVAILABLE", "too many requests are waiting for the database",
               Exit::unreachable, true},
    ErrorEntry{int(Errc::stopped), "UNAVAILABLE", "the server is stopping", Exit::unreachable, true},
};
constexpr base::ErrorDomain kDomain{"store", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

}  // namespace rescue::store
