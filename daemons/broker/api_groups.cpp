// SPDX-License-Identifier: Apache-2.0
// Groups and channels.
#include <algorithm>

#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_groups.hpp"
#include "daemons/broker/views_groups.hpp"
#include "store/channels.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace groups = directory::groups;
namespace channels = directory::channels;
using directory::Object;
using directory::Reach;
using directory::Verb;
namespace {

/// What happens to one group or channel in one transaction, and how it looks afterwards.
template <typename F>
Answer with_group(Services& s, Call& c, Verb verb, F change) {
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto named, named_group(tx, c, c.request.param("group"), verb));
    RESCUE_TRY(const auto group, change(tx, named));
    return group_view(tx, group);
  }));
  return Reply{.body = json::object{{"group", std::move(view)}}};
}

groups::Bounds bounds_of(const Call& c) {
  return directory::reach(c.who(), Verb::group_manage) == Reach::any ? groups::Bounds::any : groups::Bounds::tighten;
}

/// The channel of the path, for whom it or one of its groups is within reach; who reaches only some channels is not
/// told which others there are.
base::Result<store::Channel> named_channel(store::ReadTransaction& tx, const Call& c, Verb verb) {
  auto channel = channels::find(tx, c.request.param("channel"));
  if (!channel && channel.error().code == directory::Errc::channel_not_found)
    RESCUE_CHECK(directory::authorize(c.who(), verb));
  if (!channel) return channel;
  RESCUE_TRY(const auto assigned, store::channels::groups_of(tx, channel->id));
  const bool own = std::ranges::find(assigned, c.who().group) != assigned.end();
  RESCUE_CHECK(directory::authorize(c.who(), verb, own ? Object({}, c.who().group) : Object()));
  return channel;
}

template <typename F>
Answer with_channel(Services& s, Call& c, F change) {
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto named, named_channel(tx, c, Verb::channel_manage));
    RESCUE_TRY(const store::Channel channel, change(tx, named));
    return channel_view(tx, channel, {});
  }));
  return Reply{.body = json::object{{"channel", std::move(view)}}};
}

/// The one group that the caller may know of, or none: all.
std::optional<base::Guid> only_group(const Call& c, Verb verb) {
  if (directory::reach(c.who(), verb) == Reach::any) return std::nullopt;
  return c.who().group;
}

using Assignment = base::Result<> (*)(store::Transaction&, const store::Channel&, const store::Group&,
                                      const directory::By&, base::WallTime);
Answer assign(Services& s, Call& c, Assignment assignment) {
  RESCUE_TRY(const auto name, read_group_name(c.request.body));
  return with_channel(s, c, [&](store::Transaction& tx, const store::Channel& channel) -> base::Result<store::Channel> {
    RESCUE_TRY(const auto group, groups::find(tx, name));
    RESCUE_CHECK(assignment(tx, channel, group, c.by(), c.now));
    return channel;
  });
}

}  // namespace

Answer list_groups(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {}));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::array> {
    RESCUE_TRY(const auto all, store::groups::list(tx));
    const auto only = only_group(c, Verb::group_list);
    json::array views;
    for (const auto& group : all) {
      if (only && group.id != *only) continue;
      RESCUE_TRY(auto view, group_view(tx, group));
      views.push_back(std::move(view));
    }
    return views;
  }));
  return Reply{.body = json::object{{"groups", std::move(out)}}};
}

Answer create_group(Services& s, Call& c) {
  RESCUE_TRY(const auto wanted, read_new_group(c.request.body));
  const auto id = base::Guid::random(s.random);
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::group_manage));
    RESCUE_TRY(const auto group, groups::create(tx, id, wanted, c.by(), c.now));
    return group_view(tx, group);
  }));
  return Reply{.status = 201, .body = json::object{{"group", std::move(view)}}};
}

