// SPDX-License-Identifier: Apache-2.0
#include "directory/channels.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "directory/groups.hpp"
#include "directory/impl/changes.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/names.hpp"
#include "store/channels.hpp"
#include "store/sessions.hpp"

namespace rescue::directory::channels {
namespace {
using store::Channel;
using store::EventType;

base::Result<Channel> get(store::ReadTransaction& tx, const base::Guid& id) {
  auto channel = store::channels::get(tx, id);
  if (!channel && channel.error().code == base::Errc::not_found) return base::fail(Errc::channel_not_found, id.text());
  return channel;
}

base::Error name_or(const base::Error& e, std::string_view name) {
  if (e.code == base::Errc::conflict) return {Errc::name_taken, fmt::format("channel '{}'", name)};
  return e;
}

impl::Json about(const Channel& channel) {
  impl::Json data;
  data.add("channel", channel.id.text()).add("name", channel.name);
  return data;
}

base::Result<> record_group(store::Transaction& tx, EventType type, const Channel& channel, const store::Group& group,
                            const By& by, base::WallTime now) {
  auto data = about(channel);
  data.add("group", group.name);
  return impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data.add(by))}, now);
}

base::Result<impl::Changes> apply(Channel& channel, const Change& wanted) {
  if (wanted.name) RESCUE_CHECK(impl::check_name(*wanted.name, "name"));
  if (wanted.description)
    RESCUE_CHECK(impl::check_optional_line(*wanted.description, "description", groups::kMaxDescriptionBytes));
  impl::Changes changes;
  changes.set("name", channel.name, wanted.name);
  changes.set("description", channel.description, wanted.description);
  return changes;
}
}  // namespace

base::Result<Channel> create(store::Transaction& tx, const NewChannel& wanted, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto all, store::channels::list(tx));
  if (all.size() >= kMaxChannels)
    return base::fail(base::Errc::conflict,
                      fmt::format("there are {} channels, as many as there can be", kMaxChannels));
  Channel channel;
  channel.id = wanted.id;
  channel.created_at = now;
  RESCUE_TRY(const auto changes, apply(channel, {wanted.name, wanted.description}));
  if (channel.name.empty()) return base::fail(base::Errc::invalid_argument, "name: a channel needs one");
  if (auto done = store::channels::insert(tx, channel); !done) return base::fail(name_or(done.error(), channel.name));
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::channel_created, .actor = by.actor, .data = about(channel).add(by)}, now));
  return channel;
}

base::Result<Channel> find(store::ReadTransaction& tx, std::string_view id_or_name) {
  if (const auto id = base::Guid::parse(id_or_name)) return get(tx, *id);
  RESCUE_TRY(auto channel, store::channels::find_by_name(tx, id_or_name));
  if (!channel) return base::fail(Errc::channel_not_found, fmt::format("'{}'", base::to_display_text(id_or_name)));
  return std::move(*channel);
}

base::Result<Channel> change(store::Transaction& tx, const base::Guid& id, const Change& wanted, const By& by,
                             base::WallTime now) {
  RESCUE_TRY(const auto before, get(tx, id));
  auto channel = before;
  RESCUE_TRY(const auto changes, apply(channel, wanted));
  if (channel == before) return channel;
  if (auto done = store::channels::update(tx, channel); !done) return base::fail(name_or(done.error(), channel.name));
  auto data = about(before);
  data.add_json("changes", changes.text());
  RESCUE_CHECK(
      impl::record(tx, {.type = EventType::channel_changed, .actor = by.actor, .data = std::move(data.add(by))}, now));
  return channel;
}

base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now) {
  RESCUE_TRY(const auto channel, get(tx, id));
  RESCUE_TRY(const auto waiting, store::sessions::count_in_channel(tx, id));
  if (waiting > 0) return base::fail(Errc::channel_in_use, fmt::format("'{}': {}", channel.name, waiting));
  RESCUE_CHECK(store::channels::remove(tx, id));
  return impl::record(tx, {.type = EventType::channel_removed, .actor = by.actor, .data = about(channel).add(by)}, now);
}

base::Result<> assign(store::Transaction& tx, const Channel& channel, const store::Group& group, const By& by,
                      base::WallTime now) {
  RESCUE_TRY(const bool fresh, store::channels::assign(tx, channel.id, group.id));
  if (!fresh) return {};
  return record_group(tx, EventType::channel_assigned, channel, group, by, now);
}

base::Result<> unassign(store::Transaction& tx, const Channel& channel, const store::Group& group, const By& by,
                        base::WallTime now) {
  RESCUE_TRY(const bool was, store::channels::unassign(tx, channel.id, group.id));
  if (!was) return {};
  return record_group(tx, EventType::channel_unassigned, channel, group, by, now);
}

}  // namespace rescue::directory::channels
