// SPDX-License-Identifier: Apache-2.0
// A clipboard that exists in memory only, for the synthetic desktop.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "desktop/clipboard.hpp"

namespace rescue::applet {

class SyntheticClipboard final : public desktop::Clipboard {
 public:
  /// `observe` gets what a technician puts there, and "" when it is taken back.
  explicit SyntheticClipboard(std::function<void(const std::string& text)> observe) : observe_(std::move(observe)) {}
  /// The user copies. Any thread.
  void copy(const std::string& text);

  void watch(bool on) override;
  void on_change(std::function<void(desktop::ClipboardContent)> changed) override { changed_ = std::move(changed); }
  [[nodiscard]] base::Result<> set(desktop::ClipboardContent content) override;
  void clear() override;

 private:
  std::function<void(const std::string&)> observe_;
  std::function<void(desktop::ClipboardContent)> changed_;
  std::mutex mutex_;
  bool watching_ = false;
  bool ours_ = false;  // what is there came by set()
};

}  // namespace rescue::applet
