// SPDX-License-Identifier: Apache-2.0
#include "applet/core/script_runner.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet/core/script_guard.hpp"
#include "base/utf8.hpp"

extern "C" {
extern char** environ;
}

namespace rescue::applet {
namespace {
using Clock = std::chrono::steady_clock;
constexpr std::size_t kInboxMax = 64 * 1024;
constexpr std::size_t kWordsMax = 2000;  // bytes kept of what sudo and su say
constexpr std::chrono::seconds kGuardGone{10};

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// What sudo and su say, in one line and without their names.
std::string said(std::string_view words) {
  auto text = base::to_display_text(base::to_valid_utf8(words), true);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    std::string_view line(text.data() + at, end - at);
    at = end + 1;
    if (line.starts_with("Password: ")) line.remove_prefix(10);
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    out += (out.empty() ? "" : "; ") + std::string(line);
  }
  return out;
}
}  // namespace

struct ScriptRunner::Running {
  GuardStart start;
  std::optional<ScriptJob> job;  // none: only whether the guard begins
  ScriptEvents events;
  std::function<void(base::Result<>)> checked;
  std::thread thread;

  std::mutex mutex;
  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::uint64_t up_to = 0;
  bool kill = false, stop = false, done = false;

  // of the thread alone
  Fd to_guard, from_guard, words_of_guard;
  pid_t guard = -1;
  base::SecretBytes outbox;
  std::size_t sent = 0;
  GuardFrames inbox;
  std::string words;
  std::uint64_t passed = 0;
  bool ready = false, killed_told = false, eof = false;
  std::optional<ScriptEnd> end;
  Clock::time_point give_up = Clock::now() + kGuardPatience;

  void nudge() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake.get(), &one, sizeof one);
  }
  void live();
  bool spawn();
  void fill_outbox();
  bool turn();
  void send();
  void receive();
  bool take_frames();
  bool on_frame(GuardFrames::Frame frame);
  void put_away();
  void failed(std::string why) {
    ScriptEnd e;
    e.how = ScriptEnd::How::failed;
    e.detail = std::move(why);
    end = std::move(e);
  }
};

void ScriptRunner::Running::live() {
  if (spawn()) {
    fill_outbox();
    while (turn()) {
    }
    put_away();
  }
  bool stopped;
  {
    std::lock_guard lock(mutex);
    stopped = stop;
  }
  if (!end) {
    const auto why = said(words);
    if (stopped && ready) {
      ScriptEnd e;
      e.how = ScriptEnd::How::killed;
      e.signal = SIGKILL;
      end = std::move(e);
    } else {
      failed(stopped ? "stopped" : !why.empty() ? why : "what runs scripts ended by itself");
    }
  }
  if (checked && ready && !stopped)
    checked({});
  else if (checked)
    checked(base::fail(base::Errc::denied, end->detail));
  else
    events.ended(std::move(*end));
  start.lines = base::SecretBytes();
  outbox = base::SecretBytes();
  std::lock_guard lock(mutex);
  done = true;
}

