// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <array>
#include <cerrno>

#include "base/assert.hpp"

namespace rescue::base {
namespace {
constexpr std::array kEntries{
    ErrorEntry{int(Errc::invalid_argument), "INVALID_ARGUMENT", "not a valid value", Exit::usage, false},
    ErrorEntry{int(Errc::bad_format), "BAD_FORMAT", "malformed input", Exit::failed, false},
    ErrorEntry{int(Errc::too_large), "TOO_LARGE", "a size limit was passed", Exit::failed, false},
    ErrorEntry{int(Errc::not_found), "NOT_FOUND", "not found", Exit::not_found, false},
    ErrorEntry{int(Errc::conflict), "CONFLICT", "conflicts with the present state", Exit::conflict, false},
    ErrorEntry{int(Errc::denied), "DENIED", "not allowed", Exit::denied, false},
    ErrorEntry{int(Errc::timed_out), "TIMED_OUT", "timed out", Exit::timed_out, true},
    ErrorEntry{int(Errc::unreachable), "UNREACHABLE", "the other side cannot be reached", Exit::unreachable, true},
    ErrorEntry{int(Errc::closed), "CLOSED", "the other side closed the connection", Exit::unreachable, true},
    ErrorEntry{int(Errc::canceled), "CANCELED", "canceled", Exit::interrupted, false},
    ErrorEntry{int(Errc::io), "IO", "input or output failed", Exit::failed, false},
    ErrorEntry{int(Errc::no_space), "NO_SPACE", "no space left on the disk", Exit::failed, true},
    ErrorEntry{int(Errc::verification_failed), "VERIFICATION_FAILED", "does not verify", Exit::verification_failed,
               false},
    ErrorEntry{int(Errc::unsupported), "UNSUPPORTED", "not supported by this version", Exit::failed, false},
    ErrorEntry{int(Errc::sign_in_needed), "SIGN_IN_NEEDED", "sign-in needed", Exit::sign_in_needed, false},
    ErrorEntry{int(Errc::internal), "INTERNAL", "unexpected failure of a library", Exit::failed, false},
};
constexpr ErrorDomain kDomain{"base", kEntries};
}  // namespace

const ErrorDomain& error_domain(Errc) { return kDomain; }

const ErrorEntry& ErrorCode::entry() const {
  for (const auto& e : domain_->entries) {
    if (e.value == value_) return e;
  }
  RESCUE_ASSERT(false && "error code missing in its room's table");
}

std::string Error::message() const {
  std::string out = context;
  // What an error was made from may have said it already: another error's message, or a peer's answer.
  if (!out.ends_with(code.entry().meaning)) {
    if (!out.empty()) out += ": ";
    out += code.entry().meaning;
  }
  if (cause) out += " (" + cause.message() + ")";
  return out;
}

Error Error::within(std::string_view doing) const {
  Error e = *this;
  e.context = std::string(doing) + (context.empty() ? "" : ": " + context);
  return e;
}

Error errno_error(std::string context) { return errno_error(std::move(context), errno); }

Error errno_error(std::string context, int errno_value) {
  Errc code = Errc::io;
  if (errno_value == ENOSPC || errno_value == EDQUOT) code = Errc::no_space;
  if (errno_value == ENOENT) code = Errc::not_found;
  return {code, std::move(context), std::error_code(errno_value, std::generic_category())};
}

}  // namespace rescue::base
