// SPDX-License-Identifier: Apache-2.0
#include "applet/core/script_guard.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet/core/process_tree.hpp"
#include "applet/core/script_frames.hpp"

namespace rescue::applet {
namespace {
using Clock = std::chrono::steady_clock;
constexpr int kControl = 0, kFrames = 1;
constexpr int kScriptFd = 3;  // of the script's text, in the script
constexpr std::size_t kOutboxMax = 64 * 1024;
/// A pipe that somebody beyond reach still holds is not waited for longer.
constexpr std::chrono::seconds kPipeGrace{5};
constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::hours kLongest{24};

[[noreturn]] void quit(int code) {
  // Nobody who was there with the script stays.
  const auto until = Clock::now() + kPipeGrace;
  while (kill_descendants(::getpid()) && Clock::now() < until) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    ::poll(nullptr, 0, 1);
  }
  ::_exit(code);
}

/// "#!/usr/bin/env python3 -u" is the program and, as the kernel does it, one argument.
std::vector<std::string> interpreter_of(const ScriptJob& job) {
  if (!job.interpreter.empty()) return {job.interpreter};
  if (!job.text.starts_with("#!")) return {"sh"};
  auto line = std::string_view(job.text).substr(2);
  line = line.substr(0, line.find('\n'));
  constexpr std::string_view kBlank = " \t\r";
  const auto trim = [&](std::string_view s) {
    const auto first = s.find_first_not_of(kBlank);
    return first == std::string_view::npos ? std::string_view()
                                           : s.substr(first, s.find_last_not_of(kBlank) + 1 - first);
  };
  line = trim(line);
  const auto space = line.find_first_of(kBlank);
  if (line.empty()) return {"sh"};
  if (space == std::string_view::npos) return {std::string(line)};
  return {std::string(line.substr(0, space)), std::string(trim(line.substr(space)))};
}

/// What a script sees of the applet's environment: who and where it is, and the user's desktop.
std::vector<std::string> clean_environment(std::string& home) {
  std::vector<std::string> out{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb"};
  home = "/";
  if (const auto* who = ::getpwuid(::geteuid())) {
    home = who->pw_dir;
    for (const auto* key : {"USER=", "LOGNAME="}) out.push_back(std::string(key) + who->pw_name);
    out.push_back(std::string("SHELL=") + who->pw_shell);
  }
  out.push_back("HOME=" + home);
  for (const auto* key : {"LANG", "LC_ALL", "LC_CTYPE", "LANGUAGE", "TZ", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY",
                          "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"})
    if (const auto* value = std::getenv(key)) out.push_back(std::string(key) + "=" + value);
  return out;
}

/// Nothing that is open from `first` on reaches a program that is started now.
void close_on_exec_from(unsigned first) {
  if (::close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = static_cast<int>(first); fd < 1024; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

class Guard {
 public:
  [[noreturn]] void run();

 private:
  void turn();
  void read_control();
  void take(GuardFrames::Frame frame);
  void start(const ScriptJob& job);
  [[noreturn]] void be_script(std::vector<std::string> argv, int text, int out, int err, int fault);
  void read_signals();
  void reap();
  void read_output(int& fd, GuardFrame type);
  void flush();
  void send(GuardFrame type, base::ByteView payload = {}) { base::append(outbox_, guard_frame(type, payload)); }
  void fail(std::string_view why);
  void end_by(ScriptEnd::How how);
  void watch_clock();
  [[nodiscard]] int patience() const;

  GuardFrames inbox_;
  base::Bytes outbox_;
  bool marked_ = false;
  int signals_ = -1;
  int out_ = -1, err_ = -1;
  pid_t leader_ = -1;
  bool running_ = false, over_ = false, last_word_ = false;
  ScriptEnd end_;
  std::uint64_t passed_ = 0;
  std::optional<Clock::time_point> deadline_, kill_at_, close_at_;
};

void Guard::run() {
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t mask;
  sigemptyset(&mask);
  for (const int s : {SIGCHLD, SIGTERM, SIGHUP, SIGINT}) sigaddset(&mask, s);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  signals_ = ::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  ::fcntl(kControl, F_SETFL, ::fcntl(kControl, F_GETFL) | O_NONBLOCK);
  ::fcntl(kFrames, F_SETFL, ::fcntl(kFrames, F_GETFL) | O_NONBLOCK);
  send(GuardFrame::ready, base::as_bytes(std::to_string(::geteuid())));
  for (;;) turn();
}

void Guard::turn() {
  const bool room = outbox_.size() < kOutboxMax;
  pollfd fds[] = {{kControl, POLLIN, 0},
                  {signals_, POLLIN, 0},
                  {room ? out_ : -1, POLLIN, 0},
                  {room ? err_ : -1, POLLIN, 0},
                  {outbox_.empty() ? -1 : kFrames, POLLOUT, 0}};
  ::poll(fds, std::size(fds), patience());
  if (fds[0].revents != 0) read_control();
  if (fds[1].revents != 0) read_signals();
  if (fds[2].revents != 0) read_output(out_, GuardFrame::out);
  if (fds[3].revents != 0) read_output(err_, GuardFrame::err);
  watch_clock();
  if (over_ && out_ < 0 && err_ < 0 && !last_word_) {
    send(GuardFrame::ended, write_end(end_));
    last_word_ = true;
  }
  flush();
  if (last_word_ && outbox_.empty()) quit(0);
}

int Guard::patience() const {
  // What is left of a script that is over is looked for until its pipes are closed.
  if (over_ && !last_word_) return static_cast<int>(kLook.count());
  std::optional<Clock::time_point> next = deadline_;
  if (kill_at_ && (!next || *kill_at_ < *next)) next = kill_at_;
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Guard::read_control() {
  std::uint8_t block[16 * 1024];
  const auto n = ::read(kControl, block, sizeof block);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) quit(1);  // the applet is gone, or has let go
  inbox_.add({block, static_cast<std::size_t>(n)});
  base::wipe(block);
  if (!marked_) {
    const auto at = base::as_text(inbox_.rest()).find(kGuardMark);
    if (at == std::string_view::npos) {
      if (inbox_.held() > kOutboxMax) quit(1);
      return;
    }
    inbox_.drop(at + kGuardMark.size());
    marked_ = true;
  }
  while (auto frame = inbox_.next()) take(std::move(*frame));
  if (inbox_.broken()) quit(1);
}

void Guard::take(GuardFrames::Frame frame) {
  if (frame.type == GuardFrame::job && !running_ && !over_) {
    const auto job = read_job(frame.payload);
    if (!job) quit(1);
    start(*job);
  } else if (frame.type == GuardFrame::kill) {
    end_by(ScriptEnd::How::killed);
  }
}

void Guard::fail(std::string_view why) {
  send(GuardFrame::failed, base::as_bytes(why));
  end_.how = ScriptEnd::How::failed;
  end_.detail = why;
  over_ = true;
}

void Guard::start(const ScriptJob& job) {
  running_ = true;
  const int text = ::memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  std::string_view left = job.text;
  while (text >= 0 && !left.empty()) {
    const auto n = ::write(text, left.data(), left.size());
    if (n <= 0) return fail("the script could not be kept in memory");
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  int out[2], err[2], fault[2];
  if (text < 0 || ::fcntl(text, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0 ||
      ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0 || ::pipe2(fault, O_CLOEXEC) != 0)
    return fail(std::string("no means to run a script: ") + std::strerror(errno));
  auto argv = interpreter_of(job);
  const auto program = argv.front();
  argv.push_back("/proc/self/fd/" + std::to_string(kScriptFd));
  argv.insert(argv.end(), job.arguments.begin(), job.arguments.end());
  leader_ = ::fork();
  if (leader_ == 0) be_script(std::move(argv), text, out[1], err[1], fault[1]);
  for (const int fd : {text, out[1], err[1], fault[1]}) ::close(fd);
  if (leader_ < 0) return fail(std::string("no process for a script: ") + std::strerror(errno));
  int why = 0;
  const auto told = ::read(fault[0], &why, sizeof why);
  ::close(fault[0]);
  if (told == sizeof why) {
    ::waitpid(leader_, nullptr, 0);
    ::close(out[0]);
    ::close(err[0]);
    return fail(why == ENOENT ? "there is no interpreter '" + program + "' on this machine"
                              : "interpreter '" + program + "': " + std::strerror(why));
  }
  out_ = out[0];
  err_ = err[0];
  deadline_ = Clock::now() + std::min<std::chrono::seconds>(job.timeout, kLongest);
  send(GuardFrame::began);
}

void Guard::be_script(std::vector<std::string> argv, int text, int out, int err, int fault) {
  ::setsid();
  // Where even this guard is killed, at least the script itself ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string home;
  auto environment = clean_environment(home);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Up and away from 0 to 3 first, then down into their places.
  const int moved[] = {::fcntl(nothing, F_DUPFD_CLOEXEC, 10), ::fcntl(out, F_DUPFD_CLOEXEC, 10),
                       ::fcntl(err, F_DUPFD_CLOEXEC, 10), ::fcntl(text, F_DUPFD_CLOEXEC, 10)};
  const int told = ::fcntl(fault, F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 4; ++i) ::dup2(moved[i], i);
  close_on_exec_from(kScriptFd + 1);
  ::lseek(kScriptFd, 0, SEEK_SET);
  if (::chdir(home.c_str()) != 0 && ::chdir("/") != 0) ::_exit(126);
  ::umask(022);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (int s = 1; s < NSIG; ++s)
    if (s != SIGKILL && s != SIGSTOP) std::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto args = pointers(argv);
  auto env = pointers(environment);
  ::environ = env.data();
  ::execvp(args[0], args.data());
  const int why = errno;
  [[maybe_unused]] const auto n = ::write(told, &why, sizeof why);
  ::_exit(127);
}

void Guard::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) quit(1);
  reap();
}

void Guard::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != leader_ || over_) continue;
    over_ = true;
    if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
    deadline_.reset();
    kill_at_.reset();
    close_at_ = Clock::now() + kPipeGrace;
  }
}

void Guard::end_by(ScriptEnd::How how) {
  if (over_ || leader_ <= 0 || kill_at_) return;
  end_.how = how;
  deadline_.reset();
  kill_at_ = Clock::now() + kScriptGrace;
  ::kill(-leader_, SIGTERM);
}

void Guard::watch_clock() {
  const auto now = Clock::now();
  if (deadline_ && now >= *deadline_) end_by(ScriptEnd::How::timed_out);
  if (kill_at_ && now >= *kill_at_) {
    kill_descendants(::getpid());
    kill_at_ = now + kLook;  // what was being started meanwhile
  }
  if (!over_ || leader_ <= 0) return;
  kill_descendants(::getpid());
  reap();
  if (outbox_.size() >= kOutboxMax) close_at_ = now + kPipeGrace;  // it is we who do not read
  if (close_at_ && now >= *close_at_)
    for (int* fd : {&out_, &err_})
      if (*fd >= 0) ::close(std::exchange(*fd, -1));
}

void Guard::read_output(int& fd, GuardFrame type) {
  std::uint8_t block[kGuardOutputMax];
  const auto n = ::read(fd, block, sizeof block);
  if (n < 0 && errno == EINTR) return;
  if (n <= 0) {
    ::close(std::exchange(fd, -1));
    return;
  }
  const auto size = static_cast<std::uint64_t>(n);
  const auto room = std::min(size, kScriptOutputTotal - passed_);
  passed_ += room;
  end_.dropped += size - room;
  if (room > 0) send(type, {block, static_cast<std::size_t>(room)});
}

void Guard::flush() {
  while (!outbox_.empty()) {
    const auto n = ::write(kFrames, outbox_.data(), outbox_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) quit(1);
    outbox_.erase(outbox_.begin(), outbox_.begin() + n);
  }
}

}  // namespace

void run_script_guard() { Guard().run(); }

}  // namespace rescue::applet
