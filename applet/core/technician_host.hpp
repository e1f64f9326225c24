// SPDX-License-Identifier: Apache-2.0
// The machine's side of one technician's session: carries out what the session core says and reports back. Knows no
// network: whoever owns the core pumps it, calls drain() after each pump, and hands over what workers deliver.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "applet/core/capture_loop.hpp"
#include "applet/core/desk_host.hpp"
#include "applet/core/file_manager.hpp"
#include "applet/core/file_store.hpp"
#include "applet/core/input_worker.hpp"
#include "applet/core/machine_host.hpp"
#include "applet/ui.hpp"
#include "session/applet_session.hpp"

namespace rescue::applet {

/// What all technicians' hosts share; outlives them.
struct HostServices {
  Ui& ui;
  Worker& worker;
  FileStore& files;
  InputWorker& input;
  CaptureFactory make_capture;
  Deliver deliver;
  /// Answers every request for a file instead of the user; empty: the user is asked.
  std::filesystem::path offer_file;
  /// Each audit event, in order, with the technician's e-mail.
  std::function<void(const std::string& technician, const session::AuditEvent&)> audit;
  MachineServices machine;
  FileManager& file_manager;
  DeskServices desk{};
};

struct PersonNames {
  std::string name, email, organisation;
};

/// The core's strand; the core outlives it.
class TechnicianHost {
 public:
  TechnicianHost(PersonId person, session::AppletSession& core, PersonNames names, const HostServices& services);
  /// Ends capture, releases input, drops files under way, takes the person off the window.
  ~TechnicianHost();
  TechnicianHost(const TechnicianHost&) = delete;
  TechnicianHost& operator=(const TechnicianHost&) = delete;

  [[nodiscard]] session::AppletSession& core() { return core_; }
  [[nodiscard]] const PersonNames& names() const { return names_; }
  /// Takes the core's actions and audit events until there are none.
  void drain(session::Now now);
  /// How the session ended, once it has.
  [[nodiscard]] const std::optional<session::SessionEnded>& ended() const { return ended_; }

 private:
  void act(session::AppletAction& action, session::Now now);
  void inject_pointer(const session::InjectPointer& p);
  void collect(const session::CollectSysinfo& request);
  void choose_file(std::uint32_t request);

  PersonId person_;
  HostServices services_;
  PersonNames names_;
  session::AppletSession& core_;
  CaptureLoop capture_;
  MachineHost machine_;
  DeskHost desk_;
  std::optional<session::SessionEnded> ended_;
};

}  // namespace rescue::applet
