// SPDX-License-Identifier: Apache-2.0
// Rows of the database as the API shows them (docs/openapi.json). Secrets and hashes stay behind.
#pragma once

#include <functional>

#include <boost/json/object.hpp>

#include "store/gateways.hpp"
#include "store/log.hpp"
#include "store/sessions.hpp"
#include "store/store.hpp"
#include "store/users.hpp"

namespace rescue::broker {

/// Whether a session's applet is connected now; thread-safe.
using IsOnline = std::function<bool(const base::Guid& session)>;

[[nodiscard]] boost::json::value time_view(const std::optional<base::WallTime>& time);
/// {id, email, name}
[[nodiscard]] base::Result<boost::json::object> user_ref(store::ReadTransaction& tx, const base::Guid& id);
/// With the name of its group.
[[nodiscard]] base::Result<boost::json::object> user_view(store::ReadTransaction& tx, const store::User& user);
/// The same in a read of its own; never inside another one.
[[nodiscard]] base::Result<boost::json::object> user_view(store::Store& store, const store::User& user);
/// Reads the names of creator and technician, and the applet's key.
[[nodiscard]] base::Result<boost::json::object> session_view(store::ReadTransaction& tx, const store::Session& session,
                                                             const IsOnline& is_online);
[[nodiscard]] boost::json::object event_view(const store::LogEvent& event);

}  // namespace rescue::broker
