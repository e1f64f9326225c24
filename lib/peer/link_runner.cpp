// SPDX-License-Identifier: Apache-2.0
#include "peer/link_runner.hpp"

#include "base/assert.hpp"
#include "net/timeout.hpp"
#include "peer/limits.hpp"

namespace rescue::peer {

namespace asio = boost::asio;

/// One connection under the link; shared by its writer (run_path), its reader and whoever replaces it.
struct LinkRunner::Path {
  Path(const asio::any_io_executor& ex, std::unique_ptr<net::ByteStream> s, link::PathId i)
      : stream(std::move(s)), id(i), writable(ex) {}
  std::unique_ptr<net::ByteStream> stream;
  link::PathId id;
  net::Signal writable;  // the link may have something to send, the path is over, or its reader ended
  std::optional<PathEnd> end;
  bool reading = false;

  void finish(PathEnd::Kind kind, std::optional<base::Error> error = std::nullopt) {
    if (end) return;
    end.emplace();
    end->kind = kind;
    end->error = std::move(error);
    if (kind != PathEnd::Kind::link_over) stream->close();  // the close frame still has to go out
    writable.notify();
  }
};

struct LinkRunner::Impl {
  Impl(asio::any_io_executor ex, link::Link l, LinkUser u, base::Clock& c)
      : executor(std::move(ex)), link(std::move(l)), user(std::move(u)), clock(c), time(executor) {}

  asio::any_io_executor executor;
  link::Link link;
  LinkUser user;
  base::Clock& clock;
  net::Signal time;                              // a deadline came nearer, or the link is over
  std::optional<base::SteadyTime> asleep_until;  // of keep_time; nothing: until `time`
  std::shared_ptr<Path> path;                    // the one that runs
  std::uint32_t next_path = 1;
  std::optional<link::LinkClosed> closed;
  bool pumping = false;
  bool kicked = false;

  [[nodiscard]] session::Now now() const { return session::Now::of(clock); }

  /// Lets link and core act on each other until both are quiet, then wakes writer and clock.
  void pump() {
    if (!user.pump) return;  // retired
    if (pumping) {
      kicked = true;
      return;
    }
    pumping = true;
    do {
      kicked = false;
      if (closed) break;
      auto result = user.pump(link, now());
      if (result.path_dead && path) {
        auto dead = path;
        lose(dead, base::Error(base::Errc::timed_out, "no sign of life from the other end"));
      }
      if (result.closed) {
        closed = std::move(result.closed);
        if (path) path->finish(PathEnd::Kind::link_over);
      }
    } while (kicked);
    pumping = false;
    if (path) path->writable.notify();
    const auto deadline = next_deadline();
    if (closed || (deadline && (!asleep_until || *deadline < *asleep_until))) time.notify();
  }

  void lose(const std::shared_ptr<Path>& p, base::Error error) {
    p->finish(PathEnd::Kind::lost, std::move(error));
    detach(p);
  }

  /// The link learns that a path is gone; nothing happens for one that was replaced.
  void detach(const std::shared_ptr<Path>& p) {
    if (path != p) return;
    path.reset();
    link.path_down(p->id, clock.steady());
    pump();
  }

  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const {
    auto a = link.next_deadline();
    const auto b = user.next_deadline ? user.next_deadline() : std::nullopt;
    return !a ? b : !b ? a : std::min(*a, *b);
  }
};

LinkRunner::LinkRunner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinkRunner::~LinkRunner() = default;

std::shared_ptr<LinkRunner> LinkRunner::create(asio::any_io_executor executor, link::Link link, LinkUser user,
                                               base::Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(executor), std::move(link), std::move(user), clock);
  return std::shared_ptr<LinkRunner>(new LinkRunner(std::move(impl)));
}

void LinkRunner::kick() {
  if (impl_->pumping) {
    impl_->kicked = true;
    return;
  }
  // Posted: whoever kicks is often inside the core.
  net::post_on(impl_->executor, [self = shared_from_this()] { self->impl_->pump(); });
}

void LinkRunner::retire() {
  if (!impl_->closed) impl_->closed.emplace();
  impl_->user = LinkUser();
  impl_->time.notify();
}

bool LinkRunner::over() const { return impl_->closed.has_value(); }
const std::optional<link::LinkClosed>& LinkRunner::closed() const { return impl_->closed; }
link::Link& LinkRunner::link() { return impl_->link; }

