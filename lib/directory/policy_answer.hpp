// SPDX-License-Identifier: Apache-2.0
// Why somebody may do something, or not: the decision that the directory would make, and the rule that makes it. Asks
// the same table and the same group that sessions and requests are decided by (authorization.hpp, groups.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory/authorization.hpp"
#include "store/transaction.hpp"

namespace rescue::directory {

struct PolicyQuestion {
  std::string as;       // id or e-mail address of the account
  std::string action;   // a permission ("receive_files") or a verb ("session.pickup")
  std::string channel;  // id or name of the channel that the session came through; empty: none
};
struct PolicyAnswer {
  store::User user;
  bool allowed = false;
  /// What decided: "account.disabled", "role", "channel.groups", "group.permissions".
  std::string_view rule;
  std::string reason;  // one sentence
  /// Of a verb, how far it reaches.
  Reach reach = Reach::none;
  /// What else has to be so when it comes to it, each "rule: sentence". The end user is asked beside all of them.
  std::vector<std::string> conditions;
};

/// user_not_found, channel_not_found, invalid_argument for an action that is none; denied when `asking` may not ask
/// about that account: an administrator of a group asks about its members.
[[nodiscard]] base::Result<PolicyAnswer> policy_answer(store::ReadTransaction& tx, const Principal& asking,
                                                       const PolicyQuestion& question);

[[nodiscard]] std::string_view to_string(Reach reach);  // "group"

}  // namespace rescue::directory
