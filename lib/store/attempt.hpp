// SPDX-License-Identifier: Apache-2.0
// Parts of one mutation that may fail for themselves.
#pragma once

#include "base/result.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

namespace impl {
[[nodiscard]] base::Result<> begin_attempt(Transaction& tx);
[[nodiscard]] base::Result<> end_attempt(Transaction& tx, bool keep);
}  // namespace impl

/// Runs `body` so that, when it fails, what it wrote is undone and the rest of the mutation stays. Its error comes
/// back. Changes that it noted stay noted: they are hints. May be nested.
template <typename F>
auto attempt(Transaction& tx, F body) -> std::invoke_result_t<F&> {
  if (auto begun = impl::begin_attempt(tx); !begun) return base::fail(begun.error());
  auto outcome = body();
  if (auto ended = impl::end_attempt(tx, outcome.has_value()); !ended) return base::fail(ended.error());
  return outcome;
}

/// False when the database undid the whole mutation by itself (disk full, I/O error): nothing more may be written in
/// it.
[[nodiscard]] bool is_open(Transaction& tx);

}  // namespace rescue::store
