// SPDX-License-Identifier: Apache-2.0
// Channels: shared queues that groups are assigned to. Each function is one mutation with its log event, or a question;
// who may call it is authorization.hpp's business.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::channels {

inline constexpr std::size_t kMaxChannels = 2000;

struct NewChannel {
  base::Guid id;
  std::string name;  // unique; no text that reads as an id
  std::string description = {};
};
/// name_taken, invalid_argument, conflict beyond kMaxChannels.
[[nodiscard]] base::Result<store::Channel> create(store::Transaction& tx, const NewChannel& channel, const By& by,
                                                  base::WallTime now);
/// By GUID text or name. channel_not_found.
[[nodiscard]] base::Result<store::Channel> find(store::ReadTransaction& tx, std::string_view id_or_name);

struct Change {
  std::optional<std::string> name;
  std::optional<std::string> description;
};
/// Nothing is logged where nothing differs; so with assign and unassign.
[[nodiscard]] base::Result<store::Channel> change(store::Transaction& tx, const base::Guid& id, const Change& change,
                                                  const By& by, base::WallTime now);
/// Its groups lose it. channel_in_use while live sessions are in it or on their way to it.
[[nodiscard]] base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now);

[[nodiscard]] base::Result<> assign(store::Transaction& tx, const store::Channel& channel, const store::Group& group,
                                    const By& by, base::WallTime now);
[[nodiscard]] base::Result<> unassign(store::Transaction& tx, const store::Channel& channel, const store::Group& group,
                                      const By& by, base::WallTime now);

}  // namespace rescue::directory::channels
