// SPDX-License-Identifier: Apache-2.0
// The seam for the machine's clipboard: what a person copies and pastes. A host implements it; applet/core joins it to
// sessions. Whoever uses it has asked for consent: nothing is read unless watch(true) was said.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace rescue::desktop {

/// Text beyond this is neither read nor set: bytes of UTF-8.
inline constexpr std::size_t kClipboardTextBytesMax = 1024 * 1024;
/// Files of one clipboard; one with more counts as having none.
inline constexpr std::size_t kClipboardFileCountMax = 1000;

/// Files, where there are any, else text. Both empty: nothing that can be shared.
struct ClipboardContent {
  std::string text;  // valid UTF-8
  std::vector<std::filesystem::path> files;
  [[nodiscard]] bool empty() const { return text.empty() && files.empty(); }
  friend bool operator==(const ClipboardContent&, const ClipboardContent&) = default;
};

class Clipboard {
 public:
  virtual ~Clipboard() = default;
  /// Any thread. While on, `changed` gets what another program copies, not what was there before; an emptied
  /// clipboard, one beyond the caps and one that its program marks as secret come as empty content. What set() put
  /// there is not told. `changed` is called on a thread of the host, never after watch(false) or the destructor has
  /// returned; it does not call back.
  virtual void watch(bool on) = 0;
  /// Any thread, before the first watch(true).
  virtual void on_change(std::function<void(ClipboardContent)> changed) = 0;
  /// Any thread: the clipboard is this from now on; when it returns other programs get it. too_large: beyond the caps.
  /// unreachable: the desktop is gone.
  [[nodiscard]] virtual base::Result<> set(ClipboardContent content) = 0;
  /// Any thread: takes back what set() put there, if it is there still.
  virtual void clear() = 0;
};

}  // namespace rescue::desktop
