// SPDX-License-Identifier: Apache-2.0
// One action of the technician's end as a class; the counterpart of applet_feature.hpp. Registered in
// console_features.hpp. Sans-IO, the session's strand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/audit_event.hpp"
#include "session/console_event.hpp"
#include "session/now.hpp"

namespace rescue::session {

class FileTransfers;

/// What a feature may do with its session; outlives it.
class ConsoleContext {
 public:
  /// Denied with the reason when the user has not allowed it; closed when the session is over.
  [[nodiscard]] virtual base::Result<void> need(Permission p) const = 0;
  [[nodiscard]] virtual Now now() const = 0;
  [[nodiscard]] virtual bool linked() const = 0;
  [[nodiscard]] virtual std::size_t backlog(wire::Channel c) const = 0;
  [[nodiscard]] virtual const std::string& technician() const = 0;  // e-mail, the actor of events
  virtual void send(wire::Channel c, base::Bytes message, std::optional<Permission> needs = std::nullopt) = 0;
  virtual void tell(ConsoleEvent event) = 0;
  using AuditData = std::vector<std::pair<std::string_view, AuditValue>>;
  virtual void audit(std::string_view type, std::string_view actor, AuditData data = {}) = 0;
  /// Numbers of requests, unique over all features.
  [[nodiscard]] virtual std::uint32_t next_request() = 0;
  [[nodiscard]] virtual FileTransfers& files() = 0;
  /// Of what is all here.
  [[nodiscard]] virtual FileDigests digests_of(base::ByteView content) const = 0;

 protected:
  ~ConsoleContext() = default;
};

class ConsoleFeature {
 public:
  explicit ConsoleFeature(ConsoleContext& context) : context_(context) {}
  virtual ~ConsoleFeature() = default;
  ConsoleFeature(const ConsoleFeature&) = delete;
  ConsoleFeature& operator=(const ConsoleFeature&) = delete;

  /// True: the message was this feature's. An error (bad_format, too_large) ends the link.
  [[nodiscard]] virtual base::Result<bool> on_message(const wire::session::SessionMessage& m) = 0;
  /// ActionRefused of one of this feature's actions; it also goes to views as an event.
  virtual void refused(wire::session::Action /*action*/, std::uint32_t /*id*/,
                       wire::session::RefusalReason /*reason*/) {}
  /// The state of a permission is another now.
  virtual void permission_changed(Permission /*p*/, wire::session::ConsentState /*state*/) {}
  virtual void link_changed(bool /*up*/) {}
  /// Of any transfer, also of other features: look at its purpose and request. Offer nothing from here.
  virtual void file_event(const FileEvent& /*event*/) {}
  [[nodiscard]] virtual std::optional<base::SteadyTime> next_deadline() const { return std::nullopt; }
  virtual void on_deadline() {}
  virtual void session_ended() {}
  /// The supported machine has restarted: nothing of before goes on there.
  virtual void restarted() { session_ended(); }

 protected:
  [[nodiscard]] ConsoleContext& session() { return context_; }
  [[nodiscard]] const ConsoleContext& session() const { return context_; }

 private:
  ConsoleContext& context_;
};

}  // namespace rescue::session
