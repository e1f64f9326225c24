// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/views_sign_in.hpp"

#include "daemons/broker/views.hpp"
#include "directory/sign_in_sessions.hpp"

namespace rescue::broker {
namespace json = boost::json;

base::Result<json::object> sign_in_view(store::ReadTransaction& tx, const store::Token& token,
                                        const store::User& user) {
  RESCUE_TRY(const auto idle, directory::sign_ins::idle_end(tx, token, user));
  return json::object{{"id", token.id.text()},
                      {"user", json::object{{"id", user.id.text()}, {"email", user.email}, {"name", user.name}}},
                      {"kind", store::to_string(token.kind)},
                      {"device", token.device},
                      {"address", token.address},
                      {"created_at", base::to_rfc3339(token.created_at)},
                      {"last_used_at", base::to_rfc3339(token.last_used_at)},
                      {"idle_ends_at", time_view(idle)},
                      {"expires_at", base::to_rfc3339(token.expires_at)}};
}

}  // namespace rescue::broker
