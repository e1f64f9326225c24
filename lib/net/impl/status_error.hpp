// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http.hpp"

namespace rescue::net {

/// An HTTP status where another was needed, as an error; the start of the body tells people why.
[[nodiscard]] base::Error status_error(const HttpResponse& response, std::string_view doing);

}  // namespace rescue::net
