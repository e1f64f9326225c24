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
  "created_at, password_changed_at, last_login_at, removed_at"

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
  return u;
}

std::optional<std::string> email_key(const User& u) {
  return u.removed_at ? std::nullopt : std::optional(lower(u.email));
}
}  // namespace

base::Result<> insert(Transaction& tx, const User& u) {
  const auto key = email_key(u);
  auto done = impl::run(
      tx.connection(), "INSERT INTO users (" RESCUE_USER_COLUMNS ", email_key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      u.id, u.email, u.name, to_string(u.role), u.group, u.password_hash, u.must_change_password, u.disabled,
      u.failed_sign_ins, u.locked_at, u.created_at, u.password_changed_at, u.last_login_at, u.removed_at, key);
  if (!done) return base::fail(done.error());
  tx.changed({Change::Kind::user, u.id});
  return {};
}

base::Result<> update(Transaction& tx, const User& u) {
  const auto key = email_key(u);
  RESCUE_CHECK(impl::run_one(tx.connection(), "user " + u.id.text(),
                             "UPDATE users SET email=?2, name=?3, role=?4, group_id=?5, password_hash=?6, "
                             "must_change_password=?7, disabled=?8, "
                             "failed_sign_ins=?9, locked_at=?10, password_changed_at=?11, last_login_at=?12, "
                             "removed_at=?13, email_key=?14 WHERE id=?1",
                             u.id, u.email, u.name, to_string(u.role), u.group, u.password_hash, u.must_change_password,
                             u.disabled, u.failed_sign_ins, u.locked_at, u.password_changed_at, u.last_login_at,
                             u.removed_at, key));
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

base::Result<Page<User>> list(ReadTransaction& tx, std::string_view cursor, std::size_t limit) {
  RESCUE_TRY(const auto after, impl::read_cursor(cursor));
  const auto size = impl::page_size(limit);
  RESCUE_TRY(auto rows,
             impl::all(tx.connection(),
                       "SELECT " RESCUE_USER_COLUMNS " FROM users WHERE email_key > ? ORDER BY email_key LIMIT ?", read,
                       base::as_text(after), std::uint64_t{size + 1}));
  // The key is kept in a variable: to_page's cursor is made from a view of it.
  std::string key;
  return impl::to_page(std::move(rows), size, [&key](const User& u) {
    key = lower(u.email);
    return base::as_bytes(key);
  });
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
  "inactivity_timeout_s, allowed_networks"

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
  return g;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Group& g) {
  const auto networks = impl::join_lines(g.allowed_networks);
  auto done = impl::run(tx.connection(), "INSERT INTO groups (" RESCUE_GROUP_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                        g.id, g.name, g.is_default, g.permissions, g.single_prompt, g.force_recording, g.require_sas,
                        g.omit_chat_text, g.consent_timeout, g.inactivity_timeout, networks);
  if (!done) return base::fail(done.error());
  return {};
}

base::Result<> update(Transaction& tx, const Group& g) {
  const auto networks = impl::join_lines(g.allowed_networks);
  return impl::run_one(
      tx.connection(), "group " + g.id.text(),
      "UPDATE groups SET name=?2, is_default=?3, permissions=?4, single_prompt=?5, force_recording=?6, "
      "require_sas=?7, omit_chat_text=?8, consent_timeout_s=?9, inactivity_timeout_s=?10, "
      "allowed_networks=?11 WHERE id=?1",
      g.id, g.name, g.is_default, g.permissions, g.single_prompt, g.force_recording, g.require_sas, g.omit_chat_text,
      g.consent_timeout, g.inactivity_timeout, networks);
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
