// SPDX-License-Identifier: Apache-2.0
// The supported end of a session with one technician. Everything the console asks for passes here and happens only with
// grant and consent in force (session/consent.hpp); what the host offers to send is dropped otherwise. Sans-IO, one
// strand.
//
// How a shell drives it: session::pump(link, core, now) moves messages between link and core (session/pump.hpp). After
// every call into the core take poll_action() and poll_audit() until empty; call on_deadline() when next_deadline() has
// come.
//
// The host keeps no rights of its own: it captures only between StartCapture and StopCapture, injects only what Inject…
// actions say, in order, and releases every key and button at ReleaseInput.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "session/audit_event.hpp"
#include "session/consent.hpp"
#include "session/file_transfer.hpp"
#include "session/now.hpp"
#include "session/outbox.hpp"
#include "session/screen_flow.hpp"
#include "wire/channel.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

using wire::Channel;

struct DisplayInfo {
  std::uint32_t id = 0;
  std::int32_t x = 0, y = 0;  // on the virtual desktop, pixels
  std::uint32_t width = 0, height = 0;
  std::uint16_t scale_percent = 100;
  bool primary = false;
  std::string name;
  friend bool operator==(const DisplayInfo&, const DisplayInfo&) = default;
};
struct SysinfoItem {
  std::string key, value;
  friend bool operator==(const SysinfoItem&, const SysinfoItem&) = default;
};
struct SysinfoSection {
  std::string name;
  std::vector<SysinfoItem> items;
  friend bool operator==(const SysinfoSection&, const SysinfoSection&) = default;
};

// ---- actions: what the host must do, in order
struct ShowPrompt {
  Prompt prompt;
  std::string technician_name, technician_email, organisation;  // from the grant, for people
};
struct ClosePrompt {
  PromptId id;
};
struct InjectKey {
  std::uint32_t keysym = 0, keycode = 0;
  bool down = false;
};
struct InjectText {
  std::string text;
};
struct InjectPointer {
  std::uint32_t display = 0;  // an id of set_displays()
  std::int32_t x = 0, y = 0;  // inside that display
  std::uint32_t buttons = 0;
  std::int8_t wheel_x = 0, wheel_y = 0;
};
struct ReleaseInput {};
/// Begin with a keyframe of this display; also when the view changes its display or a keyframe is asked for.
struct StartCapture {
  std::uint32_t display = 0;
  unsigned max_frames_per_s = 30;
  bool exact = false;  // the technician wants every pixel exact from the first moment on
};
struct KeyframeWanted {};
struct StopCapture {};
/// can_send_screen() became true.
struct ScreenWanted {};
struct ChooseFile {
  std::uint32_t request = 0;  // answer with file_chosen() or file_not_chosen()
};
struct CollectSysinfo {
  std::uint32_t request = 0;          // answer with sysinfo_collected()
  std::vector<std::string> sections;  // empty: all
};
struct ShowChat {
  std::string from, text;  // text is valid UTF-8, not made safe for a terminal
  base::WallTime sent;
};
/// What the window shows all the time; sent whenever it changes.
struct ShowStatus {
  bool linked = false;
  bool viewing = false;
  bool controlling = false;
  bool input_held = false;
  bool recording = false;
  PermissionSet in_force;
  friend bool operator==(const ShowStatus&, const ShowStatus&) = default;
};
struct ShowFile {
  FileEvent event;
};
struct SessionEnded {
  wire::session::EndedBy by = wire::session::EndedBy::none;
  std::string reason;
};
using AppletAction = std::variant<ShowPrompt, ClosePrompt, InjectKey, InjectText, InjectPointer, ReleaseInput,
                                  StartCapture, KeyframeWanted, StopCapture, ScreenWanted, ChooseFile, CollectSysinfo,
                                  FileAction, ShowChat, ShowStatus, ShowFile, SessionEnded>;

struct AppletOptions {
  std::string software = "rescue";
  FileHasherFactory hasher;     // required
  std::uint64_t first_seq = 1;  // of audit events
};

/// No picture is taken while more than this many bytes of others wait for the link, whatever the window says.
inline constexpr std::size_t kScreenBacklogMax = 1024 * 1024;
/// Input events are merged or refused beyond this many unserved actions: pump() then stops reading.
inline constexpr std::size_t kActionsMax = 512;
/// Unsent chat of one end, bytes.
inline constexpr std::size_t kChatBacklogMax = 256 * 1024;

class AppletSession final : private FileTransferOwner {
 public:
  AppletSession(AppletOptions options, GrantTerms terms, Now now);
  ~AppletSession();
  AppletSession(const AppletSession&) = delete;
  AppletSession& operator=(const AppletSession&) = delete;

  // ---- link side (called by pump)
  /// Errors: bad_format, too_large: the peer is no honest console; close the link. The core has then ended.
  [[nodiscard]] base::Result<void> on_message(Channel channel, base::ByteView message, Now now);
  [[nodiscard]] std::optional<base::Bytes> next_outgoing(Channel channel, Now now);
  [[nodiscard]] bool wants_messages() const {
    return !ended_ && actions_.size() < kActionsMax && out_.reply_bytes() < kReplyBacklogMax;
  }
  /// True once after queued messages of this channel became void: drop them in the link too.
  [[nodiscard]] bool take_discard(Channel channel) { return out_.take_discard(channel); }
  /// Permissions that went since the last call; what the link still holds and needs one of them must not leave it.
  [[nodiscard]] PermissionSet take_lost() { return out_.take_lost(); }
  [[nodiscard]] static std::optional<Permission> needed_to_send(base::ByteView message);
  void on_link_up(Now now);
  void on_link_down(Now now);
  [[nodiscard]] bool link_up() const { return link_up_; }

