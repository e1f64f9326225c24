// SPDX-License-Identifier: Apache-2.0
// splice_relay FRONT BACK (ports on 127.0.0.1): the plainest relay that never copies, as a yardstick. Edge-triggered
// epoll, one thread, a pipe of 1 MiB borrowed from a pool while bytes are in flight. No limits, no time-outs, no
// authentication.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

namespace {
constexpr std::size_t kPipeBytes = 1 << 20;
constexpr std::size_t kTurn = 1 << 20;
constexpr std::size_t kPooled = 64;

struct Pipe {
  int r = -1;
  int w = -1;
};
struct Pair;
struct End {
  int fd = -1;
  bool readable = false;
  bool writable = false;
  Pair* pair = nullptr;
};
struct Direction {
  Pipe pipe;
  std::size_t held = 0;
  bool finished = false;
  bool done = false;
};
struct Pair {
  End ends[2];
  Direction directions[2];
  bool dead = false;
  bool queued = false;
};

int epoll;
sockaddr_in back;
std::vector<Pipe> pool;
std::deque<Pair*> queue;
std::vector<Pair*> graves;

Pipe borrow() {
  if (!pool.empty()) {
    const Pipe p = pool.back();
    pool.pop_back();
    return p;
  }
  int f[2];
  if (pipe2(f, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  fcntl(f[0], F_SETPIPE_SZ, kPipeBytes);
  return {f[0], f[1]};
}
void give_back(Pipe& p, bool empty) {
  if (p.r < 0) return;
  if (empty && pool.size() < kPooled) {
    pool.push_back(p);
  } else {
    close(p.r);
    close(p.w);
  }
  p = {};
}
void kill_pair(Pair* p) {
  if (p->dead) return;
  p->dead = true;
  for (auto& d : p->directions) give_back(d.pipe, d.held == 0);
  for (auto& e : p->ends) close(e.fd);
  graves.push_back(p);
}

// True when only the turn is over.
bool pump(Pair* p, int side) {
  Direction& d = p->directions[side];
  End &from = p->ends[side], &to = p->ends[1 - side];
  for (std::size_t moved = 0; moved < kTurn;) {
    if (d.held > 0) {
      if (!to.writable) return false;
      const ssize_t n = splice(d.pipe.r, nullptr, to.fd, nullptr, d.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (n < 0 && errno == EAGAIN) {
        to.writable = false;
      } else if (n <= 0) {
        kill_pair(p);
        return false;
      } else if ((d.held -= static_cast<std::size_t>(n)) == 0) {
        give_back(d.pipe, true);
      }
      continue;
    }
    if (d.finished) {
      if (!d.done) shutdown(to.fd, SHUT_WR);
      d.done = true;
      if (p->directions[0].done && p->directions[1].done) kill_pair(p);
      return false;
    }
    if (!from.readable) return false;
    if (d.pipe.r < 0 && (d.pipe = borrow()).r < 0) {
      kill_pair(p);
      return false;
    }
    const ssize_t n = splice(from.fd, nullptr, d.pipe.w, nullptr, kPipeBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
      d.held = static_cast<std::size_t>(n);
      moved += d.held;
      continue;
    }
    give_back(d.pipe, true);
    if (n == 0) {
      d.finished = true;
    } else if (errno == EAGAIN) {
      from.readable = false;
      return false;
    } else {
      kill_pair(p);
      return false;
    }
  }
  return true;
}
void run(Pair* p) {
  bool more = pump(p, 0);
  if (!p->dead && pump(p, 1)) more = true;
  if (p->dead || !more || p->queued) return;
  p->queued = true;
  queue.push_back(p);
}
void watch(End& e) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &e;
  epoll_ctl(epoll, EPOLL_CTL_ADD, e.fd, &event);
}
void accept_all(int listener) {
  const int on = 1;
  for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    const int to = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(to, reinterpret_cast<sockaddr*>(&back), sizeof back) != 0 && errno != EINPROGRESS) {
      close(fd);
      close(to);
      continue;
    }
    auto* p = new Pair;
    for (int i = 0; i < 2; ++i) {
      p->ends[i].fd = i == 0 ? fd : to;
      p->ends[i].pair = p;
      setsockopt(p->ends[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(p->ends[i]);
    }
  }
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "splice_relay FRONT BACK\n"), 1;
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sockaddr_in front{};
  front.sin_family = AF_INET;
  front.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  back = front;
  front.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  back.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr*>(&front), sizeof front) != 0 || listen(listener, 4096) != 0) {
    std::perror("listen");
    return 1;
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  while (true) {
    epoll_event events[256];
    const int n = epoll_wait(epoll, events, 256, queue.empty() ? -1 : 0);
    for (int i = 0; i < n; ++i) {
      auto* end = static_cast<End*>(events[i].data.ptr);
      if (end == nullptr) {
        accept_all(listener);
        continue;
      }
      Pair* p = end->pair;
      if (p->dead) continue;
      if ((events[i].events & EPOLLERR) != 0) {
        kill_pair(p);
        continue;
      }
      if ((events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) end->readable = true;
      if ((events[i].events & EPOLLOUT) != 0) end->writable = true;
      if (!p->queued) run(p);
    }
    for (std::size_t i = queue.size(); i > 0; --i) {
      Pair* p = queue.front();
      queue.pop_front();
      p->queued = false;
      if (!p->dead) run(p);
    }
    std::erase_if(graves, [](Pair* p) {
      if (p->queued) return false;
      delete p;
      return true;
    });
  }
}
