// SPDX-License-Identifier: Apache-2.0
// Channels and the groups that are assigned to them.
#pragma once

#include "base/result.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::store::channels {

/// conflict when another channel has this name.
[[nodiscard]] base::Result<> insert(Transaction& tx, const Channel& channel);
/// not_found, conflict.
[[nodiscard]] base::Result<> update(Transaction& tx, const Channel& channel);
/// not_found. Its assignments go with it.
[[nodiscard]] base::Result<> remove(Transaction& tx, const base::Guid& id);
/// not_found.
[[nodiscard]] base::Result<Channel> get(ReadTransaction& tx, const base::Guid& id);
[[nodiscard]] base::Result<std::optional<Channel>> find_by_name(ReadTransaction& tx, std::string_view name);
/// All, by name; of one group only when it is given.
[[nodiscard]] base::Result<std::vector<Channel>> list(ReadTransaction& tx,
                                                      const std::optional<base::Guid>& group = std::nullopt);
/// Ids of the channel's groups.
[[nodiscard]] base::Result<std::vector<base::Guid>> groups_of(ReadTransaction& tx, const base::Guid& channel);
/// True when it was not assigned before. not_found for an unknown channel or group.
[[nodiscard]] base::Result<bool> assign(Transaction& tx, const base::Guid& channel, const base::Guid& group);
/// True when it was assigned.
[[nodiscard]] base::Result<bool> unassign(Transaction& tx, const base::Guid& channel, const base::Guid& group);

}  // namespace rescue::store::channels
