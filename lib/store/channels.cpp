// SPDX-License-Identifier: Apache-2.0
#include "store/channels.hpp"

#include "store/impl/rows.hpp"

namespace rescue::store::channels {
namespace {
using impl::Statement;

Channel read(Statement& st) { return {st.guid(0), st.text(1), st.text(2), st.time(3)}; }

base::Result<> done_for(Transaction& tx, const base::Guid& channel, base::Result<> done) {
  if (done) tx.changed({Change::Kind::channel, channel});
  return done;
}
}  // namespace

base::Result<> insert(Transaction& tx, const Channel& c) {
  auto done = impl::run(tx.connection(), "INSERT INTO channels (id, name, description, created_at) VALUES (?,?,?,?)",
                        c.id, c.name, c.description, c.created_at);
  if (!done) return base::fail(done.error());
  return done_for(tx, c.id, {});
}

base::Result<> update(Transaction& tx, const Channel& c) {
  return done_for(
      tx, c.id,
      impl::run_one(tx.connection(), "channel " + c.id.text(),
                    "UPDATE channels SET name=?2, description=?3 WHERE id=?1", c.id, c.name, c.description));
}

base::Result<> remove(Transaction& tx, const base::Guid& id) {
  return done_for(tx, id,
                  impl::run_one(tx.connection(), "channel " + id.text(), "DELETE FROM channels WHERE id=?", id));
}

base::Result<Channel> get(ReadTransaction& tx, const base::Guid& id) {
  RESCUE_TRY(auto found, impl::first(tx.connection(),
                                     "SELECT id, name, description, created_at FROM channels WHERE id=?", read, id));
  if (!found) return base::fail(base::Errc::not_found, "channel " + id.text());
  return std::move(*found);
}

base::Result<std::optional<Channel>> find_by_name(ReadTransaction& tx, std::string_view name) {
  return impl::first(tx.connection(), "SELECT id, name, description, created_at FROM channels WHERE name=?", read,
                     name);
}

base::Result<std::vector<Channel>> list(ReadTransaction& tx, const std::optional<base::Guid>& group) {
  if (!group)
    return impl::all(tx.connection(), "SELECT id, name, description, created_at FROM channels ORDER BY name", read);
  return impl::all(tx.connection(),
                   "SELECT c.id, c.name, c.description, c.created_at FROM channel_groups g JOIN channels c ON "
                   "c.id = g.channel_id WHERE g.group_id=? ORDER BY c.name",
                   read, *group);
}

base::Result<std::vector<base::Guid>> groups_of(ReadTransaction& tx, const base::Guid& channel) {
  return impl::all(
      tx.connection(), "SELECT group_id FROM channel_groups WHERE channel_id=? ORDER BY group_id",
      [](Statement& st) { return st.guid(0); }, channel);
}

base::Result<bool> assign(Transaction& tx, const base::Guid& channel, const base::Guid& group) {
  RESCUE_TRY(const auto n, impl::run(tx.connection(),
                                     "INSERT INTO channel_groups (channel_id, group_id) VALUES (?,?) ON CONFLICT DO "
                                     "NOTHING",
                                     channel, group));
  if (n > 0) tx.changed({Change::Kind::channel, channel});
  return n > 0;
}

base::Result<bool> unassign(Transaction& tx, const base::Guid& channel, const base::Guid& group) {
  RESCUE_TRY(const auto n, impl::run(tx.connection(), "DELETE FROM channel_groups WHERE channel_id=? AND group_id=?",
                                     channel, group));
  if (n > 0) tx.changed({Change::Kind::channel, channel});
  return n > 0;
}

}  // namespace rescue::store::channels
