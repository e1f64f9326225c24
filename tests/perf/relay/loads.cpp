// SPDX-License-Identifier: Apache-2.0
#include "loads.hpp"

#include <cerrno>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace rescue::perf {
namespace {
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kPeriod = (1 << 20) + 7;  // of the pattern: no power of two, so that a shifted byte shows

const std::vector<char>& pattern() {
  static const std::vector<char> bytes = [] {
    std::vector<char> out(kPeriod + kBlock);
    std::uint32_t x = 1;
    for (std::size_t i = 0; i < kPeriod; ++i) {
      x = x * 1664525U + 1013904223U;
      out[i] = static_cast<char>(x >> 24);
    }
    std::copy_n(out.begin(), kBlock, out.begin() + kPeriod);
    return out;
  }();
  return bytes;
}
void set_blocking(int fd, bool blocking) {
  const int flags = ::fcntl(fd, F_GETFL, 0);
  ::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}
std::vector<SocketPair> make_pairs(PairSource& source, unsigned n) {
  std::vector<SocketPair> out;
  for (unsigned i = 0; i < n; ++i) out.push_back(source.make());
  return out;
}

// One direction at full speed. Ends: writer in `a`, reader in `b`.
struct Stream {
  int a;
  int b;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;

  void write() {
    for (int i = 0; i < 4; ++i) {
      const ssize_t n = ::send(a, pattern().data() + sent % kPeriod, kBlock, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) die("a pair broke while it was written to");
      sent += static_cast<std::uint64_t>(n);
    }
  }
  void read(std::vector<char>& buffer, bool verify) {
    for (int i = 0; i < 4; ++i) {
      const ssize_t n = ::recv(b, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) die("a pair broke while it was read from");
      if (verify && std::memcmp(buffer.data(), pattern().data() + received % kPeriod, static_cast<std::size_t>(n)) != 0)
        die(fmt::format("wrong bytes after {}", received));
      received += static_cast<std::uint64_t>(n);
    }
  }
};
}  // namespace

Cost cost_of(pid_t process) {
  Cost out;
  clockid_t clock{};
  timespec t{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &t) != 0) die("the relay is gone");
  out.cpu_s = static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) out.resident_kb = std::stod(line.substr(6));
  }
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", process))) {
    static_cast<void>(entry);
    ++out.descriptors;
  }
  return out;
}

Bulk run_bulk(PairSource& source, pid_t relay, unsigned pairs, double seconds, bool verify) {
  const auto sockets = make_pairs(source, pairs);
  std::vector<Stream> streams;
  for (const auto& s : sockets) streams.push_back({s.a.get(), s.b.get()});
  const gateway::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (std::size_t i = 0; i < streams.size(); ++i) {
    for (const bool writer : {true, false}) {
      epoll_event e{};
      e.events = writer ? EPOLLOUT : EPOLLIN;
      e.data.u64 = i * 2 + (writer ? 1 : 0);
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, writer ? streams[i].a : streams[i].b, &e);
    }
  }
  std::vector<char> buffer(kBlock);
  const auto before = cost_of(relay);
  const auto start = Clock::now();
  while (Seconds(Clock::now() - start).count() < seconds) {
    epoll_event events[64];
    const int n = ::epoll_wait(epoll.get(), events, 64, 100);
    for (int i = 0; i < n; ++i) {
      Stream& s = streams[events[i].data.u64 / 2];
      if (events[i].data.u64 % 2 == 1)
        s.write();
      else
        s.read(buffer, verify);
    }
  }
  Bulk out;
  out.seconds = Seconds(Clock::now() - start).count();
  out.relay_cpu_s = cost_of(relay).cpu_s - before.cpu_s;
  for (const auto& s : streams) out.gigabytes += static_cast<double>(s.received) / 1e9;
  return out;
}

