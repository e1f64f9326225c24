// SPDX-License-Identifier: Apache-2.0
// What repositories work on. Both kinds live only during the call that got them, on the store's thread that runs the
// call.
#pragma once

#include <cstdint>
#include <vector>

#include "base/guid.hpp"

namespace rescue::store {

namespace impl {
class Connection;
}

/// A consistent snapshot.
class ReadTransaction {
 public:
  explicit ReadTransaction(impl::Connection& connection) : connection_(connection) {}
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  [[nodiscard]] impl::Connection& connection() { return connection_; }

 private:
  impl::Connection& connection_;
};

/// A hint for listeners: something about this row changed; read it for what. Delivered after the commit alone.
struct Change {
  enum class Kind : std::uint8_t { user, group, channel, session, grant, gateway, log };
  Kind kind = Kind::log;
  base::Guid id;  // user, group, channel, session (also for grant), gateway; for log the event's session, or none
  std::int64_t log_id = 0;  // log only
  bool operator==(const Change&) const = default;
};

/// One mutation: all of it is committed, or nothing. It sees its own writes.
class Transaction : public ReadTransaction {
 public:
  using ReadTransaction::ReadTransaction;
  /// Repositories call this; equal neighbours are kept once.
  void changed(Change change) {
    if (changes_.empty() || changes_.back() != change) changes_.push_back(change);
  }
  [[nodiscard]] std::vector<Change> take_changes() { return std::move(changes_); }

 private:
  std::vector<Change> changes_;
};

}  // namespace rescue::store
