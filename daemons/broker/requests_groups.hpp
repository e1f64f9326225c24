// SPDX-License-Identifier: Apache-2.0
// The bodies of requests about groups, channels and API tokens: pure functions, as requests.hpp.
#pragma once

#include <string>
#include <string_view>

#include "directory/channels.hpp"
#include "directory/groups.hpp"
#include "directory/service_accounts.hpp"

namespace rescue::broker {

/// A new group; "name" is required.
[[nodiscard]] base::Result<directory::groups::Change> read_new_group(std::string_view body);
/// At least one field.
[[nodiscard]] base::Result<directory::groups::Change> read_group_change(std::string_view body);
/// {"permissions"}: at least one.
[[nodiscard]] base::Result<wire::PermissionSet> read_permissions(std::string_view body);

/// "id" of the result is for the caller to make.
[[nodiscard]] base::Result<directory::channels::NewChannel> read_new_channel(std::string_view body);
[[nodiscard]] base::Result<directory::channels::Change> read_channel_change(std::string_view body);
/// {"group"}: id or name.
[[nodiscard]] base::Result<std::string> read_group_name(std::string_view body);

/// {"name","scopes","expires_in"?}; "id" of the result is for the caller to make.
[[nodiscard]] base::Result<directory::service_accounts::NewToken> read_new_token(std::string_view body);

}  // namespace rescue::broker
