// SPDX-License-Identifier: Apache-2.0
// The applet as a whole: registers with the site, keeps itself reachable, lets technicians in by grant, and joins their
// sessions with the user, the desktop and the log. The user interface has the calling thread, the network one of its
// own.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "applet/core/desk_host.hpp"
#include "applet/core/env.hpp"
#include "applet/core/log_spool.hpp"
#include "applet/core/machine_log.hpp"
#include "applet/core/machine_host.hpp"
#include "applet/core/options.hpp"
#include "applet/core/resume_file.hpp"
#include "applet/core/site_client.hpp"
#include "applet/core/technician_host.hpp"
#include "net/backoff.hpp"
#include "net/event_stream_client.hpp"
#include "net/io_thread.hpp"
#include "net/task_group.hpp"
#include "peer/applet_peer.hpp"

namespace rescue::applet {

/// Registering with a site that does not answer is tried for this long.
inline constexpr std::chrono::minutes kEnrolPatience{2};
/// At the end: for technicians to hear it, and for the site to get the log and the word that it is over.
inline constexpr std::chrono::seconds kGoodbye{2};
inline constexpr std::chrono::seconds kLastWords{5};

struct Desktop {
  CaptureFactory make_capture;
  std::unique_ptr<desktop::Input> input;  // null: cannot be controlled
  std::unique_ptr<desktop::Clipboard> clipboard;  // null: cannot be shared
  OpenAddress open_address;  // none: the user's browser
};

class Applet final : public UiEvents {
 public:
  /// `ui` and `env` outlive it.
  Applet(Options options, Env& env, Ui& ui, Desktop desktop);
  ~Applet() override;
  Applet(const Applet&) = delete;
  Applet& operator=(const Applet&) = delete;

  /// Until the session is over; the exit code.
  int run();

  // UiEvents, from the user interface's thread
  void answered(PersonId person, session::PromptId prompt, session::Answer answer) override;
  void question_answered(PersonId person, session::QuestionId question, bool yes,
                         std::vector<base::SecretBytes> values) override;
  void says(std::string text) override;
  void file_picked(PersonId person, std::uint32_t request, std::optional<std::filesystem::path> file) override;
  void cancels_file(PersonId person, session::TransferId transfer) override;
  void revokes(session::Permission permission) override;
  void revokes_all() override;
  void ends() override;

 private:
  template <typename T = void>
  using Task = boost::asio::awaitable<T>;
  /// Why it is over, and whether the site is to be told.
  struct Finish {
    Ending ending;
    std::string tell_site;    // reason; empty: it knows
    std::string tell_people;  // reason for technicians who are linked; empty: their links just end
    bool inactive = false;    // nobody did anything for too long
  };

  // ---- applet.cpp: life
  Task<base::Result<int>> life();
  Task<> session();
  Task<base::Result<>> live();
  Task<base::Result<crypto::Invite>> obtain_invite();
  Task<base::Result<Registration>> enrol_patiently();
  Task<base::Result<peer::Admission>> renew_admission();
  Task<> watch_signals();
  Task<> follow_site();
  Task<> send_log();
  Task<> goodbye();
  void finish(Finish why);

  // ---- applet_events.cpp: what happens meanwhile
  [[nodiscard]] peer::AppletPeerHooks peer_hooks();
  void on_site_event(const SiteEvent& event);
  void look_for_inactivity();
  void on_state(const SiteState& state);    // applet_log.cpp, as the next
  void on_people(const SitePeople& people);
  void on_joined(peer::TechnicianNumber number, session::AppletSession& core, const crypto::Grant& grant);
  void on_path(peer::TechnicianNumber number, const peer::PathReport& report);
  void on_waiting(const peer::PathReport& report);
  void show_reach();
  void on_network(std::move_only_function<void()> f);
  void with_host(PersonId person, const std::function<void(TechnicianHost&)>& f);
  void with_each_host(const std::function<void(TechnicianHost&)>& f);
  [[nodiscard]] session::Now now() const { return session::Now::of(*env_.clock); }

  // ---- applet_restart.cpp: restart of the machine
  [[nodiscard]] RebootServices reboot_services();
  /// What is to be written down, collected now; a worker carries it out.
  [[nodiscard]] base::Result<std::function<base::Result<>()>> writing_down();
  void prepare_restart(RebootServices::Done done);
  void restart_machine(RebootServices::Done failed);
  void cancel_restart();
  Task<> tell_site_of_restart(bool starts);
  [[nodiscard]] base::Result<> take_up(peer::AppletPeerOptions& options);
  [[nodiscard]] base::Result<crypto::SessionIdentity> session_identity();

  // ---- applet_log.cpp: what is written down
  void audit(const std::string& technician, const session::AuditEvent& event);
  void end_when_log_is_full();
  void log_event(std::string_view type, std::string_view actor, const std::string& data_json);
  /// For the machine's own log; adds time and session.
  void keep(MachineLogEntry entry);
  void sign_in_accepted(const crypto::Grant& grant);
  void sign_in_refused(const std::string& what, const base::Error& why, const std::string& gateway = {});
  void sign_in_ended(const TechnicianHost& host);

  Options options_;
  Env& env_;
  Ui& ui_;
  CaptureFactory make_capture_;
  net::IoContext io_;
  net::TaskGroup tasks_;
  net::Signal finished_;  // finish_ was set, or session() has ended
  net::Signal log_changed_;
  std::optional<Finish> finish_;
  bool session_over_ = false;

  std::optional<crypto::Invite> invite_;
  base::Bytes invite_envelope_;
  base::WallTime invited_;  // when it was opened
  std::optional<ResumePlace> restart_place_;
  bool going_down_ = false;  // the machine was told to restart
  std::optional<crypto::SessionIdentity> identity_;
  std::unique_ptr<SiteClient> site_;
  std::optional<Registration> registration_;
  std::unique_ptr<net::EventStreamClient> events_;
  LogSpool spool_;
  std::unique_ptr<MachineLog> machine_log_;
  bool log_full_ = false;

  // The workers go before the peer to which they deliver.
  std::unique_ptr<peer::AppletPeer> peer_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<FileStore> files_;
  std::unique_ptr<FileManager> file_manager_;
  std::unique_ptr<ScriptRunner> scripts_ = std::make_unique<ScriptRunner>();
  std::unique_ptr<InputWorker> input_;
  std::unique_ptr<MachineClipboard> clipboard_;
  std::unique_ptr<UrlOpener> urls_;
  std::unique_ptr<Worker> slow_ = std::make_unique<Worker>();
  std::map<PersonId, std::unique_ptr<TechnicianHost>> hosts_;
  std::map<PersonId, bool> linked_;  // has a path now
  Standing standing_;                // with the site
  bool waiting_ = false;             // at a gateway
  std::string trouble_;              // why not
};

/// How this machine is restarted; unsupported: not at all.
[[nodiscard]] base::Result<std::vector<std::string>> restart_command(const Env& env);
/// Trust of the options in the site named there.
[[nodiscard]] base::Result<crypto::ServerTrust> trust_of(const Options& options);
/// Trust in the site once its invite is there: the site's own CA where its broker has a certificate of that, else as
/// the options say, which is the system's store when they say nothing.
[[nodiscard]] base::Result<crypto::ServerTrust> site_trust(const crypto::Invite& invite, const Options& options);
/// An envelope in text (base64url) or as it is. not_found, io, too_large, bad_format.
[[nodiscard]] base::Result<base::Bytes> read_invite_file(const std::filesystem::path& path);

}  // namespace rescue::applet
