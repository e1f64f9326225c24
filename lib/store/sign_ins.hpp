// SPDX-License-Identifier: Apache-2.0
// What signing in leaves behind: earlier passwords, recovery codes, networks, invitations, single sign-on, request ids.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

namespace password_history {
/// Keeps the newest `keep` of the user and forgets the rest.
[[nodiscard]] base::Result<> add(Transaction& tx, const base::Guid& user, std::string_view hash, base::WallTime now,
                                 std::size_t keep);
/// Hashes, newest first.
[[nodiscard]] base::Result<std::vector<std::string>> list(ReadTransaction& tx, const base::Guid& user);
}  // namespace password_history

namespace recovery_codes {
/// Takes the place of all the user has. Hashes of 32 bytes.
[[nodiscard]] base::Result<> replace(Transaction& tx, const base::Guid& user, const std::vector<base::Bytes>& hashes);
/// True when this code was there unused; it is used now.
[[nodiscard]] base::Result<bool> use(Transaction& tx, const base::Guid& user, base::ByteView hash, base::WallTime now);
[[nodiscard]] base::Result<std::uint64_t> count_unused(ReadTransaction& tx, const base::Guid& user);
}  // namespace recovery_codes

namespace sign_in_networks {
[[nodiscard]] base::Result<std::optional<SignInNetwork>> find(ReadTransaction& tx, const base::Guid& user,
                                                              std::string_view network);
/// Inserts or replaces the row of this user and network.
[[nodiscard]] base::Result<> put(Transaction& tx, const SignInNetwork& row);
[[nodiscard]] base::Result<std::vector<SignInNetwork>> list(ReadTransaction& tx, const base::Guid& user);
/// Forgets failures, keeps from where the user has signed in.
[[nodiscard]] base::Result<> forget_failures(Transaction& tx, const base::Guid& user);
/// Rows without success whose failures are older than `before`.
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace sign_in_networks

namespace invitations {
/// The user's earlier ones end with it.
[[nodiscard]] base::Result<> insert(Transaction& tx, const Invitation& invitation);
[[nodiscard]] base::Result<std::optional<Invitation>> find(ReadTransaction& tx, base::ByteView hash);
/// The newest of the user, used and expired ones too.
[[nodiscard]] base::Result<std::optional<Invitation>> newest(ReadTransaction& tx, const base::Guid& user);
/// True when it was unused.
[[nodiscard]] base::Result<bool> use(Transaction& tx, base::ByteView hash, base::WallTime now);
[[nodiscard]] base::Result<> remove_all(Transaction& tx, const base::Guid& user);
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace invitations

namespace sso {
[[nodiscard]] base::Result<> insert(Transaction& tx, const SsoRequest& request);
[[nodiscard]] base::Result<std::optional<SsoRequest>> find(ReadTransaction& tx, std::string_view id);
/// True when it was unused.
[[nodiscard]] base::Result<bool> use(Transaction& tx, std::string_view id, base::WallTime now);
/// True when this assertion was not accepted before; it is remembered until `expires_at`.
[[nodiscard]] base::Result<bool> remember(Transaction& tx, base::ByteView assertion_hash, base::WallTime expires_at);
/// Requests, assertions and codes that expired before `before`.
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace sso

namespace sign_in_codes {
[[nodiscard]] base::Result<> insert(Transaction& tx, const SignInCode& code);
[[nodiscard]] base::Result<std::optional<SignInCode>> find(ReadTransaction& tx, base::ByteView hash);
/// True when it was unused.
[[nodiscard]] base::Result<bool> use(Transaction& tx, base::ByteView hash, base::WallTime now);
}  // namespace sign_in_codes

namespace request_ids {
[[nodiscard]] base::Result<std::optional<RequestId>> find(ReadTransaction& tx, const base::Guid& user,
                                                          std::string_view request_id);
/// conflict when this user has used the id.
[[nodiscard]] base::Result<> insert(Transaction& tx, const RequestId& row);
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace request_ids

}  // namespace rescue::store
