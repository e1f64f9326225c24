// SPDX-License-Identifier: Apache-2.0
// The gateway's configuration keys, and what they make of the data plane.
#pragma once

#include "config/settings.hpp"
#include "daemons/gateway/options.hpp"

namespace rescue::gateway {

[[nodiscard]] const config::KeyTable& key_table();

struct GatewaySettings {
  DataPlaneOptions data_plane;
  net::Endpoint metrics;
  std::string log_level;
  Milliseconds drain_grace{};
};
/// Threads and connections of 0 are settled by this machine: its cores, its descriptors.
[[nodiscard]] base::Result<GatewaySettings> gateway_settings(const config::Settings& settings);

/// Raises the soft limit of descriptors to the hard one; the limit then.
[[nodiscard]] std::size_t raise_descriptor_limit();

}  // namespace rescue::gateway
