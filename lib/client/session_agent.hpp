// SPDX-License-Identifier: Apache-2.0
// The technician's end of one session between its core and its views: turns lines of views into commands of the core
// and events of the core into lines, decodes the screen, stores files, records. Any number of views watch; one at a
// time moves pointer and keys. Knows no sockets: the process around it (agent_process.hpp) brings lines and pumps the
// core.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/strong.hpp"
#include "client/broker_api.hpp"
#include "client/recorded_pictures.hpp"
#include "client/recorder.hpp"
#include "client/remote_screen.hpp"
#include "client/script_command.hpp"
#include "client/transfer_files.hpp"
#include "session/console_session.hpp"

namespace rescue::client {

using ViewId = base::Strong<std::uint64_t, struct ViewIdTag>;

/// A command that needs the link waits this long for it, at the start of a session.
inline constexpr std::chrono::seconds kFirstLink{60};
/// For the first whole picture of a view. A thin link takes half a minute for a screen full of photos.
inline constexpr std::chrono::seconds kFirstPicture{60};
/// For the rest of a picture of which parts are there.
inline constexpr std::chrono::seconds kWholePicture{5};
/// For an answer of the supported end that needs no person.
inline constexpr std::chrono::seconds kAnswer{30};
/// For a person to choose a file, beyond the consent prompt.
inline constexpr std::chrono::minutes kChooseFile{10};
/// Past events that a view's `wait` may still match; the oldest go first.
inline constexpr std::size_t kRememberedEvents = 256;
/// Commands of one view under way; more are refused.
inline constexpr std::size_t kPendingPerView = 64;

/// How often the log tells how far a recording has got.
inline constexpr std::chrono::seconds kTipEvery{10};

struct AgentInfo {
  std::string session;     // id
  std::string technician;  // e-mail address
  std::string organisation;
  std::string software;
  bool recording_forced = false;
  std::filesystem::path receive_dir;
  std::filesystem::path record_dir;             // for forced and automatic recording
  bool record_at_once = false;                  // ask for it and begin as soon as the user allows it
  std::vector<crypto::X25519Public> record_to;  // recordings are encrypted for them; empty: not encrypted
  boost::json::object parties;                  // parties.hpp, for recordings
  base::WallTime picked_up;
};

/// A finished recording as a video.
struct DeliveredVideo {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256_hex;
  bool recording_kept = false;  // beside the video: it was wished, or the video lacks something
};

/// What the process does for the agent.
struct AgentHooks {
  std::function<void(ViewId, const std::string& line)> send;  // one line without its end
  std::function<void(LogEvent)> log;                          // event.seq is 0: the spool numbers it
  /// Ends the session at the broker; `done` says whether the broker heard of it.
  std::function<void(const std::string& reason, std::function<void(bool)> done)> close_site;
  std::function<void()> wake;            // from any thread: call tick() soon
  std::function<std::size_t()> spooled;  // log events not yet at the broker
  /// Where recordings go; a file but for tests.
  std::function<base::Result<std::unique_ptr<rcrec::Sink>>(const std::string&)> open_recording =
      rcrec::create_file_sink;
  /// Where videos are delivered: makes one of a finished recording. `done` comes later, on the agent's strand, and
  /// before the agent goes. Without it the recording itself is delivered.
  using VideoDone = std::function<void(base::Result<DeliveredVideo>)>;
  std::function<void(const std::string& recording, VideoDone done)> make_video;
};

/// One strand. The core must outlive it.
class SessionAgent {
 public:
  SessionAgent(session::ConsoleSession& core, AgentInfo info, AgentHooks hooks, base::Clock& clock);
  ~SessionAgent();
  SessionAgent(const SessionAgent&) = delete;
  SessionAgent& operator=(const SessionAgent&) = delete;

