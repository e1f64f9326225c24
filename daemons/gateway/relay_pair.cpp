// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/relay_pair.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rescue::gateway {
namespace {
// A direction is spliced after so many reads of at least half the copy buffer in a row, and copied again when small
// ones add up: splicing a message costs a third more than copying it, but copying bulk costs three times as much as
// splicing it.
constexpr std::uint8_t kBulkStreak = 5;
constexpr std::size_t kSmallSplice = 16 << 10;
constexpr std::uint8_t kSmallSplices = 32;

// Keepalive: first probe after 15 s of silence, then three, 5 s apart.
constexpr int kKeepIdle = 15;
constexpr int kKeepInterval = 5;
constexpr int kKeepCount = 3;

template <typename T>
void set_option(int fd, int level, int name, const T& value) {
  // A socket whose peer is already gone refuses some of these; the next read says so.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}
void reset_on_close(int fd) { set_option(fd, SOL_SOCKET, SO_LINGER, linger{1, 0}); }
}  // namespace

void tune_socket(int fd, const DataPlaneOptions& options) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdle);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepInterval);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepCount);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(options.timeouts.dead_peer.count()));
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(options.limits.unsent_bytes));
}

RelayPair::RelayPair(LoopParts& parts, RelayOwner& owner, Name name, Side zero, Side one)
    : parts_(parts), owner_(owner), name_(name), started_(parts.now), last_byte_(parts.now) {
  Side* sides[] = {&zero, &one};
  for (int i = 0; i < 2; ++i) {
    End& end = ends_[i];
    end.pair = this;
    end.fd = std::move(sides[i]->fd);
    end.lease = std::move(sides[i]->lease);
    end.connected = sides[i]->connected;
    end.readable = end.writable = end.connected;
    if (!sides[i]->first_bytes.empty()) keep(directions_[i], base::as_bytes(sides[i]->first_bytes));
  }
}

void RelayPair::start(bool watched) {
  const auto& timeouts = parts_.options.timeouts;
  const bool connecting = !ends_[0].connected || !ends_[1].connected;
  parts_.timers.arm(*this, parts_.now + (connecting ? timeouts.backend_connect : timeouts.pair_idle));
  for (auto& end : ends_) {
    // An acknowledgement of its own for every message is a third of what reading it costs; delayed, most travel with
    // what comes back.
    set_option(end.fd.get(), IPPROTO_TCP, TCP_QUICKACK, 0);
    const bool ok =
        watched ? parts_.rewatch(end.fd.get(), kStreamEvents, &end) : parts_.watch(end.fd.get(), kStreamEvents, &end);
    if (!ok) return cut(PairEnd::gateway_error);
  }
  run();
}

void RelayPair::End::on_events(std::uint32_t events) {
  if (pair->dead_) return;
  if ((events & EPOLLERR) != 0) return pair->finish(connected ? PairEnd::reset : PairEnd::gateway_error, true);
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) peer_finished = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) readable = true;
  if ((events & EPOLLOUT) != 0) {
    writable = true;
    if (!std::exchange(connected, true))
      pair->parts_.timers.arm(*pair, pair->parts_.now + pair->parts_.options.timeouts.pair_idle);
  }
  if (!pair->queued) pair->run();
}

void RelayPair::run() {
  bool more = pump(0);
  if (!dead_ && pump(1)) more = true;
  if (!dead_ && more) {
    parts_.counters.add(Metric::turns_cut);
    owner_.relay_has_more(*this);
  }
}

// Moves bytes of one direction. True: stopped only because the turn is over.
bool RelayPair::pump(int side) {
  Direction& d = directions_[side];
  End& from = ends_[side];
  End& to = ends_[1 - side];
  std::size_t turn = 0;
  while (turn < parts_.options.limits.turn_bytes) {
    Step step = Step::again;
    if (d.held > 0)
      step = drain(d, to);
    else if (d.finished)
      step = pass_end(d, to);
    else if (!from.readable)
      step = Step::blocked;
    else if (!d.bulk)
      step = copy(d, from, to, turn);
    else
      step = splice_in(d, from, to, turn);
    if (step != Step::again) return false;
  }
  return true;
}

