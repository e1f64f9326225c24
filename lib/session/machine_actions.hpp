// SPDX-License-Identifier: Apache-2.0
// Scripts, restart and accounts: what the core of the supported end tells its host to do, and what the technician's end
// hears of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

// ---- to the host of the supported end

/// Answer with AppletScripts::began(), output() and ended().
struct RunScript {
  std::uint32_t request = 0;
  std::string interpreter;  // "": as the first line says
  std::string text;
  std::vector<std::string> arguments;
  std::chrono::seconds timeout{};
  bool elevated = false;    // with the account that the user has typed
  std::uint64_t up_to = 0;  // bytes of output that may be read
};
/// More output may be read.
struct TakeScriptOutput {
  std::uint32_t request = 0;
  std::uint64_t up_to = 0;
};
/// End it; `at_once`: its right is gone, nobody waits for its answer.
struct EndScript {
  std::uint32_t request = 0;
  bool at_once = false;
};
using ScriptAction = std::variant<RunScript, TakeScriptOutput, EndScript>;

/// An account of the supported machine as the user typed it.
struct TypedAccount {
  std::string name;
  base::SecretBytes password;
};
/// Answer with AppletCredentials::checked(). The account stays with the host until ForgetAccount.
struct CheckAccount {
  std::uint32_t request = 0;
  std::shared_ptr<TypedAccount> account;
};
struct ForgetAccount {};
using AccountAction = std::variant<CheckAccount, ForgetAccount>;

/// Make ready to come back after a restart; answer with AppletReboot::prepared().
struct PrepareReboot {
  std::uint32_t request = 0;
};
/// Restart now. Only a failure is answered, with AppletReboot::failed().
struct RebootNow {
  std::uint32_t request = 0;
};
/// It does not happen: undo what was prepared.
struct CancelReboot {};
using RebootAction = std::variant<PrepareReboot, RebootNow, CancelReboot>;

// ---- of the technician's end

struct ScriptChanged {
  std::uint32_t request = 0;
  wire::session::ScriptPhase phase = wire::session::ScriptPhase::none;
  int exit_code = 0;
  int signal = 0;
  std::string detail;
};
/// Say ConsoleScripts::taken() when it was.
struct ScriptPrinted {
  std::uint32_t request = 0;
  bool to_stderr = false;
  std::uint64_t offset = 0;  // over both streams
  base::Bytes data;
};
struct RebootChanged {
  std::uint32_t request = 0;
  wire::session::Outcome outcome = wire::session::Outcome::none;
  std::string detail;
};
struct CredentialsChanged {
  std::uint32_t request = 0;
  wire::session::Outcome outcome = wire::session::Outcome::none;
  std::string account, detail;
};
using MachineEvent = std::variant<ScriptChanged, ScriptPrinted, RebootChanged, CredentialsChanged>;

/// A script is over in this phase.
[[nodiscard]] constexpr bool is_over(wire::session::ScriptPhase p) {
  return p != wire::session::ScriptPhase::asked && p != wire::session::ScriptPhase::running;
}
[[nodiscard]] constexpr bool is_over(wire::session::Outcome o) { return o != wire::session::Outcome::asked; }

}  // namespace rescue::session
