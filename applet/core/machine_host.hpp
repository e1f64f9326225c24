// SPDX-License-Identifier: Apache-2.0
// One technician's scripts, account and restart at this machine: what the session core says, done.
#pragma once

#include <functional>
#include <memory>

#include "applet/core/elevation.hpp"
#include "applet/core/script_runner.hpp"
#include "applet/core/worker.hpp"
#include "session/applet_session.hpp"

namespace rescue::applet {

/// Restart of this machine and coming back, by whoever knows the whole applet. The core's strand.
struct RebootServices {
  using Done = std::move_only_function<void(base::Result<>)>;
  /// Writes down what is needed to come back; `done` on the core's strand, perhaps later.
  std::function<void(Done done)> prepare;
  /// Restarts the machine; `done` only when that fails.
  std::function<void(Done failed)> go;
  /// Undoes prepare().
  std::function<void()> cancel;
};

/// What all technicians share; outlives them.
struct MachineServices {
  ScriptRunner& scripts;
  GuardPlace guard;
  RebootServices reboot;
};

/// The core's strand.
class MachineHost {
 public:
  MachineHost(PersonId person, session::AppletSession& core, MachineServices services, Deliver deliver);
  /// Kills what runs, forgets the account.
  ~MachineHost();
  MachineHost(const MachineHost&) = delete;
  MachineHost& operator=(const MachineHost&) = delete;

  void act(session::ScriptAction& action, session::Now now);
  void act(session::AccountAction& action, session::Now now);
  void act(session::RebootAction& action, session::Now now);

 private:
  struct Accounts;  // outlives this for as long as a check is under way
  void run(session::RunScript& script, session::Now now);
  void check(const session::CheckAccount& request, session::Now now);
  void forget(session::Now now);

  PersonId person_;
  session::AppletSession& core_;
  MachineServices services_;
  Deliver deliver_;
  std::shared_ptr<Accounts> accounts_;
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace rescue::applet
