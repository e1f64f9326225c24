// SPDX-License-Identifier: Apache-2.0
#include "session/input_hold.hpp"

#include "session/consent.hpp"

namespace rescue::session {

void InputHold::set(const void* who, bool asking, base::SteadyTime now) {
  const bool changed = asking ? asking_.insert(who).second : asking_.erase(who) != 0;
  if (!changed) return;
  ++version_;
  if (asking_.empty()) until_ = now + kInputHoldAfterPrompt;
}

}  // namespace rescue::session
