// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/pipe_pool.hpp"

#include <fcntl.h>

namespace rescue::gateway {
namespace {
// After the kernel said no, so many bulk reads copy before it is asked again: asking costs four system calls.
constexpr std::size_t kSkipAfterRefusal = 1024;
}  // namespace

PipePool::PipePool(std::size_t pipe_bytes, std::size_t most, Counters& counters)
    : pipe_bytes_(pipe_bytes), most_(most), counters_(counters) {}

std::optional<Pipe> PipePool::borrow() {
  if (!idle_.empty()) {
    Pipe out = std::move(idle_.back());
    idle_.pop_back();
    return out;
  }
  if (existing_ >= most_) return std::nullopt;
  if (skip_ > 0) {
    --skip_;
    return std::nullopt;
  }
  auto out = make();
  if (!out) {
    counters_.add(Metric::pipes_refused);
    skip_ = kSkipAfterRefusal;
    return std::nullopt;
  }
  ++existing_;
  counters_.add(Metric::pipes);
  return out;
}

std::optional<Pipe> PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  Pipe out{Fd(ends[0]), Fd(ends[1])};
  // Past pipe-user-pages-soft an unprivileged process gets pipes of 8 kB and EPERM here; those are slower than copying.
  if (::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(pipe_bytes_)) < static_cast<int>(pipe_bytes_))
    return std::nullopt;
  return out;
}

void PipePool::give_back(Pipe pipe, bool empty) {
  if (!pipe.is_open()) return;
  if (empty) {
    idle_.push_back(std::move(pipe));
  } else {
    --existing_;
    counters_.add(Metric::pipes, -1);
  }
}

}  // namespace rescue::gateway
