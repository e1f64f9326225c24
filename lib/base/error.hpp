// SPDX-License-Identifier: Apache-2.0
// The one error type of the project: which room's code, what was being done, and the cause.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace rescue::base {

/// Exit codes of every program (man rescue(1), EXIT CODES).
enum class Exit : std::uint8_t {
  ok = 0,
  failed = 1,
  usage = 2,
  partial = 3,
  sign_in_needed = 4,
  denied = 5,
  not_found = 6,
  conflict = 7,
  timed_out = 8,
  unreachable = 9,
  verification_failed = 10,
  interrupted = 130,
};

/// One row of a room's error table. `name` is stable and shown to scripts, e.g. "SESSION_NOT_FOUND".
struct ErrorEntry {
  int value;
  std::string_view name;
  std::string_view meaning;  // one line, for people
  Exit exit;
  bool retryable;
};

/// A room's closed list of errors. Rooms define one constexpr instance and an `error_domain(Errc)` found by ADL.
struct ErrorDomain {
  std::string_view room;
  std::span<const ErrorEntry> entries;
};

/// A code of some room: comparable with that room's enum, printable without knowing the room.
class ErrorCode {
 public:
  template <typename E>
  requires requires(E e) { error_domain(e); }
  ErrorCode(E e) : domain_(&error_domain(e)), value_(static_cast<int>(e)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const ErrorEntry& entry() const;
  [[nodiscard]] std::string_view name() const { return entry().name; }
  [[nodiscard]] const ErrorDomain& domain() const { return *domain_; }
  [[nodiscard]] int value() const { return value_; }
  friend bool operator==(const ErrorCode& a, const ErrorCode& b) {
    return a.domain_ == b.domain_ && a.value_ == b.value_;
  }

 private:
  const ErrorDomain* domain_;
  int value_;
};

/// Errors any room may return; rooms add their own beside them.
enum class Errc : int {
  invalid_argument = 1,  // the caller passed something no input should allow
  bad_format,            // bytes or text do not follow their format
  too_large,             // a named limit was passed
  not_found,             // the named thing does not exist
  conflict,              // the thing exists already, or is in another state
  denied,                // policy or a person said no
  timed_out,             // a named time-out passed
  unreachable,           // the other side does not answer
  closed,                // the other side ended in order
  canceled,              // we were asked to stop
  io,                    // the operating system refused; the cause says how
  no_space,              // the disk is full
  verification_failed,   // a signature, hash or proof does not match
  unsupported,           // a version, algorithm or feature this build does not have
  sign_in_needed,        // no valid credentials
  internal,              // a third-party library failed in a way we did not expect
};
const ErrorDomain& error_domain(Errc);

/// An error as a value. `context` says what was being done and to what ("open recording '/x.rcrec'").
struct Error {
  ErrorCode code;
  std::string context;
  std::error_code cause{};

  Error(ErrorCode c, std::string ctx, std::error_code why = {}) : code(c), context(std::move(ctx)), cause(why) {}

  /// "context: meaning (cause)": one line for people. A context that ends with the meaning says it once.
  [[nodiscard]] std::string message() const;
  [[nodiscard]] Exit exit() const { return code.entry().exit; }
  [[nodiscard]] bool retryable() const { return code.entry().retryable; }
  /// The same error with what the caller was doing put in front of the context.
  [[nodiscard]] Error within(std::string_view doing) const;
};

/// The current errno as an Error; ENOSPC becomes no_space, ENOENT not_found, all else io.
[[nodiscard]] Error errno_error(std::string context);
[[nodiscard]] Error errno_error(std::string context, int errno_value);

}  // namespace rescue::base
