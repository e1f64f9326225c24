// SPDX-License-Identifier: Apache-2.0
// Users, their groups, bearer tokens and devices.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

struct UserFilter {
  std::optional<base::Guid> group;
  std::optional<UserRole> role;
};

namespace users {
/// conflict when another user has this e-mail address.
[[nodiscard]] base::Result<> insert(Transaction& tx, const User& user);
/// Replaces the whole row. not_found, conflict.
[[nodiscard]] base::Result<> update(Transaction& tx, const User& user);
/// not_found. Also removed users.
[[nodiscard]] base::Result<User> get(ReadTransaction& tx, const base::Guid& id);
/// Case of ASCII letters ignored; removed users are not found.
[[nodiscard]] base::Result<std::optional<User>> find_by_email(ReadTransaction& tx, std::string_view email);
/// By e-mail address, without removed ones. invalid_argument for a cursor that no list gave.
[[nodiscard]] base::Result<Page<User>> list(ReadTransaction& tx, std::string_view cursor = {}, std::size_t limit = 0,
                                            const UserFilter& filter = {});
/// Exact; removed users are not found, nobody has the empty one.
[[nodiscard]] base::Result<std::optional<User>> find_by_sso_id(ReadTransaction& tx, std::string_view sso_id);
/// Removed users of a group become removed users of another.
[[nodiscard]] base::Result<> move_removed(Transaction& tx, const base::Guid& from, const base::Guid& to);
/// Users of the group that are not removed.
[[nodiscard]] base::Result<std::uint64_t> count_in_group(ReadTransaction& tx, const base::Guid& group);
/// Users who can sign in (neither disabled nor removed) of the groups that are assigned to the channel, by e-mail
/// address; at most `limit`.
[[nodiscard]] base::Result<std::vector<User>> of_channel(ReadTransaction& tx, const base::Guid& channel,
                                                         std::size_t limit);
/// The same of the group, and of the groups that share a channel with it.
[[nodiscard]] base::Result<std::vector<User>> beside(ReadTransaction& tx, const base::Guid& group, std::size_t limit);
/// Ids of the group's users, removed ones too, at most `limit`.
[[nodiscard]] base::Result<std::vector<base::Guid>> ids_in_group(ReadTransaction& tx, const base::Guid& group,
                                                                 std::size_t limit);
/// The password hash of the first account that has one, in the order of ids from `id` (16 bytes) on and around; nothing
/// when no account has one. For who needs the hash of some account, whichever.
[[nodiscard]] base::Result<std::optional<std::string>> password_hash_near(ReadTransaction& tx, base::ByteView id);
/// Administrators who can sign in: neither removed nor disabled.
[[nodiscard]] base::Result<std::uint64_t> count_administrators(ReadTransaction& tx);
}  // namespace users

namespace groups {
[[nodiscard]] base::Result<> insert(Transaction& tx, const Group& group);
[[nodiscard]] base::Result<> update(Transaction& tx, const Group& group);
[[nodiscard]] base::Result<Group> get(ReadTransaction& tx, const base::Guid& id);
/// The group new users get; made by the first migration under a fixed id.
[[nodiscard]] base::Result<Group> get_default(ReadTransaction& tx);
[[nodiscard]] base::Result<std::vector<Group>> list(ReadTransaction& tx);
[[nodiscard]] base::Result<std::optional<Group>> find_by_name(ReadTransaction& tx, std::string_view name);
/// not_found, also while a user is in it, removed ones included: move those first (move_removed). Its channels lose it.
[[nodiscard]] base::Result<> remove(Transaction& tx, const base::Guid& id);
}  // namespace groups

namespace tokens {
[[nodiscard]] base::Result<> insert(Transaction& tx, const Token& token);
/// Whatever is stored under this hash, expired and revoked ones too; the caller judges.
[[nodiscard]] base::Result<std::optional<Token>> find(ReadTransaction& tx, base::ByteView hash);
/// not_found. Revoking twice keeps the first time.
[[nodiscard]] base::Result<> revoke(Transaction& tx, base::ByteView hash, base::WallTime now);
/// By its id; nothing when there is none.
[[nodiscard]] base::Result<std::optional<Token>> find_by_id(ReadTransaction& tx, const base::Guid& id);
struct Filter {
  std::optional<base::Guid> user = {};
  std::optional<base::Guid> group = {};  // of its user
  std::optional<TokenKind> kind = {};
};
/// Those that live at `now`, by id.
[[nodiscard]] base::Result<Page<Token>> list(ReadTransaction& tx, const Filter& filter, base::WallTime now,
                                             std::string_view cursor = {}, std::size_t limit = 0);
/// Sets last_used_at, which never goes back.
[[nodiscard]] base::Result<> used(Transaction& tx, base::ByteView hash, base::WallTime now);
/// Sign-ins that live at `now` and were last used `site_limit` (zero: never mind) or, for who works in a group, the
/// group's inactivity time ago or earlier; at most `limit`, the longest unused first.
[[nodiscard]] base::Result<std::vector<Token>> idle(ReadTransaction& tx, std::chrono::seconds site_limit,
                                                    base::WallTime now, std::size_t limit);
/// Every sign-in of the user owes a second factor.
[[nodiscard]] base::Result<> owe_mfa(Transaction& tx, const base::Guid& user);
/// All of one user but `except` (empty: none); returns how many were live.
[[nodiscard]] base::Result<std::uint64_t> revoke_all(Transaction& tx, const base::Guid& user, base::WallTime now,
                                                     base::ByteView except = {});
/// Deletes what expired or was revoked before `before`.
[[nodiscard]] base::Result<std::uint64_t> purge(Transaction& tx, base::WallTime before);
}  // namespace tokens

namespace devices {
/// Inserts, or updates public key and last_seen_at of the same user's device of that name; returns the stored id.
[[nodiscard]] base::Result<base::Guid> upsert(Transaction& tx, const Device& device);
[[nodiscard]] base::Result<std::vector<Device>> list(ReadTransaction& tx, const base::Guid& user);
[[nodiscard]] base::Result<> revoke(Transaction& tx, const base::Guid& id, base::WallTime now);
}  // namespace devices

namespace settings {
/// Site settings by name ("password.min_score"); values are text.
[[nodiscard]] base::Result<std::optional<std::string>> get(ReadTransaction& tx, std::string_view key);
[[nodiscard]] base::Result<> set(Transaction& tx, std::string_view key, std::string_view value, base::WallTime now);
/// Back to the default.
[[nodiscard]] base::Result<> unset(Transaction& tx, std::string_view key);
[[nodiscard]] base::Result<std::vector<std::pair<std::string, std::string>>> list(ReadTransaction& tx);
}  // namespace settings

}  // namespace rescue::store
