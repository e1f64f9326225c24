// SPDX-License-Identifier: Apache-2.0
// The life of a request that carries an id (rows of request_ids, sign_ins.hpp): claimed before it runs, carried out in
// the transaction that changed something for it, answered at last. Whoever runs it holds its claim by a random token;
// one that was taken over can no longer commit anything, so that no request is carried out twice.
#pragma once

#include "store/sign_ins.hpp"

namespace rescue::store::request_claims {

/// RequestId::status until there is an answer; its `answer` is the claim's token then.
inline constexpr std::uint32_t kClaimed = 0;
inline constexpr std::uint32_t kCarriedOut = 1;

/// Gives a claim that is older than `before`, and not carried out, to who has `token`. False when there is none.
[[nodiscard]] base::Result<bool> take_over(Transaction& tx, const base::Guid& user, std::string_view id,
                                           std::string_view token, base::WallTime before, base::WallTime now);
/// conflict when the claim is not `token`'s any more. A second time changes nothing.
[[nodiscard]] base::Result<> carried_out(Transaction& tx, const base::Guid& user, std::string_view id,
                                         std::string_view token);
/// conflict as carried_out.
[[nodiscard]] base::Result<> answered(Transaction& tx, const base::Guid& user, std::string_view id,
                                      std::string_view token, std::uint32_t status, std::string_view answer);
/// Forgets a claim that was not carried out: the id may come again.
[[nodiscard]] base::Result<> release(Transaction& tx, const base::Guid& user, std::string_view id,
                                     std::string_view token);
/// Forgets the claim also where something was stored for it, as the log event of a refusal: the id may come again.
[[nodiscard]] base::Result<> forget(Transaction& tx, const base::Guid& user, std::string_view id,
                                    std::string_view token);

}  // namespace rescue::store::request_claims