namespace {
// Until the time is over or `stop`; how many messages were sent.
std::uint64_t talk(const std::vector<SocketPair>& sockets, double seconds, const std::atomic<bool>& stop) {
  constexpr int kRate = 20;
  constexpr std::size_t kBig = 2048, kSmall = 40;
  std::vector<char> buffer(kBlock);
  std::uint64_t messages = 0;
  const auto start = Clock::now();
  // Spread over the period, so that the relay never sees them all at once. Messages of one period are taken in the
  // next.
  const double rate = kRate * static_cast<double>(sockets.size());
  const auto total = static_cast<std::uint64_t>(seconds * rate);
  for (std::uint64_t i = 0; i < total && !stop; ++i) {
    std::this_thread::sleep_until(start +
                                  std::chrono::duration_cast<Clock::duration>(Seconds(static_cast<double>(i) / rate)));
    const auto& pair = sockets[i % sockets.size()];
    const bool both = i / sockets.size() % 2 == 0;
    while (::recv(pair.a.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
    }
    while (::recv(pair.b.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
    }
    if (::send(pair.b.get(), pattern().data(), kBig, MSG_NOSIGNAL) <= 0) die("a pair broke");
    if (both && ::send(pair.a.get(), pattern().data(), kSmall, MSG_NOSIGNAL) <= 0) die("a pair broke");
    messages += both ? 2 : 1;
  }
  return messages;
}
}  // namespace

Messages run_messages(PairSource& source, pid_t relay, unsigned pairs, double seconds) {
  const auto sockets = make_pairs(source, pairs);
  Messages out;
  const auto before = cost_of(relay);
  out.messages = talk(sockets, seconds, false);
  out.relay_cpu_s = cost_of(relay).cpu_s - before.cpu_s;
  return out;
}

RoundTrips run_ping(PairSource& source, unsigned talking, double seconds) {
  const auto sockets = make_pairs(source, talking);
  const auto pair = source.make();
  std::atomic<bool> stop{false};
  std::thread talker([&] {
    if (talking > 0) talk(sockets, 2 * seconds, stop);
  });
  std::vector<double> us;
  char bytes[64] = {};
  for (const auto start = Clock::now(); Seconds(Clock::now() - start).count() < seconds;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto sent = Clock::now();
    for (const auto& [from, to] : {std::pair(pair.a.get(), pair.b.get()), std::pair(pair.b.get(), pair.a.get())}) {
      if (::send(from, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes ||
          ::recv(to, bytes, sizeof bytes, MSG_WAITALL) != sizeof bytes)
        die("the pinging pair broke");
    }
    us.push_back(Seconds(Clock::now() - sent).count() * 1e6);
  }
  stop = true;
  talker.join();
  std::ranges::sort(us);
  return {us[us.size() / 2], us[us.size() * 99 / 100]};
}

Setup run_setup(PairSource& source, pid_t relay, unsigned pairs, unsigned threads) {
  const auto before = cost_of(relay);
  const auto start = Clock::now();
  std::atomic<unsigned> left{pairs};
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (unsigned now = left.load(); now > 0;) {
        if (!left.compare_exchange_weak(now, now - 1)) continue;
        const auto pair = source.make();
        for (const auto& [from, to] : {std::pair(pair.a.get(), pair.b.get()), std::pair(pair.b.get(), pair.a.get())}) {
          char byte = 'x';
          if (::send(from, &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(to, &byte, 1, MSG_WAITALL) != 1)
            die("a fresh pair is broken");
        }
        now = left.load();
      }
    });
  }
  for (auto& w : workers) w.join();
  return {pairs, Seconds(Clock::now() - start).count(), cost_of(relay).cpu_s - before.cpu_s};
}

Idle run_idle(PairSource& source, pid_t relay, unsigned pairs) {
  { const auto warm_up = make_pairs(source, 20); }
  const auto empty = cost_of(relay);
  const auto sockets = make_pairs(source, pairs);
  Idle out;
  const auto full = cost_of(relay);
  out.fresh_kb = (full.resident_kb - empty.resident_kb) / pairs;
  out.descriptors = static_cast<double>(full.descriptors - empty.descriptors) / pairs;
  std::vector<char> buffer(64 << 10);
  for (const auto& pair : sockets) {
    for (const auto& [from, to] : {std::pair(pair.a.get(), pair.b.get()), std::pair(pair.b.get(), pair.a.get())}) {
      std::thread writer([&, f = from] {
        if (::send(f, pattern().data(), buffer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(buffer.size()))
          die("a pair broke");
      });
      if (::recv(to, buffer.data(), buffer.size(), MSG_WAITALL) != static_cast<ssize_t>(buffer.size()))
        die("a pair broke");
      writer.join();
    }
  }
  out.used_kb = (cost_of(relay).resident_kb - empty.resident_kb) / pairs;
  return out;
}

double run_waiting(PairSource& source, pid_t relay, unsigned ends) {
  { const auto warm_up = make_pairs(source, 20); }
  const double empty = cost_of(relay).resident_kb;
  std::vector<std::shared_ptr<void>> waiting;
  for (unsigned i = 0; i < ends; ++i) waiting.push_back(source.wait_one());
  return (cost_of(relay).resident_kb - empty) / ends;
}

}  // namespace rescue::perf
