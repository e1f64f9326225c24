// SPDX-License-Identifier: Apache-2.0
// Who takes part in a session, as a recording names them.
#pragma once

#include <boost/json/object.hpp>

namespace rescue::client {

/// From a session object of the broker (docs/openapi.json, Session) to members of HEAD (rcrec(5)): "technician" {name,
/// email}, "customer" as it was noted, "host" {name, os, user, version, fingerprint} as the applet told it. What the
/// broker does not name is missing.
[[nodiscard]] boost::json::object parties_of(const boost::json::object& session);

}  // namespace rescue::client
