// SPDX-License-Identifier: Apache-2.0
#include "net/impl/status_error.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::net {

namespace {

constexpr std::size_t kShown = 300;  // bytes of the body

base::Errc code_of(unsigned status) {
  switch (status) {
    case 401:
      return base::Errc::sign_in_needed;
    case 403:
      return base::Errc::denied;
    case 404:
    case 410:
      return base::Errc::not_found;
    case 408:
      return base::Errc::timed_out;
    case 409:
      return base::Errc::conflict;
    case 429:
      return base::Errc::unreachable;
    default:
      return status >= 500 ? base::Errc::unreachable : base::Errc::bad_format;
  }
}

}  // namespace

base::Error status_error(const HttpResponse& response, std::string_view doing) {
  const auto why = base::to_display_text(std::string_view(response.body).substr(0, kShown));
  return {code_of(response.status), fmt::format("{}: status {} {}", doing, response.status, why)};
}

}  // namespace rescue::net
