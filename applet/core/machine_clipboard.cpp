// SPDX-License-Identifier: Apache-2.0
#include "applet/core/machine_clipboard.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "session/applet_clipboard.hpp"

namespace rescue::applet {
namespace {
using session::AppletClipboard;
using session::AppletSession;
using session::Now;

template <typename Call>
SessionCall call_clipboard(Call call) {
  return [call = std::move(call)](AppletSession& s, Now now) { s.with<AppletClipboard>(now, call); };
}
}  // namespace

MachineClipboard::MachineClipboard(std::unique_ptr<desktop::Clipboard> clipboard, Deliver deliver)
    : clipboard_(std::move(clipboard)), deliver_(std::move(deliver)) {
  if (clipboard_) clipboard_->on_change([this](desktop::ClipboardContent content) { copied(std::move(content)); });
}

MachineClipboard::~MachineClipboard() {
  if (clipboard_) clipboard_->watch(false);
}

void MachineClipboard::share(PersonId person, bool to_applet, bool to_console) {
  const bool on = to_applet || to_console;
  if (!clipboard_) {
    if (on) deliver_(person, call_clipboard([](AppletClipboard& f) { f.unavailable(); }));
    return;
  }
  bool clear = false, watch = false, was_watching = false;
  {
    std::lock_guard lock(mutex_);
    if (on)
      sharing_[person] = {to_applet, to_console};
    else
      sharing_.erase(person);
    clear = !to_applet && put_by_ == person;
    if (clear) put_by_.reset();
    watch = std::ranges::any_of(sharing_, [](const auto& s) { return s.second.to_console; });
    was_watching = std::exchange(watching_, watch);
    if (!watch) text_ = {};
  }
  // Without the lock: to stop waits for a call of copied().
  if (watch != was_watching) clipboard_->watch(watch);
  // Behind a text of that person which is on its way there.
  if (clear) worker_.post([this] { clipboard_->clear(); });
}

void MachineClipboard::set_text(PersonId person, std::uint32_t serial, std::string text) {
  {
    std::lock_guard lock(mutex_);
    put_by_ = person;
  }
  worker_.post([this, person, serial, text = std::move(text)]() mutable {
    {
      std::lock_guard lock(mutex_);
      const auto found = sharing_.find(person);
      if (found == sharing_.end() || !found->second.to_applet) return;  // taken back meanwhile
    }
    desktop::ClipboardContent content;
    content.text = std::move(text);
    const auto set = clipboard_->set(std::move(content));
    if (!set) base::log(base::LogLevel::warn, "clipboard", "not set", {{"why", set.error().message()}});
    deliver_(person, call_clipboard([serial, ok = set.has_value()](AppletClipboard& f) { f.taken(serial, ok); }));
  });
}

void MachineClipboard::read(PersonId person, std::uint64_t version) {
  std::lock_guard lock(mutex_);
  const auto found = sharing_.find(person);
  const bool there = found != sharing_.end() && found->second.to_console && version == version_ && !text_.empty();
  if (!there)
    deliver_(person, call_clipboard([version](AppletClipboard& f) { f.gone(version); }));
  else
    deliver_(person, call_clipboard([version, text = text_](AppletClipboard& f) { f.text(version, text); }));
}

void MachineClipboard::copied(desktop::ClipboardContent content) {
  std::lock_guard lock(mutex_);
  text_ = std::move(content.text);
  const auto version = ++version_;
  put_by_.reset();
  for (const auto& [person, ways] : sharing_)
    if (ways.to_console)
      deliver_(person,
               call_clipboard([version, bytes = text_.size()](AppletClipboard& f) { f.changed(version, bytes); }));
}

}  // namespace rescue::applet
