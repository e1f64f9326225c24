// SPDX-License-Identifier: Apache-2.0
// Injects what the sessions say, in order, on a thread of its own: typing may wait for the X server.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "desktop/host.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet {

struct KeyInput {
  desktop::Keysym keysym;  // 0: the place alone
  bool down;
  std::uint32_t keycode = 0;  // evdev, 0: not known
};
struct TextInput {
  std::string text;
};
struct PointerInput {
  std::int32_t x, y;  // desktop coordinates
  std::uint32_t buttons;
  std::int32_t wheel_x, wheel_y;
};
using InputEvent = std::variant<KeyInput, TextInput, PointerInput>;

class InputWorker {
 public:
  /// Events waiting at most; more means that the desktop hangs. All is then released and what came is dropped.
  static constexpr std::size_t kQueueMax = 1024;

  /// `input` may be null: events are dropped. A press of `ignored` never gets through: the revoke key is the user's.
  InputWorker(std::unique_ptr<desktop::Input> input, desktop::Keysym ignored);
  ~InputWorker();
  InputWorker(const InputWorker&) = delete;
  InputWorker& operator=(const InputWorker&) = delete;

  /// Any thread. A pointer move waits for nothing: it replaces the move before it.
  void post(InputEvent event);
  /// Any thread: what waits is dropped and all keys and buttons are released, before it returns.
  void release_all();

 private:
  void run();
  void inject(const InputEvent& event);
  std::unique_ptr<desktop::Input> input_;
  desktop::Keysym ignored_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<InputEvent> queue_;
  bool injecting_ = false;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace rescue::applet