Answer get_group(Services& s, Call& c) {
  RESCUE_TRY(auto view, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto group, named_group(tx, c, c.request.param("group"), Verb::group_list));
    return group_view(tx, group);
  }));
  return Reply{.body = json::object{{"group", std::move(view)}}};
}

Answer change_group(Services& s, Call& c) {
  RESCUE_TRY(const auto wanted, read_group_change(c.request.body));
  return with_group(s, c, Verb::group_manage, [&](store::Transaction& tx, const store::Group& group) {
    return groups::change(tx, group.id, wanted, c.by(), c.now, bounds_of(c));
  });
}

Answer remove_group(Services& s, Call& c) {
  const auto removed = s.store->write_now([&](store::Transaction& tx) -> base::Result<> {
    // Nobody's in particular: a group's own administrator does not remove it.
    RESCUE_CHECK(directory::authorize(c.who(), Verb::group_manage));
    RESCUE_TRY(const auto group, groups::find(tx, c.request.param("group")));
    return groups::remove(tx, group.id, c.by(), c.now);
  });
  if (!removed) return base::fail(removed.error());
  return Reply{};
}

Answer grant_permissions(Services& s, Call& c) {
  RESCUE_TRY(const auto permissions, read_permissions(c.request.body));
  return with_group(s, c, Verb::group_manage, [&](store::Transaction& tx, const store::Group& group) {
    return groups::grant(tx, group.id, permissions, {}, c.by(), c.now, bounds_of(c));
  });
}

Answer revoke_permissions(Services& s, Call& c) {
  RESCUE_TRY(const auto permissions, read_permissions(c.request.body));
  return with_group(s, c, Verb::group_manage, [&](store::Transaction& tx, const store::Group& group) {
    return groups::grant(tx, group.id, {}, permissions, c.by(), c.now, bounds_of(c));
  });
}

Answer list_channels(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {}));
  RESCUE_TRY(auto out, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::array> {
    const auto only = only_group(c, Verb::channel_list);
    RESCUE_TRY(const auto all, store::channels::list(tx, only));
    json::array views;
    for (const auto& channel : all) {
      RESCUE_TRY(auto view, channel_view(tx, channel, only));
      views.push_back(std::move(view));
    }
    return views;
  }));
  return Reply{.body = json::object{{"channels", std::move(out)}}};
}

Answer create_channel(Services& s, Call& c) {
  RESCUE_TRY(auto wanted, read_new_channel(c.request.body));
  wanted.id = base::Guid::random(s.random);
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_CHECK(directory::authorize(c.who(), Verb::channel_manage));
    RESCUE_TRY(const auto channel, channels::create(tx, wanted, c.by(), c.now));
    return channel_view(tx, channel, {});
  }));
  return Reply{.status = 201, .body = json::object{{"channel", std::move(view)}}};
}

Answer get_channel(Services& s, Call& c) {
  RESCUE_TRY(auto view, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto channel, named_channel(tx, c, Verb::channel_list));
    return channel_view(tx, channel, only_group(c, Verb::channel_list));
  }));
  return Reply{.body = json::object{{"channel", std::move(view)}}};
}

Answer change_channel(Services& s, Call& c) {
  RESCUE_TRY(const auto wanted, read_channel_change(c.request.body));
  return with_channel(s, c, [&](store::Transaction& tx, const store::Channel& channel) {
    return channels::change(tx, channel.id, wanted, c.by(), c.now);
  });
}

Answer remove_channel(Services& s, Call& c) {
  const auto removed = s.store->write_now([&](store::Transaction& tx) -> base::Result<> {
    RESCUE_TRY(const auto channel, named_channel(tx, c, Verb::channel_manage));
    return channels::remove(tx, channel.id, c.by(), c.now);
  });
  if (!removed) return base::fail(removed.error());
  return Reply{};
}

Answer assign_channel(Services& s, Call& c) { return assign(s, c, channels::assign); }
Answer unassign_channel(Services& s, Call& c) { return assign(s, c, channels::unassign); }

}  // namespace rescue::broker
