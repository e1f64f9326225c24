// SPDX-License-Identifier: Apache-2.0
// What tells a gateway's certificate from the broker's. Both are issued by the site's CA and may name the same host (a
// gateway whose front serves the broker's port), and clients trust that CA. So a gateway's certificate is for no TLS
// server that a client of the broker would talk to: its extendedKeyUsage (RFC 5280 section 4.2.1.12) is kGatewayUse
// alone, without serverAuth. A gateway that was taken over cannot stand in for the broker.
#pragma once

#include "crypto/certificate.hpp"

namespace rescue::crypto {

/// Under the arc of UUIDs (X.667), which needs no registration.
inline constexpr std::string_view kGatewayUse = "2.25.60359639857968180041719992268140219865";

/// As issue_server_certificate, for the hand-off of a gateway alone (gateway_client_context takes it,
/// https_client_context not).
[[nodiscard]] base::Result<Certificate> issue_gateway_certificate(const PrivateKey& ca_key, const Certificate& ca,
                                                                  const PublicKey& subject, const ServerNames& names,
                                                                  base::WallTime now,
                                                                  std::chrono::days validity = std::chrono::days(397));

}  // namespace rescue::crypto
