// SPDX-License-Identifier: Apache-2.0
// One action of the supported end as a class: scripts, clipboard, addresses … Each gets the session's messages, asks
// for rights at every step, and ends what it runs as soon as a right is gone. Registered in applet_features.hpp.
// Sans-IO; all calls on the session's strand, and each with the session brought up to date before and after.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/activity.hpp"
#include "session/applet_action.hpp"
#include "session/audit_event.hpp"
#include "session/now.hpp"
#include "session/question.hpp"

namespace rescue::session {

class AppletFeature;
class FileTransfers;

/// What a feature may do with its session; outlives it.
class AppletContext {
 public:
  /// In the grant, lease running, allowed by the user: now.
  [[nodiscard]] virtual bool may(Permission p) const = 0;
  [[nodiscard]] virtual wire::session::RefusalReason why_not(Permission p) const = 0;
  [[nodiscard]] virtual Now now() const = 0;
  [[nodiscard]] virtual const GrantTerms& terms() const = 0;
  [[nodiscard]] virtual bool linked() const = 0;
  /// Bytes of that channel which wait for the link.
  [[nodiscard]] virtual std::size_t backlog(wire::Channel c) const = 0;
  /// `needs`: thrown away unsent once that permission is gone.
  virtual void send(wire::Channel c, base::Bytes message, std::optional<Permission> needs = std::nullopt) = 0;
  /// Tells the console, and the log.
  virtual void refuse(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) = 0;
  virtual void act(AppletAction action) = 0;
  /// Takes back actions that the host has not taken yet.
  virtual void drop_actions(const std::function<bool(const AppletAction&)>& which) = 0;
  using AuditData = std::vector<std::pair<std::string_view, AuditValue>>;
  /// `under`: the permission under which it happened; the number of the receipt that covers it is added.
  virtual void audit(std::string_view type, std::string_view actor, AuditData data = {},
                     std::optional<Permission> under = std::nullopt) = 0;
  /// Puts it to the user when its turn has come; `asker` hears the answer, unless the question is closed before. An id
  /// of 0: too many wait, and nobody will be asked.
  [[nodiscard]] virtual QuestionId ask_user(Question question, AppletFeature& asker) = 0;
  virtual void close_question(QuestionId id) = 0;
  /// The user has typed the right digits, for these two keys: what GrantTerms::require_sas holds back may be asked for.
  virtual void confirm_sas() = 0;
  virtual void end_session(wire::session::EndedBy by, std::string_view reason) = 0;
  /// The one pipe for content of files.
  [[nodiscard]] virtual FileTransfers& files() = 0;
  /// Of what is all here.
  [[nodiscard]] virtual FileDigests digests_of(base::ByteView content) const = 0;

 protected:
  ~AppletContext() = default;
};

class AppletFeature {
 public:
  explicit AppletFeature(AppletContext& context) : context_(context) {}
  virtual ~AppletFeature() = default;
  AppletFeature(const AppletFeature&) = delete;
  AppletFeature& operator=(const AppletFeature&) = delete;

  /// True: the message was this feature's. An error (bad_format, too_large) ends the link.
  [[nodiscard]] virtual base::Result<bool> on_message(const wire::session::SessionMessage& m) = 0;
  /// Something may have changed: end what is no longer allowed. Called often; cheap.
  virtual void rights_changed() {}
  virtual void link_changed(bool /*up*/) {}
  /// Of any transfer, also of other features: look at its purpose and request. Offer nothing from here.
  virtual void file_event(const FileEvent& /*event*/) {}
  virtual void question_answered(QuestionId /*id*/, QuestionAnswer /*answer*/) {}
  [[nodiscard]] virtual std::optional<base::SteadyTime> next_deadline() const { return std::nullopt; }
  virtual void on_deadline() {}
  /// Everything stops now; nothing can be sent any more but what end_session says.
  virtual void session_ended() {}
  /// Adds what goes on.
  virtual void add_activity(ActivitySet& /*on*/) const {}

 protected:
  [[nodiscard]] AppletContext& session() { return context_; }
  [[nodiscard]] const AppletContext& session() const { return context_; }

 private:
  AppletContext& context_;
};

}  // namespace rescue::session
