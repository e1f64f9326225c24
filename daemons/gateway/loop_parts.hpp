// SPDX-License-Identifier: Apache-2.0
// What a loop lends to the connections and pairs that live on it. Used by the loop's thread alone.
#pragma once

#include <sys/epoll.h>

#include "base/bytes.hpp"
#include "daemons/gateway/counters.hpp"
#include "daemons/gateway/gathering.hpp"
#include "daemons/gateway/options.hpp"
#include "daemons/gateway/pipe_pool.hpp"
#include "daemons/gateway/timer_wheel.hpp"

namespace rescue::gateway {

/// Whatever an epoll entry points to. Objects stay in memory until the batch of events they may be named in is done.
class EventTarget {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  EventTarget() = default;
  ~EventTarget() = default;
};

inline constexpr std::uint32_t kStreamEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

struct LoopParts {
  int epoll = -1;
  TimerWheel& timers;
  PipePool& pipes;
  Counters& counters;
  Gathering& gathering;
  const DataPlaneOptions& options;
  base::MutableByteView scratch;  // limits.copy_bytes
  base::SteadyTime now;           // of this turn of the loop

  /// False: the kernel has no room for another watch.
  bool watch(int fd, std::uint32_t events, EventTarget* target) const {
    return control(EPOLL_CTL_ADD, fd, events, target);
  }
  /// Events that are already there fire again.
  bool rewatch(int fd, std::uint32_t events, EventTarget* target) const {
    return control(EPOLL_CTL_MOD, fd, events, target);
  }
  void unwatch(int fd) const { control(EPOLL_CTL_DEL, fd, 0, nullptr); }

 private:
  bool control(int operation, int fd, std::uint32_t events, EventTarget* target) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = target;
    return ::epoll_ctl(epoll, operation, fd, &event) == 0;
  }
};

}  // namespace rescue::gateway
