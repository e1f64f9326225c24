// SPDX-License-Identifier: Apache-2.0
// Records a session to an RCREC file from a thread of its own, so that a slow disk never holds the session up. What
// cannot be written is a gap that the recorder reports at once and that the file tells of later (rcrec/writer.hpp).
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "rcrec/writer.hpp"

namespace rescue::client {

/// A disk that hangs, or is slower than what is recorded: whatever waits for longer than this is not recorded for now.
/// With the second that the writer gathers before, and a tick of who looks, it is noticed within five seconds.
inline constexpr std::chrono::seconds kRecorderStall{3};
/// Such a disk counts again when nothing waits for longer than this.
inline constexpr std::chrono::milliseconds kRecorderCaughtUp{500};
/// Items waiting for the disk; more loses video (a gap), never chat or events.
inline constexpr std::size_t kRecorderQueueBytes = 64 * 1024 * 1024;
/// For starting and finishing on a disk that does not answer.
inline constexpr std::chrono::seconds kRecorderPatience{5};

struct RecorderOptions {
  std::string path;  // of the new file
  rcrec::RecordingStart start;
  base::Clock* clock = &base::system_clock();
  base::RandomSource* random = &base::system_random();
  /// Called from the recorder's thread when state() changed; must not block.
  std::function<void()> on_change = [] {};
  /// Where bytes go; create_file_sink but for tests.
  std::function<base::Result<std::unique_ptr<rcrec::Sink>>(const std::string&)> open = rcrec::create_file_sink;
};

struct RecorderState {
  bool failing = false;          // what comes now is not in the file
  std::string why;               // of the last failure: one line
  bool wants_keyframe = false;   // ask the supported end for one
  rcrec::ChainHash chain_tip{};  // of the last chunk in the file
  std::uint32_t chunks = 0;
  std::uint64_t bytes = 0;
};

/// One thread calls it. The destructor finishes a recording that nobody finished, without END.
class Recorder {
 public:
  /// Errors: those of the file (conflict, no_space, not_found, io), timed_out when the disk does not answer.
  [[nodiscard]] static base::Result<std::unique_ptr<Recorder>> start(RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Times are taken now.
  void video(base::ByteView packet, bool keyframe);
  void cursor_shape(rcrec::CursorShape shape);
  void cursor_move(rcrec::CursorMove move);
  void chat(std::string from, std::string text);
  void event(std::string type, boost::json::object data);

  /// Also notices a disk that hangs or does not keep up; call it on a regular tick.
  [[nodiscard]] RecorderState state();
  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] rcrec::Time elapsed() const;
  /// Writes the rest and END. timed_out when the disk does not answer within kRecorderPatience.
  [[nodiscard]] base::Result<rcrec::Finished> finish();

 private:
  struct Shared;
  explicit Recorder(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace rescue::client
