// SPDX-License-Identifier: Apache-2.0
// Bodies of requests about passwords, invitations and the site's settings; see requests.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory/site_policy.hpp"

namespace rescue::broker {

/// {"password","email"?,"name"?,"invitation"?}; the password may be empty, as it is before the first key.
struct StrengthBody {
  std::string password, email, name, invitation;
};
[[nodiscard]] base::Result<StrengthBody> read_strength(std::string_view body);

/// {"code","password"}
struct AcceptBody {
  std::string code, password;
};
[[nodiscard]] base::Result<AcceptBody> read_acceptance(std::string_view body);

/// {"settings":{NAME:VALUE,…}}: VALUE is text as a person types it, or a number, boolean or list that stands for it;
/// null is back to the default. At least one.
[[nodiscard]] base::Result<std::vector<directory::site_policy::Change>> read_policy_change(std::string_view body);

}  // namespace rescue::broker
