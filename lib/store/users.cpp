// SPDX-License-Identifier: Apache-2.0
#include "store/users.hpp"

#include "base/assert.hpp"
#include "store/impl/rows.hpp"

namespace rescue::store {
namespace {
using impl::Statement;

std::string lower(std::string_view s) {
  std::string out(s);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}
}  // namespace

namespace users {
namespace {
#define RESCUE_USER_COLUMNS                                                                                      \
  "id, email, name, role, group_id, password_hash, must_change_password, disabled, failed_sign_ins, locked_at, " \
  "created_at, password_changed_at, last_login_at, removed_at, allowed_networks, sso_id, sso_disabled, "         \
  "totp_secret, totp_confirmed_at, totp_last_step, presence, presence_at, max_sessions"

User read(Statement& st) {
  User u;
  u.id = st.guid(0);
  u.email = st.text(1);
  u.name = st.text(2);
  u.role = parse_user_role(st.text(3)).value_or(UserRole::technician);
  u.group = st.guid(4);
  u.password_hash = st.text(5);
  u.must_change_password = st.flag(6);
  u.disabled = st.flag(7);
  u.failed_sign_ins = st.u32(8);
  u.locked_at = st.maybe_time(9);
  u.created_at = st.time(10);
  u.password_changed_at = st.maybe_time(11);
  u.last_login_at = st.maybe_time(12);
  u.removed_at = st.maybe_time(13);
  u.allowed_networks = impl::split_lines(st.text(14));
  u.sso_id = st.text(15);
  u.sso_disabled = st.flag(16);
  u.totp_secret = st.blob(17);
  u.totp_confirmed_at = st.maybe_time(18);
  u.totp_last_step = st.u64(19);
  u.presence = parse_presence(st.text(20)).value_or(Presence::available);
  u.presence_at = st.maybe_time(21);
  u.max_sessions = st.u32(22);
  return u;
}

std::optional<std::string> email_key(const User& u) {
  return u.removed_at ? std::nullopt : std::optional(lower(u.email));
}
std::optional<std::string> sso_key(const User& u) {
  return u.removed_at || u.sso_id.empty() ? std::nullopt : std::optional(u.sso_id);
}
}  // namespace

base::Result<> insert(Transaction& tx, const User& u) {
  const auto key = email_key(u);
  const auto sso = sso_key(u);
  const auto networks = impl::join_lines(u.allowed_networks);
  auto done = impl::run(
      tx.connection(),
      "INSERT INTO users (" RESCUE_USER_COLUMNS ", email_key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      u.id, u.email, u.name, to_string(u.role), u.group, u.password_hash, u.must_change_password, u.disabled,
      u.failed_sign_ins, u.locked_at, u.created_at, u.password_changed_at, u.last_login_at, u.removed_at, networks, sso,
      u.sso_disabled, u.totp_secret, u.totp_confirmed_at, u.totp_last_step, to_string(u.presence), u.presence_at,
      u.max_sessions, key);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::user, u.id});
  return {};
}

base::Result<> update(Transaction& tx, const User& u) {
  const auto key = email_key(u);
  const auto sso = sso_key(u);
  const auto networks = impl::join_lines(u.allowed_networks);
  RESCUE_CHECK(impl::run_one(tx.connection(), "user " + u.id.text(),
                             "UPDATE users SET email=?2, name=?3, role=?4, group_id=?5, password_hash=?6, "
                             "must_change_password=?7, disabled=?8, failed_sign_ins=?9, locked_at=?10, "
                             "password_changed_at=?11, last_login_at=?12, removed_at=?13, email_key=?14, "
                             "allowed_networks=?15, sso_id=?16, sso_disabled=?17, totp_secret=?18, "
                             "totp_confirmed_at=?19, totp_last_step=?20, presence=?21, presence_at=?22, "
                             "max_sessions=?23 WHERE id=?1",
                             u.id, u.email, u.name, to_string(u.role), u.group, u.password_hash, u.must_change_password,
                             u.disabled, u.failed_sign_ins, u.locked_at, u.password_changed_at, u.last_login_at,
                             u.removed_at, key, networks, sso, u.sso_disabled, u.totp_secret, u.totp_confirmed_at,
                             u.totp_last_step, to_string(u.presence), u.presence_at, u.max_sessions));
  tx.changed({Change::Kind::user, u.id});
  return {};
}

base::Result<User> get(ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto found,
             impl::first(tx.connection(), "SELECT " RESCUE_USER_COLUMNS " FROM users WHERE id=?", read, id));
  if (!found) return base::fail(base::Errc::not_found, "user " + id.text());
  return std::move(*found);
}

