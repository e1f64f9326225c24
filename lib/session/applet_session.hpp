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
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "session/applet_action.hpp"
#include "session/applet_features.hpp"
#include "session/audit_event.hpp"
#include "session/consent.hpp"
#include "session/file_transfer.hpp"
#include "session/input_hold.hpp"
#include "session/now.hpp"
#include "session/outbox.hpp"
#include "session/screen_flow.hpp"
#include "wire/channel.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

struct AppletOptions {
  std::string software = "rescue";
  FileHasherFactory hasher;     // required
  ReceiptSigner sign_receipt;   // required
  std::uint64_t first_seq = 1;  // of audit events
  /// This core goes on with one from before a restart of the machine.
  std::optional<CarriedConsent> restored;
  /// Copies share it: so do the sessions of all technicians on one machine.
  std::shared_ptr<InputHold> hold = std::make_shared<InputHold>();
};

/// No picture is taken while more than this many bytes of others wait for the link, whatever the window says.
inline constexpr std::size_t kScreenBacklogMax = 1024 * 1024;
/// Input events are merged or refused beyond this many unserved actions: pump() then stops reading.
inline constexpr std::size_t kActionsMax = 512;
/// The same refusal is logged at most once in this time.
inline constexpr std::chrono::seconds kRefusalsLoggedEvery{1};
/// Unsent chat of one end, bytes.
inline constexpr std::size_t kChatBacklogMax = 256 * 1024;

class AppletSession final : private FileTransferOwner, private AppletContext {
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
  /// False: too early (kPromptDeafTime) or no longer open. `values` are those of the question's fields, in order.
  bool question_answered(QuestionId id, bool yes, std::vector<base::SecretBytes> values, Now now);

  // ---- features: `f` is called with the feature of that class, between what has ended ending and what follows
  template <typename F, typename Call>
  decltype(auto) with(Now now, Call&& f) {
    const FeatureCall call(*this, now);
    return std::forward<Call>(f)(std::get<F>(features_));
  }

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
  /// `have`: bytes that an earlier try has left.
  void file_opened(TransferId id, Now now, std::uint64_t have = 0);
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
  /// The user has typed the right digits for this pair of keys.
  [[nodiscard]] bool sas_confirmed() const { return std::get<AppletSas>(features_).confirmed(); }
  [[nodiscard]] const ConsentPolicy& consent() const { return consent_; }

 private:
  struct Impl;  // message handlers, in impl/
  friend struct Impl;
  [[nodiscard]] Witness witness();
  /// Brings the session up to date before and after a feature is called.
  class FeatureCall {
   public:
    FeatureCall(AppletSession& session, Now now);
    ~FeatureCall();
    FeatureCall(const FeatureCall&) = delete;
    FeatureCall& operator=(const FeatureCall&) = delete;

   private:
    AppletSession& session_;
    Now now_;
  };

  // ---- AppletContext
  [[nodiscard]] bool may(Permission p) const override;
  [[nodiscard]] wire::session::RefusalReason why_not(Permission p) const override;
  [[nodiscard]] Now now() const override { return now_; }
  [[nodiscard]] const GrantTerms& terms() const override { return consent_.terms(); }
  [[nodiscard]] bool linked() const override { return link_up_; }
  [[nodiscard]] std::size_t backlog(Channel c) const override { return out_.bytes(c); }
  void send(Channel c, base::Bytes message, std::optional<Permission> needs) override;
  void refuse(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void act(AppletAction action) override;
  void drop_actions(const std::function<bool(const AppletAction&)>& which) override;
  void audit(std::string_view type, std::string_view actor, AuditData data, std::optional<Permission> under) override;
  QuestionId ask_user(Question question, AppletFeature& asker) override;
  void close_question(QuestionId id) override;
  void confirm_sas() override { consent_.on_sas_confirmed(now_.steady); }
  void end_session(wire::session::EndedBy by, std::string_view reason) override;
  [[nodiscard]] FileTransfers& files() override { return files_; }
  [[nodiscard]] FileDigests digests_of(base::ByteView content) const override;

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

  std::map<std::uint64_t, base::Bytes> receipts_;  // signed, and not yet in an event and on their way to the console
  Questions questions_;
  std::optional<QuestionId> shown_question_;
  std::map<QuestionId, AppletFeature*> askers_;
  std::map<std::pair<wire::session::Action, wire::session::RefusalReason>, std::optional<base::SteadyTime>>
      refusals_logged_;
  AppletFeatures features_;

  std::vector<std::uint32_t> file_requests_;     // open ChooseFile
  std::vector<std::uint32_t> sysinfo_requests_;  // open CollectSysinfo
};

}  // namespace rescue::session
