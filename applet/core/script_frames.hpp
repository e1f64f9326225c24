// SPDX-License-Identifier: Apache-2.0
// What an applet and the guard of a script (script_guard.hpp) say to each other over the guard's standard input and
// output. A frame is a byte of type, four of length (big-endian) and the payload. In front of the first frame to the
// guard stands kGuardMark: what comes before it was meant for sudo or su, which may have left it unread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace rescue::applet {

inline constexpr std::string_view kGuardMark = "\n#rescue-script-guard/1\n";
/// The whole job of a script: text and arguments at their caps, and some room.
inline constexpr std::size_t kGuardFrameMax = 1024 * 1024;
inline constexpr std::size_t kGuardOutputMax = 16 * 1024;  // bytes of output in one frame

enum class GuardFrame : std::uint8_t {
  // to the guard
  job = 'J',   // ScriptJob
  kill = 'K',  // SIGTERM, and SIGKILL kScriptGrace later
  // from the guard
  ready = 'R',   // decimal user id under which it runs
  began = 'B',   // the interpreter runs
  out = 'O',     // bytes
  err = 'E',     // bytes
  failed = 'F',  // why the interpreter does not run, text
  ended = 'X',   // ScriptEnd
};

/// A script to be run.
struct ScriptJob {
  std::string interpreter;  // "": as the first line says, else sh
  std::string text;
  std::vector<std::string> arguments;
  std::chrono::seconds timeout{600};
};
/// How it went.
struct ScriptEnd {
  enum class How : std::uint8_t { ended = 0, timed_out = 1, killed = 2, failed = 3 };
  How how = How::ended;
  int exit_code = 0;          // where it ended by itself
  int signal = 0;             // where a signal ended it
  std::uint64_t dropped = 0;  // bytes of output beyond kScriptOutputTotal
  std::string detail;         // of `failed`
};

[[nodiscard]] base::Bytes guard_frame(GuardFrame type, base::ByteView payload = {});
[[nodiscard]] base::Bytes write_job(const ScriptJob& job);
[[nodiscard]] std::optional<ScriptJob> read_job(base::ByteView payload);
[[nodiscard]] base::Bytes write_end(const ScriptEnd& end);
[[nodiscard]] std::optional<ScriptEnd> read_end(base::ByteView payload);

/// Cuts a stream into frames.
class GuardFrames {
 public:
  struct Frame {
    GuardFrame type{};
    base::Bytes payload;
  };
  void add(base::ByteView bytes) { base::append(pending_, bytes); }
  /// Nothing: more is needed, or `broken`.
  [[nodiscard]] std::optional<Frame> next();
  /// Type of the next frame if it is whole.
  [[nodiscard]] std::optional<GuardFrame> peek() const;
  /// A length beyond kGuardFrameMax.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] std::size_t held() const { return pending_.size(); }
  [[nodiscard]] base::ByteView rest() const { return pending_; }
  void drop(std::size_t bytes) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(bytes));
  }

 private:
  [[nodiscard]] std::optional<std::size_t> whole() const;
  base::Bytes pending_;
  bool broken_ = false;
};

}  // namespace rescue::applet