base::Result<std::optional<User>> find_by_email(ReadTransaction& tx, std::string_view email) {
  const auto key = lower(email);
  return impl::first(tx.connection(), "SELECT " RESCUE_USER_COLUMNS " FROM users WHERE email_key=?", read, key);
}

base::Result<std::optional<User>> find_by_sso_id(ReadTransaction& tx, std::string_view sso_id) {
  if (sso_id.empty()) return std::nullopt;
  return impl::first(tx.connection(), "SELECT " RESCUE_USER_COLUMNS " FROM users WHERE sso_id=?", read, sso_id);
}

base::Result<Page<User>> list(ReadTransaction& tx, std::string_view cursor, std::size_t limit,
                              const UserFilter& filter) {
  RESCUE_TRY(const auto after, impl::read_cursor(cursor));
  const auto size = impl::page_size(limit);
  const auto role = filter.role ? std::optional(to_string(*filter.role)) : std::nullopt;
  // A group's members have an index of their own; one statement with "?2 IS NULL OR" would not use it.
  auto rows =
      filter.group
          ? impl::all(tx.connection(),
                      "SELECT " RESCUE_USER_COLUMNS
                      " FROM users WHERE group_id=?3 AND email_key > ?1 AND (?4 IS NULL OR role=?4) "
                      "ORDER BY email_key LIMIT ?2",
                      read, base::as_text(after), std::uint64_t{size + 1}, *filter.group, role)
          : impl::all(tx.connection(),
                      "SELECT " RESCUE_USER_COLUMNS
                      " FROM users WHERE email_key > ?1 AND (?3 IS NULL OR role=?3) ORDER BY email_key LIMIT ?2",
                      read, base::as_text(after), std::uint64_t{size + 1}, role);
  if (!rows) return base::fail(rows.error());
  // The key is kept in a variable: to_page's cursor is made from a view of it.
  std::string key;
  return impl::to_page(std::move(*rows), size, [&key](const User& u) {
    key = lower(u.email);
    return base::as_bytes(key);
  });
}

base::Result<> move_removed(Transaction& tx, const base::Guid& from, const base::Guid& to) {
  auto done =
      impl::run(tx.connection(), "UPDATE users SET group_id=?2 WHERE group_id=?1 AND removed_at IS NOT NULL", from, to);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<std::uint64_t> count_in_group(ReadTransaction& tx, const base::Guid& group) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(),
                                        "SELECT count(*) FROM users WHERE group_id=? AND removed_at IS NULL", group));
  return static_cast<std::uint64_t>(n);
}

base::Result<std::vector<User>> of_channel(ReadTransaction& tx, const base::Guid& channel, std::size_t limit) {
  return impl::all(tx.connection(),
                   "SELECT " RESCUE_USER_COLUMNS
                   " FROM users WHERE group_id IN (SELECT group_id FROM channel_groups WHERE channel_id=?) AND "
                   "email_key IS NOT NULL AND disabled=0 ORDER BY email_key LIMIT ?",
                   read, channel, std::uint64_t{limit});
}

base::Result<std::vector<User>> beside(ReadTransaction& tx, const base::Guid& group, std::size_t limit) {
  return impl::all(tx.connection(),
                   "SELECT " RESCUE_USER_COLUMNS
                   " FROM users WHERE group_id IN (SELECT ?1 UNION SELECT theirs.group_id FROM channel_groups ours "
                   "JOIN channel_groups theirs ON theirs.channel_id = ours.channel_id WHERE ours.group_id=?1) AND "
                   "email_key IS NOT NULL AND disabled=0 ORDER BY email_key LIMIT ?2",
                   read, group, std::uint64_t{limit});
}

base::Result<std::vector<base::Guid>> ids_in_group(ReadTransaction& tx, const base::Guid& group, std::size_t limit) {
  return impl::all(
      tx.connection(), "SELECT id FROM users WHERE group_id=? LIMIT ?", [](Statement& st) { return st.guid(0); }, group,
      std::uint64_t{limit});
}

base::Result<std::optional<std::string>> password_hash_near(ReadTransaction& tx, base::ByteView id) {
  const auto first = [](Statement& st) { return st.text(0); };
  RESCUE_TRY(auto from, impl::first(tx.connection(),
                                    "SELECT password_hash FROM users INDEXED BY users_with_password WHERE "
                                    "password_hash<>'' AND id >= ? ORDER BY id LIMIT 1",
                                    first, id));
  if (from) return std::move(*from);
  return impl::first(tx.connection(),
                     "SELECT password_hash FROM users INDEXED BY users_with_password WHERE password_hash<>'' ORDER BY "
                     "id LIMIT 1",
                     first);
}

