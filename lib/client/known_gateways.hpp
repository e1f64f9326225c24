// SPDX-License-Identifier: Apache-2.0
// The gateways that a site named last, kept between sessions so that they can be called while the site is asked
// (peer/gateway_calls.hpp). A hint: what the site names now decides, and the file may be missing, old or wrong.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "peer/gateway_connector.hpp"

namespace rescue::client {

struct KnownGateways {
  crypto::Digest256 ca_pin{};
  std::vector<peer::GatewayAddress> gateways;
};

/// "gateways/<16 hex digits of the URL's SHA-256>.json" in `state_dir`.
[[nodiscard]] std::filesystem::path known_gateways_file(const std::filesystem::path& state_dir,
                                                        std::string_view site_url);
/// Nothing unless the whole file is what write_known_gateways writes.
[[nodiscard]] std::optional<KnownGateways> read_known_gateways(const std::filesystem::path& file);
/// Replaces the file (0600) when it says something else. A failure leaves the old one.
void write_known_gateways(const std::filesystem::path& file, const peer::Admission& admission);

}  // namespace rescue::client
