// SPDX-License-Identifier: Apache-2.0
// What both ends tell about their paths.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rescue::peer {

enum class PathState : std::uint8_t {
  connecting,  // looking for the gateway or waiting there for the other end
  up,          // inner TLS stands, the link runs over it
  down,        // it ended; `error` says why
  failed,      // an attempt failed; `error` says why; the next one follows by itself
  refused,     // the other end was not who it had to be: an incident, also `failed`
};
[[nodiscard]] std::string_view name(PathState s);

struct PathReport {
  PathState state = PathState::connecting;
  std::string path = "relay";  // kind of path, for transport.changed
  std::string gateway;         // "host:port", "" when none was reached
  std::string cipher;          // of `up`: "TLSv1.3 TLS_AES_256_GCM_SHA384"
  std::optional<base::Error> error;
};

}  // namespace rescue::peer
