// SPDX-License-Identifier: Apache-2.0
// The schema as numbered steps forward. A released step is never changed: a new one follows it.
#pragma once

#include <span>

#include "store/impl/sqlite.hpp"

namespace rescue::store::impl {

/// "RSCU", PRAGMA application_id: the file is ours.
inline constexpr std::int64_t kApplicationId = 0x52534355;

struct Migration {
  int version;            // 1, 2, 3, … without holes
  std::string_view name;  // for the log
  const char* sql;
};
[[nodiscard]] std::span<const Migration> migrations();

/// Brings the database to the last version of `steps`, each step in a transaction of its own: a step that fails leaves
/// the version before it. newer_schema, not_ours; no_space, corrupt and io as they come.
[[nodiscard]] base::Result<> migrate(Connection& c, std::span<const Migration> steps);
[[nodiscard]] base::Result<int> schema_version(Connection& c);

}  // namespace rescue::store::impl