  // ---- site
  /// Renewed or changed grant. Error: conflict when older than one seen before; nothing changes then.
  [[nodiscard]] base::Result<void> on_grant(GrantTerms terms, Now now);
  /// The site took the grant back (revocation, disabled account), or somebody ended the session there.
  void on_site_ends(wire::session::EndedBy by, std::string_view reason, Now now);

  // ---- user
  /// False: too early (kPromptDeafTime) or no longer open.
  bool user_answers(PromptId id, Answer answer, Now now);
  bool user_answers(PromptId id, bool yes, Now now) { return user_answers(id, yes ? Answer::yes : Answer::no, now); }
  void user_revokes(Permission p, Now now);
  void user_revokes_all(Now now);
  void user_ends(std::string_view reason, Now now);
  /// Errors: invalid_argument (not UTF-8, empty), too_large, closed.
  [[nodiscard]] base::Result<void> user_sends_chat(std::string_view text, Now now);
  void user_cancels_file(TransferId id, Now now);

  // ---- screen; each returns whether it was taken. Dropped unless a view is running now.
  void set_displays(std::vector<DisplayInfo> displays, Now now);
  /// There is room on the way to the console: fewer bytes and packets are not yet decoded there than the path takes in
  /// its round trip and a short while (session/screen_flow.hpp).
  [[nodiscard]] bool can_send_screen(Now now) const;
  [[nodiscard]] ScreenLink screen_link() const { return flow_.report(); }
  bool screen_packet(std::uint32_t display, bool keyframe, base::ByteView data, Now now);
  bool cursor_shape(std::uint16_t width, std::uint16_t height, std::uint16_t hot_x, std::uint16_t hot_y,
                    base::ByteView rgba, Now now);
  bool cursor_position(std::uint32_t display, std::int32_t x, std::int32_t y, bool visible, Now now);
  /// Capture broke down: ends the view with StopReason::failed.
  void capture_failed(Now now);

  // ---- files and system information; answers that come when permission is gone are dropped
  [[nodiscard]] base::Result<TransferId> file_chosen(std::uint32_t request, std::string_view name, std::uint64_t size,
                                                     base::WallTime modified, Now now);
  void file_not_chosen(std::uint32_t request, Now now);
  void file_opened(TransferId id, Now now);
  void file_open_failed(TransferId id, FileStop reason, Now now);
  void file_written(TransferId id, std::uint64_t up_to, Now now);
  void file_write_failed(TransferId id, FileStop reason, Now now);
  void file_committed(TransferId id, Now now);
  void file_chunk(TransferId id, base::ByteView bytes, Now now);
  void file_read_failed(TransferId id, Now now);
  bool sysinfo_collected(std::uint32_t request, const std::vector<SysinfoSection>& sections, Now now);

  // ---- output and time
  [[nodiscard]] std::optional<AppletAction> poll_action();
  [[nodiscard]] std::optional<AuditEvent> poll_audit() { return audit_.poll(); }
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;
  void on_deadline(Now now);

  [[nodiscard]] bool in_force(Permission p, Now now) const;
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const ConsentPolicy& consent() const { return consent_; }

 private:
  struct Impl;  // message handlers, in impl/
  friend struct Impl;

  void send_file_message(base::Bytes message) override;
  void act(FileAction action) override;
  void on_file_event(FileEvent event) override;
  [[nodiscard]] std::size_t files_backlog() const override;

  AppletOptions options_;
  ConsentPolicy consent_;
  FileTransfers files_;
  Outbox out_;
  std::deque<AppletAction> actions_;
  AuditQueue audit_;
  Now now_;  // of the current call
  bool link_up_ = false;
  bool ended_ = false;
  bool hello_seen_ = false;
  std::optional<PromptId> shown_prompt_;
  ShowStatus shown_status_;
  std::optional<base::SteadyTime> last_activity_;

  std::vector<DisplayInfo> displays_;
  bool viewing_ = false;
  bool capturing_ = false;
  std::uint32_t view_display_ = 0;
  unsigned view_fps_ = 30;
  bool view_exact_ = false;
  std::uint32_t screen_sent_ = 0;  // last sequence number used
  ScreenFlow flow_;
  std::uint64_t view_packets_ = 0;
  bool screen_was_full_ = false;  // ScreenWanted is owed

  bool controlling_ = false;
  bool control_held_told_ = false;
  std::uint32_t control_request_ = 0;  // of the console's last start or stop
  std::uint64_t control_events_ = 0;
  bool recording_ = false;

  std::vector<std::uint32_t> file_requests_;     // open ChooseFile
  std::vector<std::uint32_t> sysinfo_requests_;  // open CollectSysinfo
};

}  // namespace rescue::session
