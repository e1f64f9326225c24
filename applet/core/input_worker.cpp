// SPDX-License-Identifier: Apache-2.0
#include "applet/core/input_worker.hpp"

#include "base/log.hpp"

namespace rescue::applet {
namespace {
// A move that changes nothing but the place.
bool replaces(const InputEvent& before, const InputEvent& after) {
  const auto* a = std::get_if<PointerInput>(&before);
  const auto* b = std::get_if<PointerInput>(&after);
  return a != nullptr && b != nullptr && a->buttons == b->buttons && a->wheel_x == 0 && a->wheel_y == 0;
}
}  // namespace

InputWorker::InputWorker(std::unique_ptr<desktop::Input> input, desktop::Keysym ignored)
    : input_(std::move(input)), ignored_(ignored), thread_([this] { run(); }) {}

InputWorker::~InputWorker() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  if (input_) input_->release_all();  // ends a text in progress
  thread_.join();
}

void InputWorker::post(InputEvent event) {
  if (const auto* key = std::get_if<KeyInput>(&event);
      key != nullptr && ignored_ != desktop::kNoSymbol && key->keysym == ignored_)
    return;
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    // The event before must itself be only a move, else its press or release would be lost.
    const bool merge =
        queue_.size() > 1 && replaces(queue_[queue_.size() - 2], queue_.back()) && replaces(queue_.back(), event);
    if (merge)
      queue_.back() = std::move(event);
    else if (queue_.size() < kQueueMax)
      queue_.push_back(std::move(event));
    else
      full = true;
  }
  if (full) {
    base::log(base::LogLevel::warn, "input", "the desktop does not take input; all keys released");
    return release_all();
  }
  changed_.notify_all();
}

void InputWorker::release_all() {
  std::unique_lock lock(mutex_);
  queue_.clear();
  if (!input_) return;
  lock.unlock();
  input_->release_all();
  // An event that was on its way when the first release came has been done by now, and may have pressed something.
  lock.lock();
  idle_.wait(lock, [this] { return !injecting_; });
  lock.unlock();
  input_->release_all();
}

void InputWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return quit_ || !queue_.empty(); });
    if (quit_) return;
    auto event = std::move(queue_.front());
    queue_.pop_front();
    injecting_ = true;
    lock.unlock();
    inject(event);
    lock.lock();
    injecting_ = false;
    idle_.notify_all();
  }
}

void InputWorker::inject(const InputEvent& event) {
  if (!input_) return;
  base::Result<> done;
  if (const auto* key = std::get_if<KeyInput>(&event)) {
    done =
        key->keycode != 0 ? input_->key_at(key->keycode, key->keysym, key->down) : input_->key(key->keysym, key->down);
  } else if (const auto* text = std::get_if<TextInput>(&event)) {
    done = input_->text(text->text);
  } else {
    const auto& p = std::get<PointerInput>(event);
    done = input_->pointer(p.x, p.y, p.buttons);
    if (done && (p.wheel_x != 0 || p.wheel_y != 0)) done = input_->wheel(p.wheel_x, p.wheel_y);
  }
  if (!done && done.error().code != base::Errc::canceled)
    base::log(base::LogLevel::info, "input", "not injected", {{"why", done.error().message()}});
}

}  // namespace rescue::applet
