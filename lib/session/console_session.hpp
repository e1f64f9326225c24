// SPDX-License-Identifier: Apache-2.0
// The technician's end of a session. Commands in, events out; what the user has not allowed is refused here already,
// though it is the applet that decides. Sans-IO, one strand. Driven like AppletSession: pump(), poll_event(),
// poll_audit(), on_deadline().
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <tuple>
#include <utility>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "session/applet_session.hpp"
#include "session/console_features.hpp"

namespace rescue::session {

struct ConsoleOptions {
  std::string software = "rescue";
  std::string technician_email;  // actor of audit events
  PermissionSet granted;         // of the grant
  bool recording_forced = false;
  bool omit_chat_text = false;
  FileHasherFactory hasher;     // required
  std::uint64_t first_seq = 1;  // of audit events; after a restart the last one logged + 1
};

/// pump() stops reading while so many events wait; a view that stops drawing holds the picture back, not the memory.
inline constexpr std::size_t kConsoleEventsMax = 256;
/// The same for their pictures; one may go beyond it (wire::kScreenPictureMax), and another be on its way in parts.
inline constexpr std::size_t kConsolePictureBytesMax = 24 * 1024 * 1024;

class ConsoleSession final : private FileTransferOwner, private ConsoleContext {
 public:
  ConsoleSession(ConsoleOptions options, Now now);
  ~ConsoleSession();
  ConsoleSession(const ConsoleSession&) = delete;
  ConsoleSession& operator=(const ConsoleSession&) = delete;

  // ---- link side (called by pump)
  /// Errors: bad_format, too_large: close the link.
  [[nodiscard]] base::Result<void> on_message(Channel channel, base::ByteView message, Now now);
  [[nodiscard]] std::optional<base::Bytes> next_outgoing(Channel channel, Now now);
  [[nodiscard]] bool wants_messages() const {
    return !ended_ && events_.size() < kConsoleEventsMax && picture_bytes_ < kConsolePictureBytesMax &&
           out_.reply_bytes() < kReplyBacklogMax;
  }
  [[nodiscard]] bool take_discard(Channel channel) { return out_.take_discard(channel); }
  /// Permissions that went since the last call; what the link still holds and needs one of them must not leave it.
  [[nodiscard]] PermissionSet take_lost() { return out_.take_lost(); }
  [[nodiscard]] static std::optional<Permission> needed_to_send(base::ByteView message);
  void on_link_up(Now now);
  void on_link_down(Now now);
  [[nodiscard]] bool link_up() const { return link_up_; }
  /// The applet has said that its machine restarts: what answers on the next path is another process of it.
  [[nodiscard]] bool machine_restarts() const { return std::get<ConsoleReboot>(features_).machine_restarts(); }
  /// The link is down and another one begins, with that process: nothing is allowed, nothing runs there.
  void on_machine_restarted(Now now);

  // ---- commands. Errors: denied (no consent, or not in the grant), invalid_argument, too_large, conflict, closed.
  [[nodiscard]] base::Result<void> chat(std::string_view text, Now now);
  [[nodiscard]] base::Result<void> ask(Permission p, Now now);
  /// Display 0 is the primary one. Needs desktop_view, and a running recording where the grant forces one. `exact`: no
  /// inexact photos and video even while they move.
  [[nodiscard]] base::Result<void> start_view(std::uint32_t display, unsigned max_frames_per_s, Now now,
                                              bool exact = false);
  void stop_view(Now now);
  [[nodiscard]] base::Result<void> start_control(Now now);
  /// Releases all keys and buttons. Over for this end at once: what the applet still says about the time before is
  /// ignored.
  void stop_control(Now now);
  [[nodiscard]] base::Result<void> key(std::uint32_t keysym, std::uint32_t keycode, bool down, Now now);
  [[nodiscard]] base::Result<void> type_text(std::string_view text, Now now);
  [[nodiscard]] base::Result<void> pointer(std::uint32_t display, std::int32_t x, std::int32_t y, std::uint32_t buttons,
                                           std::int8_t wheel_x, std::int8_t wheel_y, Now now);
  void release_input(Now now);
  [[nodiscard]] base::Result<TransferId> send_file(std::string_view name, std::uint64_t size, base::WallTime modified,
                                                   Now now);
  /// Asks the user to choose a file. Returns the request number that OpenForWrite will carry.
  [[nodiscard]] base::Result<std::uint32_t> request_file(Now now);
  void cancel_file(TransferId id, Now now);
  [[nodiscard]] base::Result<std::uint32_t> request_sysinfo(std::vector<std::string> sections, Now now);
  /// The recorder runs or not; tells the user. Needs record_session to start unless the grant forces recording.
  [[nodiscard]] base::Result<void> recording(bool active, Now now);
  void end(std::string_view reason, Now now);
  /// The site took the grant back, or somebody ended the session there or has ended it where this end did not hear it.
  void on_site_ends(EndedBy by, std::string_view reason, Now now);
  /// A renewed or changed grant.
  void on_grant(PermissionSet granted, bool recording_forced, bool omit_chat_text, Now now);

