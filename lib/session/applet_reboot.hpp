// SPDX-License-Identifier: Apache-2.0
// Restart of the supported machine, and the applet's coming back: needs the permission and a yes to each restart.
#pragma once

#include <optional>
#include <string>

#include "session/applet_feature.hpp"

namespace rescue::session {

/// Between the word that the machine goes down and its going: for that word to arrive, and for the user to see it.
inline constexpr std::chrono::seconds kRebootFarewell{3};
/// A machine that still runs this long after it was told to restart does not restart.
inline constexpr std::chrono::seconds kRebootPatience{180};

class AppletReboot final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void question_answered(QuestionId id, QuestionAnswer answer) override;
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const override { return deadline_; }
  void on_deadline() override;
  void session_ended() override;
  void add_activity(ActivitySet& on) const override;

  // ---- from the host
  /// Of PrepareReboot; not `ready`: `detail` says why.
  void prepared(std::uint32_t request, bool ready, std::string_view detail);
  /// Of RebootNow.
  void failed(std::uint32_t request, std::string_view detail);
  /// This core is that of an applet which has come back: says so in the log. Before any message.
  void came_back();

 private:
  enum class Step : std::uint8_t { asked, preparing, farewell, going };
  struct Asked {
    std::uint32_t request = 0;
    Step step = Step::asked;
    std::optional<QuestionId> question;
  };
  void on_request(const wire::session::RebootRequest& m);
  void finish(wire::session::Outcome outcome, std::string_view detail = "");

  std::optional<Asked> asked_;
  std::optional<base::SteadyTime> deadline_;
  std::optional<base::SteadyTime> not_before_;  // after a No
};

}  // namespace rescue::session