RelayPair::Step RelayPair::drain(Direction& d, End& to) {
  if (!to.writable) {
    set_stalled(d, to.connected);
    return Step::blocked;
  }
  const ssize_t n =
      d.spliced ? ::splice(d.pipe.read.get(), nullptr, to.fd.get(), nullptr, d.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                : ::send(to.fd.get(), d.kept->data() + (d.kept->size() - d.held), d.held, MSG_NOSIGNAL);
  if (n < 0 && errno == EAGAIN) {
    to.writable = false;
    return Step::again;
  }
  if (n < 0 && errno == EINTR) return Step::again;
  if (n <= 0) {
    finish(PairEnd::reset, true);
    return Step::ended;
  }
  d.held -= static_cast<std::size_t>(n);
  if (d.held == 0) {
    set_stalled(d, false);
    if (d.spliced) parts_.pipes.give_back(std::move(d.pipe), true);
    d.spliced = false;
    d.kept.reset();
  }
  return Step::again;
}

RelayPair::Step RelayPair::pass_end(Direction& d, End& to) {
  if (d.done) return Step::blocked;
  d.done = true;
  if (directions_[0].done && directions_[1].done) {
    finish(PairEnd::closed, false);
    return Step::ended;
  }
  ::shutdown(to.fd.get(), SHUT_WR);
  parts_.timers.arm(*this, parts_.now + parts_.options.timeouts.half_closed);
  return Step::blocked;
}

RelayPair::Step RelayPair::copy(Direction& d, End& from, End& to, std::size_t& turn) {
  const ssize_t n = ::recv(from.fd.get(), parts_.scratch.data(), parts_.scratch.size(), 0);
  if (n <= 0) return read_failed(d, from, n);
  const auto got = static_cast<std::size_t>(n);
  turn += got;
  account(d, got);
  d.streak = got >= parts_.scratch.size() / 2 ? static_cast<std::uint8_t>(d.streak + 1) : 0;
  if (d.streak == kBulkStreak) set_bulk(d, to, true);
  // Less than was asked for: nothing is left in the socket (epoll(7), Q9) unless a FIN stands behind it.
  if (got < parts_.scratch.size() && !from.peer_finished) from.readable = false;
  ssize_t sent = to.writable ? ::send(to.fd.get(), parts_.scratch.data(), got, MSG_NOSIGNAL) : 0;
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    finish(PairEnd::reset, true);
    return Step::ended;
  }
  sent = std::max<ssize_t>(sent, 0);
  if (static_cast<std::size_t>(sent) < got) {
    to.writable = false;
    keep(d, parts_.scratch.subspan(static_cast<std::size_t>(sent), got - static_cast<std::size_t>(sent)));
  }
  return Step::again;
}

RelayPair::Step RelayPair::splice_in(Direction& d, End& from, End& to, std::size_t& turn) {
  auto pipe = parts_.pipes.borrow();
  if (!pipe) {
    set_bulk(d, to, false);
    return Step::again;  // copies
  }
  const ssize_t n = ::splice(from.fd.get(), nullptr, pipe->write.get(), nullptr, parts_.options.limits.pipe_bytes,
                             SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n <= 0) {
    const int why = errno;
    parts_.pipes.give_back(*std::move(pipe), true);
    errno = why;
    return read_failed(d, from, n);
  }
  const auto got = static_cast<std::size_t>(n);
  turn += got;
  account(d, got);
  d.pipe = *std::move(pipe);
  d.spliced = true;
  d.held = got;
  if (got >= kSmallSplice)
    d.streak = kSmallSplices;
  else if (--d.streak == 0)
    set_bulk(d, to, false);
  return Step::again;
}

void RelayPair::set_bulk(Direction& d, const End& to, bool bulk) {
  d.bulk = bulk;
  d.streak = bulk ? kSmallSplices : 0;
  const auto& limits = parts_.options.limits;
  set_option(to.fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
             static_cast<int>(bulk ? limits.unsent_bulk_bytes : limits.unsent_bytes));
}

RelayPair::Step RelayPair::read_failed(Direction& d, End& from, ssize_t n) {
  if (n == 0) {
    d.finished = true;
    return Step::again;
  }
  if (errno == EINTR) return Step::again;
  if (errno == EAGAIN) {
    from.readable = false;
    return Step::blocked;
  }
  finish(PairEnd::reset, true);
  return Step::ended;
}

void RelayPair::keep(Direction& d, base::ByteView rest) {
  d.kept = std::make_unique<std::string>(base::as_text(rest));
  d.held = rest.size();
  d.spliced = false;
}

void RelayPair::set_stalled(Direction& d, bool stalled) {
  if (d.stalled != stalled) parts_.counters.add(Metric::stalled, stalled ? 1 : -1);
  d.stalled = stalled;
}

void RelayPair::account(Direction& d, std::size_t n) {
  d.moved += n;
  last_byte_ = parts_.now;
  parts_.gathering.moved(counted_);
  const bool to_console = &d == &directions_[0];
  parts_.counters.add(is_front()   ? Metric::front_bytes
                      : to_console ? Metric::bytes_to_console
                                   : Metric::bytes_to_applet,
                      static_cast<std::int64_t>(n));
}

void RelayPair::on_timer(base::SteadyTime now) {
  if (dead_) return;
  if (!ends_[1].connected) return cut(PairEnd::gateway_error);
  const bool half_closed = directions_[0].done || directions_[1].done;
  const auto& timeouts = parts_.options.timeouts;
  const auto deadline = last_byte_ + (half_closed ? timeouts.half_closed : timeouts.pair_idle);
  if (now < deadline) return parts_.timers.arm(*this, deadline);
  cut(half_closed ? PairEnd::half_closed_too_long : PairEnd::idle);
}

void RelayPair::cut(PairEnd end) {
  if (!dead_) finish(end, true);
}

void RelayPair::finish(PairEnd end, bool reset) {
  dead_ = true;
  TimerWheel::cancel(*this);
  for (auto& d : directions_) {
    set_stalled(d, false);
    parts_.pipes.give_back(std::move(d.pipe), d.held == 0);
    d.kept.reset();
  }
  for (auto& e : ends_) {
    if (reset) reset_on_close(e.fd.get());
    e.fd.reset();
    e.lease.release();
  }
  owner_.relay_ended(*this, end);
}

}  // namespace rescue::gateway
