// SPDX-License-Identifier: Apache-2.0
// Both ends of a session with the permissions for scripts, accounts and restart.
#pragma once

#include "session_pair.hpp"

namespace rescue::session::testing {

namespace msg = wire::session;
using base::Errc;
using msg::Outcome;
using Phase = msg::ScriptPhase;

/// The last event of that kind.
template <typename T>
const T* last_event(const SessionPair& p) {
  for (auto it = p.events.rbegin(); it != p.events.rend(); ++it)
    if (const auto* m = std::get_if<MachineEvent>(&*it))
      if (const auto* t = std::get_if<T>(m)) return t;
  return nullptr;
}
template <typename Action, typename T>
const T* last_action(const std::vector<AppletAction>& all) {
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    if (const auto* a = std::get_if<Action>(&*it))
      if (const auto* t = std::get_if<T>(a)) return t;
  return nullptr;
}
inline std::string text_of(const AuditEvent* e, std::string_view key) {
  const auto* v = e == nullptr ? nullptr : e->find(key);
  const auto* s = v == nullptr ? nullptr : std::get_if<std::string>(v);
  return s == nullptr ? "(none)" : *s;
}
inline base::SecretBytes secret(std::string_view s) { return base::SecretBytes(base::to_bytes(base::as_bytes(s))); }

struct Machine : SessionPair {
  Machine() {
    allow(Permission::deploy_scripts);
    allow(Permission::reboot);
    allow(Permission::windows_credentials);
  }
  [[nodiscard]] const AskUser* question() const { return last_of<AskUser>(actions); }
  /// The user reads for a second.
  bool answer(bool yes, std::vector<base::SecretBytes> values = {}) {
    if (question() == nullptr) return false;
    const auto id = question()->id;
    wait(1s);
    const bool taken = applet.question_answered(id, yes, std::move(values), now);
    settle();
    wait(1s);
    return taken;
  }
  std::uint32_t order(ScriptOrder o) {
    const auto request = console.with<ConsoleScripts>(now, [&](auto& f) { return f.run(std::move(o)); });
    EXPECT_TRUE(request) << request.error().message();
    settle();
    return request.value_or(0);
  }
  /// A script that the user has let run.
  std::uint32_t running(std::string text = "sleep 60") {
    ScriptOrder o;
    o.text = std::move(text);
    const auto request = order(std::move(o));
    EXPECT_TRUE(answer(true));
    applet.with<AppletScripts>(now, [&](auto& f) { f.began(request); });
    settle();
    return request;
  }
  void print(std::uint32_t request, std::string_view text, bool err = false) {
    applet.with<AppletScripts>(now, [&](auto& f) { f.output(request, err, base::as_bytes(text)); });
    settle();
  }
  void end(std::uint32_t request, ScriptResult r) {
    applet.with<AppletScripts>(now, [&](auto& f) { f.ended(request, std::move(r)); });
    settle();
  }
  [[nodiscard]] Phase phase() const {
    const auto* c = last_event<ScriptChanged>(*this);
    return c == nullptr ? Phase::none : c->phase;
  }
};

}  // namespace rescue::session::testing
