// SPDX-License-Identifier: Apache-2.0
#include "files/errors.hpp"

#include <array>
#include <cerrno>

namespace rescue::files {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::outside), "PATH_OUTSIDE", "leads out of the folder it has to stay in", Exit::denied, false},
    ErrorEntry{int(Errc::not_permitted), "FILE_NOT_PERMITTED", "the operating system does not permit it", Exit::denied,
               false},
    ErrorEntry{int(Errc::exists), "FILE_EXISTS", "something of that name exists", Exit::conflict, false},
    ErrorEntry{int(Errc::not_empty), "FOLDER_NOT_EMPTY", "the folder is not empty", Exit::conflict, false},
    ErrorEntry{int(Errc::not_a_folder), "NOT_A_FOLDER", "not a folder", Exit::failed, false},
    ErrorEntry{int(Errc::bad_name), "FILE_NAME_REFUSED", "not a name that may be used", Exit::denied, false},
    ErrorEntry{int(Errc::busy), "FILE_BUSY", "in use", Exit::conflict, true},
};
constexpr base::ErrorDomain kDomain{"files", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

base::Error errno_error(std::string context) { return errno_error(std::move(context), errno); }

base::Error errno_error(std::string context, int value) {
  const auto as = [&](Errc code) {
    return base::Error(code, std::move(context), std::error_code(value, std::generic_category()));
  };
  switch (value) {
    case EXDEV:
    case ELOOP:
      return as(Errc::outside);
    case EACCES:
    case EPERM:
    case EROFS:
      return as(Errc::not_permitted);
    case EEXIST:
      return as(Errc::exists);
    case ENOTEMPTY:
      return as(Errc::not_empty);
    case ENOTDIR:
      return as(Errc::not_a_folder);
    case ENAMETOOLONG:
    case EILSEQ:
      return as(Errc::bad_name);
    case EBUSY:
    case ETXTBSY:
    case EMFILE:
    case ENFILE:
      return as(Errc::busy);
    case EFBIG:
      return {base::Errc::no_space, std::move(context), std::error_code(value, std::generic_category())};
    default:
      return base::errno_error(std::move(context), value);
  }
}

}  // namespace rescue::files
