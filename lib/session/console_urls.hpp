// SPDX-License-Identifier: Apache-2.0
// Addresses that the technician sends for the user to open.
#pragma once

#include <map>
#include <string>

#include "session/console_feature.hpp"

namespace rescue::session {

class ConsoleUrls final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  /// The number that UrlChanged events carry. Errors: those of read_web_address(), denied, conflict (two wait already),
  /// closed.
  [[nodiscard]] base::Result<std::uint32_t> send(std::string_view address);

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void session_ended() override;

 private:
  void finish(std::uint32_t request, std::string_view outcome);
  std::map<std::uint32_t, std::string> waiting_;  // address by request
};

}  // namespace rescue::session