bool ScriptRunner::Running::spawn() {
  int in[2], out[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return failed(std::strerror(errno)), false;
  to_guard.reset(in[1]);
  const Fd child_in(in[0]);
  if (::pipe2(out, O_CLOEXEC) != 0) return failed(std::strerror(errno)), false;
  from_guard.reset(out[0]);
  const Fd child_out(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return failed(std::strerror(errno)), false;
  words_of_guard.reset(err[0]);
  const Fd child_err(err[1]);
  for (const Fd* fd : {&to_guard, &from_guard, &words_of_guard}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, child_err.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A session of its own: without the terminal of whoever started the applet, sudo and su read where they are told to.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::vector<char*> argv;
  for (auto& a : start.argv) argv.push_back(a.data());
  argv.push_back(nullptr);
  const int why = ::posix_spawn(&guard, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (why != 0) return failed(start.argv[0] + ": " + std::strerror(why)), false;
  return true;
}

void ScriptRunner::Running::fill_outbox() {
  const auto frame = job ? guard_frame(GuardFrame::job, write_job(*job)) : base::Bytes();
  const auto mark = base::as_bytes(kGuardMark);
  const auto lines = start.lines.view();
  base::SecretBytes all(lines.size() + mark.size() + frame.size());
  auto at = std::ranges::copy(lines, all.data().begin()).out;
  at = std::ranges::copy(mark, at).out;
  std::ranges::copy(frame, at);
  outbox = std::move(all);
  start.lines = base::SecretBytes();
}

/// False: it is over.
bool ScriptRunner::Running::turn() {
  bool full;
  {
    std::lock_guard lock(mutex);
    if (stop) return false;
    full = passed >= up_to && inbox.held() >= kInboxMax;
    if (kill && !killed_told && sent == outbox.view().size()) {
      killed_told = true;
      outbox = base::SecretBytes(guard_frame(GuardFrame::kill));
      sent = 0;
    }
  }
  const bool more = sent < outbox.view().size();
  pollfd fds[] = {{wake.get(), POLLIN, 0},
                  {more ? to_guard.get() : -1, POLLOUT, 0},
                  {full || eof ? -1 : from_guard.get(), POLLIN, 0},
                  {words_of_guard.get(), POLLIN, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - Clock::now()).count();
  ::poll(fds, std::size(fds), ready ? -1 : static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  if (fds[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake.get(), &count, sizeof count);
  }
  if (fds[3].revents != 0) {
    char block[512];
    const auto n = ::read(words_of_guard.get(), block, sizeof block);
    if (n > 0 && words.size() < kWordsMax) words.append(block, static_cast<std::size_t>(n));
    if (n == 0) words_of_guard.reset();
  }
  if (fds[1].revents != 0) send();
  if (!ready && Clock::now() >= give_up) return failed("no answer to the account's password"), false;
  if (fds[2].revents != 0) receive();
  return take_frames();
}

void ScriptRunner::Running::send() {
  const auto left = outbox.view().subspan(sent);
  const auto n = ::write(to_guard.get(), left.data(), left.size());
  if (n > 0) sent += static_cast<std::size_t>(n);
  if (n < 0 && errno != EAGAIN && errno != EINTR) sent = outbox.view().size();  // its output says why it is gone
  if (sent == outbox.view().size()) {
    outbox = base::SecretBytes();
    sent = 0;
  }
}

void ScriptRunner::Running::receive() {
  std::uint8_t block[kGuardOutputMax];
  const auto n = ::read(from_guard.get(), block, sizeof block);
  if (n > 0) inbox.add({block, static_cast<std::size_t>(n)});
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) eof = true;
}

bool ScriptRunner::Running::take_frames() {
  for (;;) {
    const auto next = inbox.peek();
    if (!next) {
      // What is no frame is the word of a shell that had another idea.
      const bool strange =
          !ready && inbox.held() > 0 && inbox.rest()[0] != static_cast<std::uint8_t>(GuardFrame::ready);
      if (strange) words += std::string(base::as_text(inbox.rest()));
      return !strange && !inbox.broken() && !eof;
    }
    if (*next == GuardFrame::out || *next == GuardFrame::err || *next == GuardFrame::ended) {
      std::lock_guard lock(mutex);
      if (*next != GuardFrame::ended && passed >= up_to) return true;
    }
    auto frame = inbox.next();
    if (!frame) return false;
    if (!on_frame(std::move(*frame))) return false;
  }
}

bool ScriptRunner::Running::on_frame(GuardFrames::Frame frame) {
  switch (frame.type) {
    case GuardFrame::ready:
      if (start.as_root && base::as_text(frame.payload) != "0")
        return failed("the account has not the rights of an administrator"), false;
      ready = true;
      return !checked;
    case GuardFrame::began:
      events.began();
      return true;
    case GuardFrame::out:
    case GuardFrame::err:
      passed += frame.payload.size();
      events.output(frame.type == GuardFrame::err, std::move(frame.payload));
      return true;
    case GuardFrame::failed:
      return failed(base::to_valid_utf8(base::as_text(frame.payload))), false;
    case GuardFrame::ended:
      end = read_end(frame.payload);
      return false;
    case GuardFrame::job:
    case GuardFrame::kill:
      break;
  }
  return false;
}

/// The guard ends all that it started as soon as its input ends.
void ScriptRunner::Running::put_away() {
  to_guard.reset();
  from_guard.reset();
  const auto until = Clock::now() + kGuardGone;
  while (::waitpid(guard, nullptr, WNOHANG) == 0) {
    if (Clock::now() >= until) {
      // Not one of root's: that one is init's to collect.
      if (::kill(guard, SIGKILL) == 0) ::waitpid(guard, nullptr, 0);
      break;
    }
    ::poll(nullptr, 0, 2);
  }
  char block[512];
  for (ssize_t n = 0; words_of_guard.get() >= 0 && (n = ::read(words_of_guard.get(), block, sizeof block)) > 0;)
    if (words.size() < kWordsMax) words.append(block, static_cast<std::size_t>(n));
}

ScriptRunner::~ScriptRunner() {
  std::unique_lock lock(mutex_);
  auto all = std::exchange(running_, {});
  lock.unlock();
  for (auto& [key, r] : all) {
    std::lock_guard one(r->mutex);
    r->stop = true;
    r->nudge();
  }
  for (auto& [key, r] : all) r->thread.join();
}

void ScriptRunner::launch(Key key, std::shared_ptr<Running> running) {
  std::lock_guard lock(mutex_);
  for (auto it = running_.begin(); it != running_.end();) {
    bool done;
    {
      std::lock_guard one(it->second->mutex);
      done = it->second->done;
    }
    if (done) it->second->thread.join();
    it = done ? running_.erase(it) : std::next(it);
  }
  running->thread = std::thread([r = running.get()] { r->live(); });
  running_.emplace(key, std::move(running));
}

void ScriptRunner::run(Key key, GuardStart start, ScriptJob job, std::uint64_t up_to, ScriptEvents events) {
  auto r = std::make_shared<Running>();
  r->start = std::move(start);
  r->job = std::move(job);
  r->up_to = up_to;
  r->events = std::move(events);
  launch(key, std::move(r));
}

void ScriptRunner::check(Key key, GuardStart start, std::function<void(base::Result<>)> done) {
  auto r = std::make_shared<Running>();
  r->start = std::move(start);
  r->checked = std::move(done);
  launch(key, std::move(r));
}

void ScriptRunner::with(Key key, const std::function<void(Running&)>& f) {
  std::lock_guard lock(mutex_);
  const auto [first, last] = running_.equal_range(key);
  for (auto it = first; it != last; ++it) {
    std::lock_guard one(it->second->mutex);
    f(*it->second);
    it->second->nudge();
  }
}

void ScriptRunner::allow(Key key, std::uint64_t up_to) {
  with(key, [&](Running& r) { r.up_to = std::max(r.up_to, up_to); });
}
void ScriptRunner::kill(Key key) {
  with(key, [](Running& r) { r.kill = true; });
}
void ScriptRunner::stop(Key key) {
  with(key, [](Running& r) { r.stop = true; });
}
void ScriptRunner::stop_all(PersonId person) {
  std::vector<Key> keys;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, r] : running_)
      if (key.first == person) keys.push_back(key);
  }
  for (const auto& key : keys) stop(key);
}

}  // namespace rescue::applet
