// SPDX-License-Identifier: Apache-2.0
// Refusals in the words of the people who are helped, and as pages.
#pragma once

#include "base/error.hpp"
#include "daemons/broker/services.hpp"

namespace rescue::broker {

namespace visit {
/// In the page's language; never what the error itself says, which is for administrators.
[[nodiscard]] std::string_view words_for(const base::Error& error, Language language);
/// `name`: of the API ("PIN_UNKNOWN").
[[nodiscard]] std::string_view words_for(std::string_view name, unsigned status, Language language);
}  // namespace visit

/// A page in place of an answer in JSON that refuses; other answers stay as they are.
[[nodiscard]] net::HttpResponse as_page(Services& services, const net::HttpRequest& request, net::HttpResponse refusal);

}  // namespace rescue::broker