base::Result<std::uint64_t> count_administrators(ReadTransaction& tx) {
  RESCUE_TRY(const auto n, impl::number(tx.connection(),
                                        "SELECT count(*) FROM users WHERE role='administrator' AND disabled=0 AND "
                                        "removed_at IS NULL"));
  return static_cast<std::uint64_t>(n);
}
}  // namespace users

namespace groups {
namespace {
#define RESCUE_GROUP_COLUMNS                                                                         \
  "id, name, is_default, permissions, single_prompt, force_recording, require_sas, omit_chat_text, " \
  "consent_timeout_s, "                                                                              \
  "inactivity_timeout_s, allowed_networks, description, require_mfa, require_sso, created_at"

Group read(Statement& st) {
  Group g;
  g.id = st.guid(0);
  g.name = st.text(1);
  g.is_default = st.flag(2);
  g.permissions = st.u32(3);
  g.single_prompt = st.flag(4);
  g.force_recording = st.flag(5);
  g.require_sas = st.flag(6);
  g.omit_chat_text = st.flag(7);
  g.consent_timeout = st.seconds(8);
  g.inactivity_timeout = st.seconds(9);
  g.allowed_networks = impl::split_lines(st.text(10));
  g.description = st.text(11);
  g.require_mfa = st.flag(12);
  g.require_sso = st.flag(13);
  g.created_at = st.time(14);
  return g;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Group& g) {
  const auto networks = impl::join_lines(g.allowed_networks);
  auto done = impl::run(
      tx.connection(), "INSERT INTO groups (" RESCUE_GROUP_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", g.id,
      g.name, g.is_default, g.permissions, g.single_prompt, g.force_recording, g.require_sas, g.omit_chat_text,
      g.consent_timeout, g.inactivity_timeout, networks, g.description, g.require_mfa, g.require_sso, g.created_at);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::group, g.id});
  return {};
}

base::Result<> update(Transaction& tx, const Group& g) {
  const auto networks = impl::join_lines(g.allowed_networks);
  RESCUE_CHECK(impl::run_one(
      tx.connection(), "group " + g.id.text(),
      "UPDATE groups SET name=?2, is_default=?3, permissions=?4, single_prompt=?5, force_recording=?6, "
      "require_sas=?7, omit_chat_text=?8, consent_timeout_s=?9, inactivity_timeout_s=?10, allowed_networks=?11, "
      "description=?12, require_mfa=?13, require_sso=?14 WHERE id=?1",
      g.id, g.name, g.is_default, g.permissions, g.single_prompt, g.force_recording, g.require_sas, g.omit_chat_text,
      g.consent_timeout, g.inactivity_timeout, networks, g.description, g.require_mfa, g.require_sso));
  tx.changed({Change::Kind::group, g.id});
  return {};
}

base::Result<> remove(Transaction& tx, const base::Guid& id) {
  RESCUE_CHECK(impl::run_one(tx.connection(), "group " + id.text(), "DELETE FROM groups WHERE id=?", id));
  tx.changed({Change::Kind::group, id});
  return {};
}

base::Result<std::optional<Group>> find_by_name(ReadTransaction& tx, std::string_view name) {
  return impl::first(tx.connection(), "SELECT " RESCUE_GROUP_COLUMNS " FROM groups WHERE name=?", read, name);
}

base::Result<Group> get(ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto found,
             impl::first(tx.connection(), "SELECT " RESCUE_GROUP_COLUMNS " FROM groups WHERE id=?", read, id));
  if (!found) return base::fail(base::Errc::not_found, "group " + id.text());
  return std::move(*found);
}

base::Result<Group> get_default(ReadTransaction& tx) {
  RESCUE_TRY(auto found,
             impl::first(tx.connection(), "SELECT " RESCUE_GROUP_COLUMNS " FROM groups WHERE is_default=1", read));
  if (!found) return base::fail(base::Errc::not_found, "default group");
  return std::move(*found);
}

base::Result<std::vector<Group>> list(ReadTransaction& tx) {
  return impl::all(tx.connection(), "SELECT " RESCUE_GROUP_COLUMNS " FROM groups ORDER BY name", read);
}
}  // namespace groups

}  // namespace rescue::store
