// SPDX-License-Identifier: Apache-2.0
// Scripts behind their guard, with real processes. What is awaited is awaited with a deadline far off.
#include "applet/core/script_runner.hpp"

#include <condition_variable>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet/core/process_tree.hpp"
#include "applet/core/script_guard.hpp"
#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using How = ScriptEnd::How;
constexpr std::uint64_t kAll = UINT64_MAX;

std::string guard_probe() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "applet_script_guard_probe").string();
}
GuardPlace place() {
  GuardPlace p;
  p.program = guard_probe();
  p.user = "ann";
  return p;
}
ScriptJob job(std::string text, std::string interpreter = "") {
  ScriptJob j;
  j.text = std::move(text);
  j.interpreter = std::move(interpreter);
  return j;
}
bool alive(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text);
  const auto close = text.rfind(')');
  return close != std::string::npos && text.substr(close + 2, 1) != "Z";
}

/// One script and what came of it.
class Script {
 public:
  ScriptEvents events() {
    ScriptEvents e;
    e.began = [this] { note([&] { began = true; }); };
    e.output = [this](bool err, base::Bytes data) {
      note([&] {
        (err ? err_text : out) += base::as_text(data);
        bytes += data.size();
      });
    };
    e.ended = [this](ScriptEnd how) { note([&] { end = std::move(how); }); };
    return e;
  }
  bool until(const std::function<bool()>& done) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 60s, done);
  }
  bool over() {
    return until([&] { return end.has_value(); });
  }
  /// The number that the script printed as its first line.
  int first_number() {
    until([&] { return end || out.find('\n') != std::string::npos; });
    std::lock_guard lock(mutex);
    return std::atoi(out.c_str());
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool began = false;
  std::string out, err_text;
  std::uint64_t bytes = 0;
  std::optional<ScriptEnd> end;

 private:
  void note(const std::function<void()>& what) {
    {
      std::lock_guard lock(mutex);
      what();
    }
    changed.notify_all();
  }
};

