// SPDX-License-Identifier: Apache-2.0
// Errors as HTTP answers: the one place that knows which code has which status and which name clients see.
#pragma once

#include "base/error.hpp"
#include "net/http.hpp"

namespace rescue::broker {

/// Refusals of the broker itself.
enum class Errc : int {
  rate_limited = 1,  // too many tries from this address
  unavailable,       // overloaded or draining; try again
  no_certificate,    // the route is for holders of a client certificate
  query_too_slow,    // log.query_limit passed
};
const base::ErrorDomain& error_domain(Errc);

/// What a client is told. Faults of the broker (disk, database, libraries) are told as INTERNAL without detail; the log
/// has it.
struct ApiError {
  unsigned status = 500;
  std::string name;
  std::string message;
  bool retryable = false;
};
[[nodiscard]] ApiError api_error(const base::Error& error);
[[nodiscard]] net::HttpResponse error_response(const base::Error& error, std::string_view request_id);

}  // namespace rescue::broker