  void view_joined(ViewId view);
  void view_left(ViewId view);
  void on_line(ViewId view, std::string_view line);
  /// After each pump: takes the core's events and audit events. True when there were any: pump again, answers may wait.
  bool drain();
  /// Every 250 ms and after wake(): time-outs, the recorder.
  void tick();
  /// The path under the link changed ("relay", "direct"), or why there is none.
  void on_path(const std::string& path, const std::string& why);
  /// Something that an administrator should look at.
  void alert(const std::string& reason);
  /// The site's grant changed (renewed lease), or the site ended the session.
  void on_grant(wire::PermissionSet granted, bool recording_forced, bool omit_chat_text);
  void on_site_ends(session::EndedBy by, const std::string& reason);
  /// Finishes the recording; nothing else is of use afterwards.
  void stop();

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::size_t views() const { return views_.size(); }
  /// All but `except` (0: nobody) get the line, and `wait` may match it.
  void broadcast(std::string_view name, boost::json::object fields, ViewId except = ViewId(0));

 private:
  /// What a pending command waits for.
  enum class Await : std::uint8_t {
    link,
    consent,
    first_picture,
    whole_picture,
    control,
    sent_file,
    received_file,
    sysinfo,
    url,
    clipboard_shared,
    clipboard_set,
    clipboard_text,
    files,
    script,
    reboot,
    credentials,
    event
  };
  struct Pending {
    ViewId view;
    ScriptCommand command;
    Await await{};
    base::SteadyTime deadline;
    wire::Permission permission{};
    session::TransferId transfer{};
    std::uint32_t request = 0;
    base::SteadyTime since{};
  };
  struct View {
    std::filesystem::path cwd;
    std::string name;
    bool frames = false;
    bool greeted = false;
    std::deque<boost::json::object> past;  // events that no `wait` of this view has taken
  };

  [[nodiscard]] session::Now now() const { return session::Now::of(clock_); }
  void reply(const Pending& p, boost::json::object fields);
  void fail(const Pending& p, const base::Error& error);
  void answer(ViewId view, const ScriptCommand& c, const base::Result<boost::json::object>& result);
  void answer(ViewId view, const ScriptCommand& c, const base::Result<void>& result);
  Pending& wait_for(ViewId view, ScriptCommand c, Await await, base::Duration patience);
  /// Calls `finish` for each pending command that `match` takes, and removes it.
  void settle(const std::function<bool(const Pending&)>& match, const std::function<void(const Pending&)>& finish);

  void execute(ViewId view, ScriptCommand c);
  void hello(ViewId view, const ScriptCommand& c);
  void chat(ViewId view, const ScriptCommand& c);
  void ask(ViewId view, ScriptCommand c);
  void start_view(ViewId view, ScriptCommand c);
  void start_control(ViewId view, ScriptCommand c);
  void stop_control(ViewId view, const ScriptCommand& c);
  void input(ViewId view, const ScriptCommand& c);
  void send_file(ViewId view, ScriptCommand c);
  void receive_file(ViewId view, ScriptCommand c);
  void sysinfo(ViewId view, ScriptCommand c);
  void wait_event(ViewId view, ScriptCommand c);
  void close(ViewId view, const ScriptCommand& c);
  void screenshot(ViewId view, ScriptCommand c);
  [[nodiscard]] base::Result<boost::json::object> save_screenshot(ViewId view, const ScriptCommand& c);
  [[nodiscard]] std::filesystem::path resolve(ViewId view, const std::string& path) const;
  [[nodiscard]] boost::json::object state(ViewId view) const;
  [[nodiscard]] base::Result<> take_input(ViewId view);

  // ---- session_agent_files.cpp
  struct Tree;
  void manage_files(ViewId view, ScriptCommand c);
  [[nodiscard]] base::Result<std::uint32_t> begin_get(ViewId view, const ScriptCommand& c);
  [[nodiscard]] base::Result<std::uint32_t> begin_put(ViewId view, const ScriptCommand& c);
  void cancel_files(ViewId view);
  void on_files(const session::FsReplied& e);
  void end_files(const session::FsReplied& e);
  void on_tree_file(const session::FileEvent& e);
  void put_more(std::uint32_t request);
  void put_folders(std::uint32_t request);
  void tell_files(std::uint32_t request, std::string_view state);
  void tick_files();