asio::awaitable<void> LinkRunner::keep_time(std::shared_ptr<LinkRunner> self) {
  auto& s = *self->impl_;
  while (!s.closed) {
    const auto deadline = s.next_deadline();
    s.asleep_until = deadline;
    if (!deadline) {
      co_await s.time.wait();
      continue;
    }
    if (s.clock.steady() < *deadline) {
      // The clock given may stand still (tests); real time passes only through the timer.
      const auto real = std::chrono::steady_clock::now() + (*deadline - s.clock.steady());
      if (const bool moved = co_await s.time.wait_until(real); moved) continue;
    }
    s.link.on_deadline(s.clock.steady());
    s.pump();
    // A deadline that stays due after it was served must not spin.
    if (const auto again = s.next_deadline(); again && *again <= s.clock.steady()) {
      auto breath = net::sleep_for(std::chrono::milliseconds(1));
      (void)co_await std::move(breath);
    }
  }
}

namespace {

/// Feeds the link; ends with the path.
asio::awaitable<std::optional<base::Error>> read_on(net::ByteStream& stream,
                                                    const std::function<bool(base::ByteView)>& take) {
  base::Bytes buffer(kReadMax);
  for (;;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n) co_return n.error();
    if (*n == 0) co_return base::Error(base::Errc::closed, "the other end closed the path");
    if (!take(base::ByteView(buffer).first(*n))) co_return std::nullopt;
  }
}

}  // namespace

asio::awaitable<PathEnd> LinkRunner::run_path(std::shared_ptr<LinkRunner> self, net::TaskGroup& group,
                                              std::unique_ptr<net::ByteStream> stream, base::Bytes already_read) {
  auto& s = *self->impl_;
  const auto path = std::make_shared<Path>(s.executor, std::move(stream), link::PathId(s.next_path++));
  if (s.closed) {
    path->finish(PathEnd::Kind::link_over);
    path->stream->close();
    co_return *path->end;
  }
  if (s.path) s.path->finish(PathEnd::Kind::replaced);
  s.path = path;
  s.link.path_up(path->id, s.clock.steady());

  // False: the path or the link is over.
  const auto take = [self, path](base::ByteView bytes) {
    auto& in = *self->impl_;
    if (path->end) return path->end->kind == PathEnd::Kind::link_over;  // read to the end: unread bytes would reset it
    const auto ok = in.link.on_bytes(path->id, bytes, in.clock.steady());
    if (!ok) path->finish(PathEnd::Kind::link_over, ok.error());
    in.pump();
    return !path->end || path->end->kind == PathEnd::Kind::link_over;
  };
  const auto reader = [](std::shared_ptr<LinkRunner> me, std::shared_ptr<Path> p,
                         std::function<bool(base::ByteView)> feed) -> asio::awaitable<void> {
    auto error = co_await read_on(*p->stream, feed);
    p->reading = false;
    p->writable.notify();
    if (error) me->impl_->lose(p, std::move(*error));
  };
  if (already_read.empty() || take(already_read)) {
    auto reading = reader(self, path, take);
    path->reading = group.spawn("path reader", std::move(reading));
    if (!path->reading) s.lose(path, base::Error(base::Errc::canceled, "stopping"));
  }
  s.pump();

  net::Watchdog stuck(s.executor, [self, path] {
    path->stream->close();
    self->impl_->lose(path, base::Error(base::Errc::timed_out, std::string(kWriteStall.name)));
  });
  while (!path->end || path->end->kind == PathEnd::Kind::link_over) {
    if (!s.link.has_output(path->id)) {
      if (path->end) break;  // the last words are out
      co_await path->writable.wait();
      continue;
    }
    stuck.arm(path->end ? kFarewell : kWriteStall);
    // Only now is chosen what goes out: whatever became urgent while the kernel was full goes first.
    auto room = co_await path->stream->wait_writable();
    const auto bytes = room ? s.link.poll_output(path->id, kWriteMax, s.clock.steady()) : base::Bytes();
    if (room && !bytes.empty()) room = co_await net::write_all(*path->stream, bytes);
    stuck.disarm();
    if (!room) {
      s.lose(path, room.error());
      break;
    }
    s.pump();
  }
  if (path->end->kind == PathEnd::Kind::link_over) {
    stuck.arm(kFarewell);
    (void)co_await path->stream->shutdown_write();
    while (path->reading) co_await path->writable.wait();  // for the other end's farewell
    stuck.disarm();
  }
  path->stream->close();
  s.detach(path);
  co_return *path->end;
}

}  // namespace rescue::peer
