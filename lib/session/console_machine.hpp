// SPDX-License-Identifier: Apache-2.0
// The technician's end of scripts, restart and accounts (applet_scripts.hpp, applet_reboot.hpp,
// applet_credentials.hpp).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "session/console_feature.hpp"

namespace rescue::session {

/// What the technician wants run.
struct ScriptOrder {
  std::string name{};         // for people
  std::string interpreter{};  // "": as its first line says
  std::string text{};
  std::vector<std::string> arguments{};
  std::chrono::seconds timeout{};  // 0: as the supported end has it
  bool elevated = false;           // with the account that the user has typed
};

class ConsoleScripts final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  /// The number that events carry. Errors: those of need(), invalid_argument, too_large.
  [[nodiscard]] base::Result<std::uint32_t> run(ScriptOrder order);
  /// conflict: it is not running.
  [[nodiscard]] base::Result<void> kill(std::uint32_t request);
  /// Output below `offset` has been dealt with: more may come.
  void taken(std::uint32_t request, std::uint64_t offset);

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void session_ended() override;

 private:
  struct Script {
    std::string sha256;  // hex
    std::uint64_t arrived = 0;
  };
  [[nodiscard]] base::Result<void> on_state(const wire::session::ScriptState& m);
  [[nodiscard]] base::Result<void> on_output(const wire::session::ScriptOutput& m);
  void finish(std::uint32_t request, ScriptChanged how);
  std::map<std::uint32_t, Script> scripts_;
};

class ConsoleReboot final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  /// As ConsoleScripts::run; conflict while one is asked for.
  [[nodiscard]] base::Result<std::uint32_t> request();
  /// The applet has said that the machine goes down: what answers next has begun anew.
  [[nodiscard]] bool machine_restarts() const { return going_; }

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void session_ended() override;
  void restarted() override;

 private:
  void changed(wire::session::Outcome outcome, std::string detail);
  std::optional<std::uint32_t> asked_;
  bool going_ = false;
};

class ConsoleCredentials final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  /// `reason`: the technician's words for the user. As ConsoleReboot::request.
  [[nodiscard]] base::Result<std::uint32_t> request(std::string_view reason);

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void session_ended() override;

 private:
  void changed(wire::session::Outcome outcome, std::string account, std::string detail);
  std::optional<std::uint32_t> asked_;
};

}  // namespace rescue::session
