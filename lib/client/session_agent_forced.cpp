// SPDX-License-Identifier: Apache-2.0
// Recording by the group's rule: it begins before anything is seen or controlled, also when the rule comes in the
// middle of a session; while it cannot be written both pause; and the log tells every ten seconds how far it has got.
#include <fmt/format.h>

#include "client/session_agent.hpp"

namespace rescue::client {

base::Result<> SessionAgent::ensure_recording(std::string_view action) {
  if (!info_.recording_forced || recorder_) return {};
  if (auto started = start_recording(info_.record_dir); !started)
    return base::fail(Errc::recording_failed,
                      fmt::format("{} needs a recording by policy, and it cannot be written: {}", action,
                                  message_of(started.error())));
  return {};
}

void SessionAgent::pause() {
  if (!core_.viewing() && !core_.controlling()) return;
  if (!paused_) paused_.emplace();
  if (core_.viewing()) paused_->display = screen_.display();
  paused_->control = paused_->control || core_.controlling();
  core_.stop_view(now());
  core_.stop_control(now());
  broadcast("paused", {{"message", "view and control pause until the recording can be written"}});
}

void SessionAgent::resume() {
  if (!paused_ || gap_since_ || ended_) return;
  if (auto ready = ensure_recording("going on"); !ready) {
    broadcast("recording", {{"state", "failed"}, {"message", message_of(ready.error())}});
    return;
  }
  const auto paused = *std::exchange(paused_, std::nullopt);
  if (paused.display && !core_.start_view(*paused.display, view_fps_, now(), view_exact_)) return;
  if (paused.control && !core_.start_control(now())) return;
  broadcast("resumed", {});
}

/// The supported end heard of the rule, and not yet of a recording.
void SessionAgent::ended_unrecorded(std::optional<std::uint32_t> display, bool control) {
  if (!paused_) paused_.emplace();
  if (display) paused_->display = display;
  paused_->control = paused_->control || control;
  // Without the grant that says so the core does not know yet that it may record; on_grant() goes on from here.
  if (info_.recording_forced) resume();
}

void SessionAgent::rule_changed() {
  if (!info_.recording_forced) return resume();
  if (!core_.viewing() && !core_.controlling()) return resume();
  auto ready = ensure_recording("what goes on");
  if (ready) return resume();
  broadcast("recording", {{"state", "failed"}, {"message", message_of(ready.error())}});
  pause();
}

void SessionAgent::tell_tip(const RecorderState& state) {
  if (state.failing || state.chunks == 0) return;
  const auto at = clock_.steady();
  if (tip_told_ && at - *tip_told_ < kTipEvery) return;
  tip_told_ = at;
  log_event("recording.tip",
            {{"name", recorder_->path()}, {"chunks", state.chunks}, {"tip", base::to_hex(state.chain_tip)}});
}

}  // namespace rescue::client
