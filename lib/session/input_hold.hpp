// SPDX-License-Identifier: Apache-2.0
// Whether the user is being asked something, by any technician: no technician's input is injected meanwhile, nor for
// kInputHoldAfterPrompt after. Shared by the sessions of one machine. Sans-IO, one strand.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/clock.hpp"

namespace rescue::session {

class InputHold {
 public:
  /// `who` is any address that stands for one session.
  void set(const void* who, bool asking, base::SteadyTime now);
  void forget(const void* who, base::SteadyTime now) { set(who, false, now); }
  [[nodiscard]] bool held(base::SteadyTime now) const { return !asking_.empty() || (until_ && now < *until_); }
  /// When what held is over, unless somebody still asks.
  [[nodiscard]] std::optional<base::SteadyTime> until() const { return asking_.empty() ? until_ : std::nullopt; }
  /// Forgets a time that has passed.
  void on_deadline(base::SteadyTime now) {
    if (until_ && now >= *until_) until_.reset();
  }
  /// Changes whenever the others must look again.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  std::set<const void*> asking_;
  std::optional<base::SteadyTime> until_;
  std::uint64_t version_ = 0;
};

}  // namespace rescue::session
