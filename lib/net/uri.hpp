// SPDX-License-Identifier: Apache-2.0
// Percent encoding and request targets (RFC 3986, RFC 9112 section 3.2) on Boost.URL.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace rescue::net {

struct Target {
  std::string raw_path;                                    // still percent-encoded, begins with '/'
  std::string path;                                        // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' as space
};

/// Origin form ("/a?b=c") or absolute form (its authority is dropped). bad_format: not a target, or what it decodes to
/// is no valid UTF-8 or has a NUL.
[[nodiscard]] base::Result<Target> parse_target(std::string_view text);
/// bad_format as above. '+' stays '+'.
[[nodiscard]] base::Result<std::string> decode_component(std::string_view encoded);
/// Percent-encodes one path segment or one query part: RFC 3986 unreserved characters stay.
[[nodiscard]] std::string encode_component(std::string_view text);
/// "?a=b&c=d", "" when empty.
[[nodiscard]] std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace rescue::net
