// SPDX-License-Identifier: Apache-2.0
// Pipes for splice(2), lent to a direction only while bytes are in flight. One loop, one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "daemons/gateway/counters.hpp"
#include "daemons/gateway/fd.hpp"

namespace rescue::gateway {

struct Pipe {
  Fd read;
  Fd write;
  [[nodiscard]] bool is_open() const { return read.is_open(); }
};

class PipePool {
 public:
  PipePool(std::size_t pipe_bytes, std::size_t most, Counters& counters);
  /// nullopt: all are lent, or the kernel gives no more of this size; the caller copies instead.
  [[nodiscard]] std::optional<Pipe> borrow();
  /// `empty`: nothing is left in it. Any other pipe is closed.
  void give_back(Pipe pipe, bool empty);

 private:
  [[nodiscard]] std::optional<Pipe> make();
  std::size_t pipe_bytes_;
  std::size_t most_;
  std::size_t existing_ = 0;
  std::size_t skip_ = 0;  // borrows to refuse without asking the kernel again
  std::vector<Pipe> idle_;
  Counters& counters_;
};

}  // namespace rescue::gateway
