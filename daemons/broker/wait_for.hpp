// SPDX-License-Identifier: Apache-2.0
// For handlers in the slow lane, which is there to wait.
#pragma once

#include <future>

#include "base/result.hpp"

namespace rescue::broker {

/// The result of something that hands it to a callback.
template <typename T, typename Start>
base::Result<T> wait_for(Start start) {
  std::promise<base::Result<T>> promise;
  auto future = promise.get_future();
  start([&promise](base::Result<T> result) { promise.set_value(std::move(result)); });
  return future.get();
}

}  // namespace rescue::broker
