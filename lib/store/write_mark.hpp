// SPDX-License-Identifier: Apache-2.0
// Something that must be stored together with whatever a stretch of code stores, without that code knowing of it: that
// a request was carried out.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "store/transaction.hpp"

namespace rescue::store {

/// While one lives, each Store::write_now of its thread also runs `mark` in the same transaction, after a body that
/// succeeded; when `mark` fails nothing is stored. One at a time per thread; on the stack of the thread that made it.
class WriteMark {
 public:
  using Mark = std::function<base::Result<>(Transaction&)>;  // runs on the writer's thread
  explicit WriteMark(Mark mark) : mark_(std::move(mark)), outer_(current_) { current_ = this; }
  ~WriteMark() { current_ = outer_; }
  WriteMark(const WriteMark&) = delete;
  WriteMark& operator=(const WriteMark&) = delete;

  [[nodiscard]] static const WriteMark* current() { return current_; }
  [[nodiscard]] base::Result<> run(Transaction& tx) const { return mark_(tx); }

 private:
  Mark mark_;
  WriteMark* outer_;
  static inline thread_local WriteMark* current_ = nullptr;
};

}  // namespace rescue::store
