// SPDX-License-Identifier: Apache-2.0
// Two links and a path between them, in memory and in manual time. The path holds at most `capacity` bytes per
// direction, like a socket's buffers, and can be cut at any byte: what lies in it is lost.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "link/frame.hpp"
#include "link/link.hpp"

namespace rescue::link::testing {

inline base::Guid some_id(std::uint8_t n = 7) {
  const base::Bytes b(16, n);
  return *base::Guid::from_bytes(b);
}

inline base::Bytes filled(std::size_t n, std::uint8_t value) { return base::Bytes(n, value); }

struct Pair {
  Link a{some_id()};
  Link b{some_id()};
  base::SteadyTime now{std::chrono::hours(1)};
  PathId path{0};
  base::Bytes to_a, to_b;  // in flight
  std::size_t capacity = 256 * 1024;
  std::vector<MessageArrived> at_a, at_b;
  std::vector<Event> events_a, events_b;
  bool consume = true;

  void up() {
    path += 1;
    to_a.clear();
    to_b.clear();
    a.path_up(path, now);
    b.path_up(path, now);
  }
  void down() {
    a.path_down(path, now);
    b.path_down(path, now);
  }
  /// Fills the pipes with what the links want to say now.
  void write(std::size_t max = 64 * 1024) {
    while (to_b.size() < capacity && a.has_output(path)) {
      const auto bytes = a.poll_output(path, max, now);
      if (bytes.empty()) break;
      base::append(to_b, bytes);
    }
    while (to_a.size() < capacity && b.has_output(path)) {
      const auto bytes = b.poll_output(path, max, now);
      if (bytes.empty()) break;
      base::append(to_a, bytes);
    }
  }
  static void deliver(Link& link, base::Bytes& pipe, std::size_t n, PathId path, base::SteadyTime now) {
    n = std::min(n, pipe.size());
    const auto ok = link.on_bytes(path, base::ByteView(pipe).first(n), now);
    ASSERT_TRUE(ok) << ok.error().message();
    pipe.erase(pipe.begin(), pipe.begin() + static_cast<std::ptrdiff_t>(n));
  }
  void read(std::size_t n_a = SIZE_MAX, std::size_t n_b = SIZE_MAX) {
    deliver(a, to_a, n_a, path, now);
    deliver(b, to_b, n_b, path, now);
    drain();
  }
  void drain() {
    drain(a, at_a, events_a);
    drain(b, at_b, events_b);
  }
  void drain(Link& link, std::vector<MessageArrived>& messages, std::vector<Event>& events) {
    while (auto e = link.poll_event()) {
      if (auto* m = std::get_if<MessageArrived>(&*e)) {
        if (consume) link.consumed(m->channel, m->bytes.size());
        messages.push_back(std::move(*m));
      } else {
        events.push_back(std::move(*e));
      }
    }
  }
  /// Until nothing moves any more; time stands still except for due acknowledgements.
  void settle() {
    for (int i = 0; i < 10'000; ++i) {
      write();
      if (to_a.empty() && to_b.empty()) {
        now += kAckDelay;
        a.on_deadline(now);
        b.on_deadline(now);
        write();
        if (to_a.empty() && to_b.empty()) return;
      }
      read();
    }
    FAIL() << "the pair does not settle";
  }
};

template <typename T>
std::size_t count_of(const std::vector<Event>& events) {
  std::size_t n = 0;
  for (const auto& e : events) n += std::holds_alternative<T>(e) ? 1 : 0;
  return n;
}

}  // namespace rescue::link::testing
