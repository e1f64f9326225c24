// SPDX-License-Identifier: Apache-2.0
// Gateways and the one-time tokens with which they enrol.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

namespace gateways {
/// conflict when a gateway that is not removed has this name or key.
[[nodiscard]] base::Result<> insert(Transaction& tx, const Gateway& gateway);
[[nodiscard]] base::Result<> update(Transaction& tx, const Gateway& gateway);
[[nodiscard]] base::Result<Gateway> get(ReadTransaction& tx, const base::Guid& id);
/// Removed ones are not found.
[[nodiscard]] base::Result<std::optional<Gateway>> find_by_fingerprint(ReadTransaction& tx, base::ByteView fingerprint);
/// By name, without removed ones.
[[nodiscard]] base::Result<std::vector<Gateway>> list(ReadTransaction& tx);
}  // namespace gateways

namespace enrolment_tokens {
[[nodiscard]] base::Result<> insert(Transaction& tx, const EnrolmentToken& token);
[[nodiscard]] base::Result<std::optional<EnrolmentToken>> find(ReadTransaction& tx, base::ByteView hash);
/// conflict when it was used before, not_found.
[[nodiscard]] base::Result<> use(Transaction& tx, base::ByteView hash, base::WallTime now);
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace enrolment_tokens

}  // namespace rescue::store
