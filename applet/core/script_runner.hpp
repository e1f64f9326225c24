// SPDX-License-Identifier: Apache-2.0
// Runs scripts of technicians, each behind a guard (script_guard.hpp) and with a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "applet/core/elevation.hpp"
#include "applet/core/script_frames.hpp"
#include "applet/ui.hpp"

namespace rescue::applet {

/// For sudo and su to find a password right, and for the guard to begin.
inline constexpr std::chrono::seconds kGuardPatience{60};

/// Called from the script's thread, in order; `ended` is the last, and comes once.
struct ScriptEvents {
  std::function<void()> began;
  std::function<void(bool to_stderr, base::Bytes data)> output;
  std::function<void(ScriptEnd end)> ended;
};

/// Any thread; no call blocks but the destructor, which ends all scripts and joins.
class ScriptRunner {
 public:
  /// A script of a person: request numbers are theirs.
  using Key = std::pair<PersonId, std::uint32_t>;

  ScriptRunner() = default;
  ~ScriptRunner();
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  /// Output is read up to `up_to` bytes of both streams together, rounded up to a frame; allow() moves that.
  void run(Key key, GuardStart start, ScriptJob job, std::uint64_t up_to, ScriptEvents events);
  /// Whether the account of `start` is right: the guard is started and ended. `done` from a thread of its own. Ended
  /// by stop() like a script.
  void check(Key key, GuardStart start, std::function<void(base::Result<>)> done);
  void allow(Key key, std::uint64_t up_to);
  /// SIGTERM, and SIGKILL kScriptGrace later.
  void kill(Key key);
  /// Everything that it started is killed now; `ended` is still called.
  void stop(Key key);
  void stop_all(PersonId person);

 private:
  struct Running;
  void launch(Key key, std::shared_ptr<Running> running);
  void with(Key key, const std::function<void(Running&)>& f);
  std::mutex mutex_;
  std::multimap<Key, std::shared_ptr<Running>> running_;
};

}  // namespace rescue::applet