class Scripts : public testing::Test {
 protected:
  void run(ScriptJob j, std::uint64_t up_to = kAll) {
    runner_.run(kKey, plain_start(place()), std::move(j), up_to, script_.events());
  }
  /// Runs it to its end.
  const ScriptEnd& result(ScriptJob j) {
    run(std::move(j));
    EXPECT_TRUE(script_.over());
    return *script_.end;
  }
  bool gone(int pid) {
    for (int i = 0; i < 12'000 && alive(pid); ++i) std::this_thread::sleep_for(5ms);
    return !alive(pid);
  }
  static constexpr ScriptRunner::Key kKey{PersonId(1), 7};
  test::TempDir dir_;
  Script script_;
  ScriptRunner runner_;
};

TEST_F(Scripts, GiveBothStreamsAndTheirExitCode) {
  const auto& end = result(job("echo seen\necho trouble >&2\nexit 3\n"));
  EXPECT_TRUE(script_.began);
  EXPECT_EQ(script_.out, "seen\n");
  EXPECT_EQ(script_.err_text, "trouble\n");
  EXPECT_EQ(end.how, How::ended);
  EXPECT_EQ(end.exit_code, 3);
}

TEST_F(Scripts, AreRunByTheInterpreterOfTheirFirstLine) {
  result(job("#!/usr/bin/env python3\nimport sys\nprint(sys.implementation.name, sys.argv[1:])\n"));
  EXPECT_TRUE(script_.out.starts_with("cpython []")) << script_.out << script_.err_text;
}

TEST_F(Scripts, AreRunByTheInterpreterThatIsChosen) {
  auto j = job("import sys\nprint(sys.argv[1:])\n", "python3");
  j.arguments = {"a b", "$HOME", ""};
  result(std::move(j));
  EXPECT_EQ(script_.out, "['a b', '$HOME', '']\n") << script_.err_text;
}

TEST_F(Scripts, FailWithoutTheirInterpreter) {
  const auto& end = result(job("x", "no-such-interpreter"));
  EXPECT_EQ(end.how, How::failed);
  EXPECT_EQ(end.detail, "there is no interpreter 'no-such-interpreter' on this machine");
  EXPECT_FALSE(script_.began);
}

TEST_F(Scripts, TellTheSignalThatEndedThem) {
  const auto& end = result(job("kill -SEGV $$"));
  EXPECT_EQ(end.how, How::ended);
  EXPECT_EQ(end.signal, SIGSEGV);
}

TEST_F(Scripts, SeeNothingOfTheAppletsEnvironmentAndFiles) {
  ::setenv("RESCUE_TEST_SECRET", "hidden", 1);
  const int extra = ::fcntl(0, F_DUPFD, 40);  // not close-on-exec, as a library might leave it
  result(job("env; echo; ls /proc/self/fd | wc -l; pwd; cat"));
  ::close(extra);
  EXPECT_EQ(script_.out.find("hidden"), std::string::npos);
  EXPECT_NE(script_.out.find("\nHOME="), std::string::npos);
  EXPECT_NE(script_.out.find("TERM=dumb"), std::string::npos);
  // 0, 1, 2, the script itself, and ls' own of the folder.
  EXPECT_NE(script_.out.find("\n5\n"), std::string::npos) << script_.out;
}

TEST_F(Scripts, AreNoFileOnTheDisk) {
  result(job("readlink /proc/self/fd/3; echo more >> /proc/$$/fd/3 || echo sealed"));
  EXPECT_NE(script_.out.find("memfd:script"), std::string::npos) << script_.out;
  EXPECT_NE(script_.out.find("sealed"), std::string::npos) << script_.out;
}

TEST_F(Scripts, LeaveNobodyBehind) {
  // In a session of its own, its parent gone, its output closed: still found.
  result(job("setsid sh -c 'echo $$; exec >/dev/null 2>&1; exec sleep 600' & sleep 0.2"));
  const int pid = script_.first_number();
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(gone(pid));
}

TEST_F(Scripts, EndWhenTheyAreToldTo) {
  run(job("trap 'echo going; exit 9' TERM\necho $$\nwhile :; do sleep 0.05; done"));
  ASSERT_GT(script_.first_number(), 0);
  runner_.kill(kKey);
  ASSERT_TRUE(script_.over());
  EXPECT_EQ(script_.end->how, How::killed);
  EXPECT_EQ(script_.end->exit_code, 9);
  EXPECT_NE(script_.out.find("going"), std::string::npos);
}

TEST_F(Scripts, EndEvenIfTheyWillNot) {
  run(job("trap '' TERM HUP INT\necho $$\nwhile :; do sleep 1; done"));
  const int pid = script_.first_number();
  runner_.kill(kKey);
  ASSERT_TRUE(script_.over());
  EXPECT_EQ(script_.end->how, How::killed);
  EXPECT_EQ(script_.end->signal, SIGKILL);
  EXPECT_TRUE(gone(pid));
}

TEST_F(Scripts, EndWhenTheirTimeIsUp) {
  auto j = job("echo $$\nsleep 600");
  j.timeout = 1s;
  run(std::move(j));
  const int pid = script_.first_number();
  ASSERT_TRUE(script_.over());
  EXPECT_EQ(script_.end->how, How::timed_out);
  EXPECT_TRUE(gone(pid));
}

TEST_F(Scripts, DieAtOnceWithTheirRight) {
  run(job("trap '' TERM\necho $$\nsetsid sleep 601 &\nwhile :; do sleep 1; done"));
  const int pid = script_.first_number();
  runner_.stop_all(PersonId(2));  // somebody else's end
  EXPECT_TRUE(alive(pid));
  runner_.stop_all(PersonId(1));
  ASSERT_TRUE(script_.over());
  EXPECT_EQ(script_.end->how, How::killed);
  EXPECT_TRUE(gone(pid));
}

TEST_F(Scripts, AreReadNoFasterThanTheyAreTaken) {
  run(job("head -c 3000000 /dev/zero; echo >&2; echo done >&2"), 100'000);
  ASSERT_TRUE(script_.until([&] { return script_.bytes >= 100'000; }));
  std::this_thread::sleep_for(100ms);  // time for what must not come
  {
    std::lock_guard lock(script_.mutex);
    EXPECT_LT(script_.bytes, 100'000U + kGuardOutputMax);
    EXPECT_FALSE(script_.end);
  }
  runner_.allow(kKey, kAll);
  ASSERT_TRUE(script_.over());
  EXPECT_EQ(script_.out.size(), 3'000'000U);
  EXPECT_NE(script_.err_text.find("done"), std::string::npos);
  EXPECT_EQ(script_.end->dropped, 0U);
}

TEST_F(Scripts, TalkUpToALimitAndGoOn) {
  const auto& end = result(job("head -c 20000000 /dev/zero; exit 4"));
  EXPECT_EQ(script_.bytes, kScriptOutputTotal);
  EXPECT_EQ(end.dropped, 20'000'000 - kScriptOutputTotal);
  EXPECT_EQ(end.exit_code, 4);
}

TEST_F(Scripts, DieWithAnAppletThatIsKilled) {
  const auto pids = dir_ / "pids";
  const pid_t applet = ::fork();
  if (applet == 0) {
    ScriptRunner runner;
    Script script;
    const auto text = "setsid sleep 602 & echo $! $$ > " + pids.string() + "; exec sleep 603";
    runner.run(kKey, plain_start(place()), job(text), kAll, script.events());
    for (;;) ::pause();
  }
  int below = 0, script = 0;
  for (int i = 0; i < 12'000 && script == 0; ++i) {
    std::ifstream(pids) >> below >> script;
    std::this_thread::sleep_for(5ms);
  }
  ASSERT_GT(script, 0);
  EXPECT_TRUE(alive(script) && alive(below));
  ::kill(applet, SIGKILL);
  ::waitpid(applet, nullptr, 0);
  EXPECT_TRUE(gone(script));
  EXPECT_TRUE(gone(below));
}

// ---- elevation

class Elevation : public testing::Test {
 protected:
  void SetUp() override {
    place_ = place();
    place_.search_path = dir_.path().string();
  }
  /// A program that is sudo or su in that it asks for a password on its standard input.
  void program(const std::string& name, const std::string& text) {
    const auto path = dir_.path() / name;
    std::ofstream(path) << "#!/bin/bash\n" << text;
    ::chmod(path.c_str(), 0755);
  }
  Account account(std::string name, std::string_view password) {
    return {std::move(name), base::SecretBytes(base::to_bytes(base::as_bytes(password)))};
  }
  base::Result<> check(const Account& a) {
    auto start = elevated_start(place_, a);
    if (!start) return base::fail(start.error());
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<base::Result<>> result;
    ScriptRunner runner;
    runner.check({PersonId(1), 1}, std::move(*start), [&](base::Result<> r) {
      std::lock_guard lock(mutex);
      result = std::move(r);
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 60s, [&] { return result.has_value(); }));
    return *result;
  }
  test::TempDir dir_;
  GuardPlace place_;
};

constexpr std::string_view kSu =
    "echo \"$0 $*\" >> \"$(dirname \"$0\")/log\"\n"
    "printf 'Password: ' >&2\nIFS= read -r pw\n"
    "[ \"$pw\" = 'right pw' ] || { echo 'su: Authentication failure' >&2; exit 1; }\n"
    "[ \"$1\" = -c ] || exit 1\n"
    "case \"$2\" in *sudo*) exec bash -c \"$2\";; esac\n"
    "[ \"$(id -u)\" = 0 ] && exec bash -c \"$2\"\nexec unshare -r bash -c \"$2\"\n";
constexpr std::string_view kSudo =
    "echo \"$0 $*\" >> \"$(dirname \"$0\")/log\"\n"
    "IFS= read -r pw\n"
    "[ \"$pw\" = 'right pw' ] || { echo 'sudo: 1 incorrect password attempt' >&2; exit 1; }\n"
    "while [ \"$1\" != -- ]; do shift; done; shift\n"
    "[ \"$(id -u)\" = 0 ] && exec \"$@\"\nexec unshare -r \"$@\"\n";

TEST_F(Elevation, OfRootIsByItsPassword) {
  program("su", std::string(kSu));
  EXPECT_TRUE(check(account("root", "right pw")));
  const auto wrong = check(account("root", "wrong pw"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().context, "su: Authentication failure");
}

TEST_F(Elevation, OfTheUserIsBySudo) {
  program("sudo", std::string(kSudo));
  EXPECT_TRUE(check(account("ann", "right pw")));
  EXPECT_FALSE(check(account("ann", "wrong pw")));
}

TEST_F(Elevation, OfAnotherIsBySuAndSudo) {
  program("su", std::string(kSu));
  program("sudo", std::string(kSudo));
  EXPECT_TRUE(check(account("itadmin", "right pw")));
  std::ifstream in(dir_ / "log");
  const std::string log(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(log.find("-- itadmin"), std::string::npos) << log;
  EXPECT_NE(log.find("/sudo -k -S"), std::string::npos) << log;
  EXPECT_EQ(log.find("right"), std::string::npos) << "a password is no argument: anybody could see it";
}

TEST_F(Elevation, GivesNoPasswordToWhatTheUsersPathNames) {
  program("su", std::string(kSu));
  program("sudo", std::string(kSudo));
  const std::string before = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  ::setenv("PATH", dir_.path().c_str(), 1);
  place_ = guard_place();
  ::setenv("PATH", before.c_str(), 1);
  place_.root = false;
  for (const auto& name : {std::string("root"), place_.user, std::string("itadmin")}) {
    const auto start = elevated_start(place_, account(name, "right pw"));
    if (!start) continue;  // there is no such program on this machine
    EXPECT_FALSE(start->argv[0].starts_with(dir_.path().string())) << start->argv[0];
    EXPECT_EQ(start->argv[0].substr(start->argv[0].rfind('/')),
              name == place_.user && name != "root" ? "/sudo" : "/su");
  }
}

TEST_F(Elevation, ThatEndsAsSomebodyElseIsNone) {
  program("sudo",
          "IFS= read -r pw\nwhile [ \"$1\" != -- ]; do shift; done; shift\n"
          "[ \"$(id -u)\" = 0 ] && exec setpriv --reuid 65534 \"$@\"\nexec \"$@\"\n");
  const auto done = check(account("ann", "right pw"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().context, "the account has not the rights of an administrator");
}

TEST_F(Elevation, TakesNoNameThatIsMore) {
  program("su", std::string(kSu));
  program("sudo", std::string(kSudo));
  for (const auto* name : {"", "-c", "ann; id", "a b", "$(id)", "ann\nroot", "'", "a/b"})
    EXPECT_FALSE(elevated_start(place_, account(name, "pw"))) << name;
  EXPECT_FALSE(elevated_start(place_, account("root", "two\nlines")));
  EXPECT_FALSE(elevated_start(place_, account("root", "")));
  EXPECT_TRUE(elevated_start(place_, account("EXAMPLE\\ann", "pw")));
}

TEST_F(Elevation, NeedsThePrograms) {
  const auto start = elevated_start(place_, account("ann", "pw"));
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, base::Errc::unsupported);
}

TEST_F(Elevation, LetsAPasswordThatNobodyReadHarmNothing) {
  program("sudo",  // of a user for whom it asks no password
          "while [ \"$1\" != -- ]; do shift; done; shift\n"
          "[ \"$(id -u)\" = 0 ] && exec \"$@\"\nexec unshare -r \"$@\"\n");
  EXPECT_TRUE(check(account("ann", "unread")));
}

TEST(ProcessTree, FindsWhoIsBelow) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", "sleep 600 & wait", nullptr);
    ::_exit(127);
  }
  std::vector<int> below;
  for (int i = 0; i < 2000 && below.empty(); ++i) {
    below = descendants_of(child);
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(below.size(), 1U);
  EXPECT_TRUE(kill_descendants(child));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace rescue::applet
