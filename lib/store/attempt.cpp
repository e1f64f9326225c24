// SPDX-License-Identifier: Apache-2.0
#include "store/attempt.hpp"

#include "store/impl/sqlite.hpp"

namespace rescue::store {
namespace impl {

base::Result<> begin_attempt(Transaction& tx) {
  // Outside of a transaction a savepoint would begin one, and its release commit it.
  if (!is_open(tx)) return base::fail(base::Errc::internal, "the transaction has ended early");
  return tx.connection().script("SAVEPOINT attempt");
}

base::Result<> end_attempt(Transaction& tx, bool keep) {
  if (!is_open(tx)) {
    if (!keep) return {};  // the body's own error says why
    return base::fail(base::Errc::internal, "the transaction has ended early");
  }
  return tx.connection().script(keep ? "RELEASE attempt" : "ROLLBACK TO attempt; RELEASE attempt");
}

}  // namespace impl

bool is_open(Transaction& tx) { return !tx.connection().in_autocommit(); }

}  // namespace rescue::store
