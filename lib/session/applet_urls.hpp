// SPDX-License-Identifier: Apache-2.0
// Addresses that the technician sends: each is shown whole and opens only after a yes to that very one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "session/applet_feature.hpp"
#include "session/web_address.hpp"

namespace rescue::session {

/// Addresses of one technician that wait for the user; a further one is refused as busy.
inline constexpr std::size_t kUrlsWaitingMax = 2;

class AppletUrls final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void question_answered(QuestionId id, QuestionAnswer answer) override;
  void session_ended() override;

  /// What came of OpenUrl; `detail` says why not.
  void opened(std::uint32_t request, bool ok, std::string_view detail);

 private:
  struct Waiting {
    std::string address;
    std::optional<QuestionId> question;  // none: the host is opening it
  };
  using Map = std::map<std::uint32_t, Waiting>;
  void on_send(const wire::session::UrlSend& m);
  /// Tells the console and the log, and forgets it.
  void finish(Map::iterator it, wire::session::Outcome outcome, std::string_view detail = "");
  void cancel_all();
  Map waiting_;  // by request
};

/// What the user is asked about an address.
[[nodiscard]] Question question_about(const WebAddress& address);

}  // namespace rescue::session
