// SPDX-License-Identifier: Apache-2.0
// How a program says that it failed: one line for people, or one JSON object on stderr for programs.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/env.hpp"

namespace rescue::cli {

/// What a failed command reports. `error` is a stable name ("SESSION_NOT_FOUND").
struct Failure {
  std::string error;
  base::Exit code = base::Exit::failed;
  std::string message;
  bool retryable = false;
  std::string request_id = {};  // the broker's, for its log
  std::string suggestion = {};  // "session show"
};
[[nodiscard]] Failure failure_of(const base::Error& error);
/// {"error":"SESSION_NOT_FOUND","code":6,"message":…,"retryable":false[,"request_id":…][,"suggestion":…]}
[[nodiscard]] std::string to_json(const Failure& failure);
/// "rescue: message" (did you mean …?), or the JSON object, on stderr; gives the exit code.
int print_failure(Env& env, std::string_view program, const Failure& failure, bool json);
inline int print_error(Env& env, std::string_view program, const base::Error& error, bool json) {
  return print_failure(env, program, failure_of(error), json);
}

}  // namespace rescue::cli
