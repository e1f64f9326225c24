// SPDX-License-Identifier: Apache-2.0
// An account of the supported machine that its user types there, for what is run elevated. The technician hears its
// name once it was right; the password goes to the host and nowhere else.
#pragma once

#include <optional>
#include <string>

#include "session/applet_feature.hpp"

namespace rescue::session {

class AppletCredentials final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void question_answered(QuestionId id, QuestionAnswer answer) override;
  void session_ended() override;

  // ---- from the host
  /// What came of CheckAccount; `detail` says why not.
  void checked(std::uint32_t request, bool right, std::string_view detail);
  /// The account that stands, checked: AppletScripts must hear of a change.
  [[nodiscard]] const std::optional<std::string>& account() const { return account_; }

 private:
  struct Asked {
    std::uint32_t request = 0;
    std::optional<QuestionId> question;  // none: the host is checking it
    std::string account;
  };
  void on_request(const wire::session::CredentialsRequest& m);
  void finish(wire::session::Outcome outcome, std::string_view detail = "");
  void forget();

  std::optional<Asked> asked_;
  std::optional<std::string> account_;
  std::optional<base::SteadyTime> not_before_;  // after a No
};

}  // namespace rescue::session