  // ---- session_agent_machine.cpp
  void run_script(ViewId view, ScriptCommand c);
  void kill_script(ViewId view, const ScriptCommand& c);
  void reboot(ViewId view, ScriptCommand c);
  void credentials(ViewId view, ScriptCommand c);
  void on_machine(const session::MachineEvent& e);
  void on_machine_event(const session::ScriptChanged& e);
  void on_machine_event(const session::ScriptPrinted& e);
  void on_machine_event(const session::RebootChanged& e);
  void on_machine_event(const session::CredentialsChanged& e);
  void machine_is_back();

  // ---- session_agent_desk.cpp
  void send_url(ViewId view, ScriptCommand c);
  void share_clipboard(ViewId view, ScriptCommand c);
  void set_clipboard(ViewId view, ScriptCommand c);
  void get_clipboard(ViewId view, ScriptCommand c);
  void on_desk(const session::UrlChanged& e);
  void on_desk(const session::ClipboardShared& e);
  void on_desk(const session::ClipboardOffered& e);
  void on_desk(const session::ClipboardTaken& e);
  void on_desk(const session::ClipboardArrived& e);
  void on_desk(const session::ClipboardLost& e);
  [[nodiscard]] bool desk_refused(const Pending& p, const session::Refused& e) const;

  void on_event(session::ConsoleEvent event);
  void on_permission(const session::PermissionChanged& e);
  void on_desk(const session::SasChanged& e);
  [[nodiscard]] boost::json::object digits_view() const;
  void on_view(const session::ViewChanged& e);
  void on_screen(const session::ScreenArrived& e);
  void on_picture(const session::ScreenArrived& last, const WholePicture& picture);
  void on_control(const session::ControlChanged& e);
  void on_refused(const session::Refused& e);
  void on_sysinfo(const session::SysinfoArrived& e);
  void on_file(const session::FileEvent& e);
  void on_end(const session::SessionEnded& e);
  void on_audit(const session::AuditEvent& e);

  [[nodiscard]] base::Result<boost::json::object> start_recording(const std::filesystem::path& dir);
  [[nodiscard]] base::Result<boost::json::object> stop_recording();
  void recording_delivered(const rcrec::Finished& recording, const std::string& path,
                           base::Result<DeliveredVideo> video);
  void begin_picture();
  void record(std::vector<RecordedPacket> packets);
  void record_displays();
  void record_state();
  void watch_recorder();
  void gap_began(const std::string& why);
  void gap_ended();
  // session_agent_forced.cpp
  [[nodiscard]] base::Result<> ensure_recording(std::string_view action);
  void pause();
  void resume();
  void ended_unrecorded(std::optional<std::uint32_t> display, bool control);
  void rule_changed();
  void tell_tip(const RecorderState& state);
  void log_event(std::string type, boost::json::object data);

  session::ConsoleSession& core_;
  AgentInfo info_;
  AgentHooks hooks_;
  base::Clock& clock_;
  RemoteScreen screen_;
  TransferFiles files_;
  std::map<std::uint32_t, std::shared_ptr<Tree>> trees_;  // by request
  std::unique_ptr<Recorder> recorder_;
  std::map<ViewId, View> views_;
  std::deque<Pending> pending_;
  ViewId holder_{0};  // of pointer and keys; 0: nobody
  std::uint32_t last_buttons_ = 0;
  session::SasChanged sas_;  // digits to read out to the user, and how that goes
  std::string path_;
  std::string peer_software_;
  std::map<std::pair<std::uint32_t, bool>, std::string> script_text_;  // of script and stream, not whole characters yet
  bool restarting_ = false;
  bool was_linked_ = false;
  std::pair<bool, bool> clipboard_told_;  // to_applet, to_console
  bool ended_ = false;
  std::optional<base::SteadyTime> keyframe_asked_;
  std::optional<base::WallTime> gap_since_;
  std::string gap_why_;
  struct Paused {
    std::optional<std::uint32_t> display;  // none: no view
    bool control = false;
  };
  std::optional<Paused> paused_;  // by a forced recording that fails or has not begun
  std::optional<base::SteadyTime> tip_told_;
  unsigned view_fps_ = 30;
  bool view_exact_ = false;
  bool picture_due_ = false;  // the first whole one of this view was not told yet
  std::uint32_t shown_display_ = 0;
  bool record_asked_ = false;
  RecordedPictures recorded_;
};

}  // namespace rescue::client