  // ---- features: `f` is called with the feature of that class
  template <typename F, typename Call>
  decltype(auto) with(Now now, Call&& f) {
    now_ = now;
    return std::forward<Call>(f)(std::get<F>(features_));
  }

  // ---- answers of the host
  void screen_decoded(std::uint32_t sequence, Now now);
  void screen_broken(Now now);  // asks for a keyframe
  /// `have`: bytes that an earlier try has left.
  void file_opened(TransferId id, Now now, std::uint64_t have = 0);
  void file_open_failed(TransferId id, FileStop reason, Now now);
  void file_written(TransferId id, std::uint64_t up_to, Now now);
  void file_write_failed(TransferId id, FileStop reason, Now now);
  void file_committed(TransferId id, Now now);
  void file_chunk(TransferId id, base::ByteView bytes, Now now);
  void file_read_failed(TransferId id, Now now);

  // ---- output, time, state
  [[nodiscard]] std::optional<ConsoleEvent> poll_event();
  [[nodiscard]] std::optional<AuditEvent> poll_audit() { return audit_.poll(); }
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;
  void on_deadline(Now now);

  [[nodiscard]] ConsentState state(Permission p) const { return states_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] const std::vector<DisplayInfo>& displays() const { return displays_; }
  [[nodiscard]] bool viewing() const { return viewing_; }
  [[nodiscard]] bool controlling() const { return controlling_; }
  [[nodiscard]] bool control_held() const { return control_held_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  struct Impl;
  friend struct Impl;

  // ---- ConsoleContext
  [[nodiscard]] base::Result<void> need(Permission p) const override;
  [[nodiscard]] Now now() const override { return now_; }
  [[nodiscard]] bool linked() const override { return link_up_; }
  [[nodiscard]] std::size_t backlog(Channel c) const override { return out_.bytes(c); }
  [[nodiscard]] const std::string& technician() const override { return options_.technician_email; }
  void send(Channel c, base::Bytes message, std::optional<Permission> needs) override;
  void tell(ConsoleEvent event) override { events_.push_back(std::move(event)); }
  void audit(std::string_view type, std::string_view actor, AuditData data) override {
    audit_.add(now_, type, actor, std::move(data));
  }
  [[nodiscard]] std::uint32_t next_request() override { return next_request_++; }
  [[nodiscard]] FileTransfers& files() override { return files_; }
  [[nodiscard]] FileDigests digests_of(base::ByteView content) const override;

  void send_file_message(base::Bytes message) override;
  void act(FileAction action) override;
  void on_file_event(FileEvent event) override;
  [[nodiscard]] std::size_t files_backlog() const override;

  ConsoleOptions options_;
  FileTransfers files_;
  Outbox out_;
  std::deque<ConsoleEvent> events_;
  std::size_t picture_bytes_ = 0;  // in them
  AuditQueue audit_;
  Now now_;
  std::array<ConsentState, wire::kPermissionCount> states_{};
  std::vector<DisplayInfo> displays_;
  bool link_up_ = false;
  bool ended_ = false;
  bool hello_seen_ = false;
  bool viewing_ = false;
  std::uint64_t view_packets_ = 0;
  std::uint32_t last_screen_ = 0;
  base::Bytes screen_parts_;       // of picture last_screen_
  bool screen_continues_ = false;  // more of them follow
  bool controlling_ = false;
  bool control_held_ = false;
  bool control_wanted_ = false;        // asked for, and neither refused nor given back since
  std::uint32_t control_request_ = 0;  // of the last start or stop; what the applet says about an earlier one is old
  std::uint64_t control_events_ = 0;
  bool recording_ = false;
  std::uint32_t next_request_ = 1;
  std::vector<std::uint32_t> file_requests_;     // open, of ours
  std::vector<std::uint32_t> sysinfo_requests_;  // open, of ours
  ConsoleFeatures features_;
};

}  // namespace rescue::session
