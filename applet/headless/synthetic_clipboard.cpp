// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/synthetic_clipboard.hpp"

namespace rescue::applet {

void SyntheticClipboard::copy(const std::string& text) {
  std::lock_guard lock(mutex_);
  ours_ = false;
  desktop::ClipboardContent content;
  content.text = text;
  if (watching_ && changed_) changed_(std::move(content));
}

void SyntheticClipboard::watch(bool on) {
  std::lock_guard lock(mutex_);
  watching_ = on;
}

base::Result<> SyntheticClipboard::set(desktop::ClipboardContent content) {
  if (content.text.size() > desktop::kClipboardTextBytesMax) return base::fail(base::Errc::too_large, "clipboard");
  {
    std::lock_guard lock(mutex_);
    ours_ = true;
  }
  observe_(content.text);
  return {};
}

void SyntheticClipboard::clear() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(ours_, false)) return;
  }
  observe_("");
}

}  // namespace rescue::applet
