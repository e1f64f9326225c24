// SPDX-License-Identifier: Apache-2.0
// Scripts that a technician has run on the supported machine: each is shown whole to the user and runs after a yes to
// that very one; its output goes to the technician no faster than that end takes it; it dies with its right.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "session/applet_feature.hpp"

namespace rescue::session {

/// Of one technician, waiting for the user or running; a further one is refused as busy.
inline constexpr std::size_t kScriptsMax = 4;
/// Output that the technician's end has not taken yet, bytes.
inline constexpr std::uint64_t kScriptWindow = 256 * 1024;
inline constexpr std::chrono::seconds kScriptTimeDefault{600};
inline constexpr std::chrono::seconds kScriptTimeMax{24 * 3600};

/// How a script went, from the host.
struct ScriptResult {
  wire::session::ScriptPhase phase = wire::session::ScriptPhase::ended;  // ended, timed_out, killed or failed
  int exit_code = 0;
  int signal = 0;
  std::string detail;
};

class AppletScripts final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void question_answered(QuestionId id, QuestionAnswer answer) override;
  void session_ended() override;
  void add_activity(ActivitySet& on) const override;

  // ---- from the host
  void began(std::uint32_t request);
  void output(std::uint32_t request, bool to_stderr, base::ByteView data);
  void ended(std::uint32_t request, ScriptResult result);
  /// The account with which elevated scripts run; none: they are refused. `always`: the applet itself has all rights.
  void set_account(std::optional<std::string> name, bool always = false);

 private:
  struct Script {
    RunScript run;
    std::string name, sha256;            // hex
    std::optional<QuestionId> question;  // still to be answered
    bool running = false;
    std::uint64_t sent = 0, taken = 0;
  };
  using Map = std::map<std::uint32_t, Script>;
  [[nodiscard]] base::Result<void> on_run(const wire::session::ScriptRun& m);
  [[nodiscard]] base::Result<void> on_ack(const wire::session::ScriptAck& m);
  void on_kill(std::uint32_t request);
  [[nodiscard]] bool allowed(const Script& s) const;
  [[nodiscard]] Question question_about(const Script& s) const;
  void finish(Map::iterator it, ScriptResult result);
  void end_at_once(Map::iterator it);

  Map scripts_;  // by request
  std::optional<std::string> account_;
  bool account_always_ = false;
  std::optional<base::SteadyTime> not_before_;  // after a No
};

/// The first character of a script that is not shown as what it is (controls, changes of writing direction), and the
/// line that it is in: "U+202E in line 3". Empty: there is none.
[[nodiscard]] std::string hidden_character(std::string_view script);

}  // namespace rescue::session
