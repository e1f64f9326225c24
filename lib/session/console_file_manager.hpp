// SPDX-License-Identifier: Apache-2.0
// The file manager of the technician's end. What comes of a request is told as FsReplied, once with `more` false.
#pragma once

#include <map>
#include <string>

#include "session/console_feature.hpp"
#include "session/file_manager.hpp"
#include "session/file_transfer.hpp"

namespace rescue::session {

class ConsoleFileManager final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;

  /// Errors: denied (no consent, or not in the grant), invalid_argument (a path too long), conflict (too much at a
  /// time), closed. The files of a `get` arrive as OpenForWrite with this request, each in a folder that begins with
  /// the last part of the path; empty folders as entries of an answer that more follow.
  [[nodiscard]] base::Result<std::uint32_t> ask(FsCall call);
  void cancel(std::uint32_t request);
  /// Of a `put`, after its first answer: one file more, `folder` below the path; offered_all() ends it.
  [[nodiscard]] base::Result<TransferId> offer(std::uint32_t request, const std::string& name,
                                               const std::string& folder, std::uint64_t size, base::WallTime modified);
  void offered_all(std::uint32_t request);

  // ---- ConsoleFeature
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void refused(wire::session::Action action, std::uint32_t id, wire::session::RefusalReason reason) override;
  void permission_changed(Permission p, wire::session::ConsentState state) override;
  void session_ended() override;

 private:
  [[nodiscard]] base::Result<void> on_reply(const wire::session::FsReply& m);
  [[nodiscard]] base::Result<void> on_offer(const wire::session::FileOffer& offer,
                                            const wire::session::SessionMessage& m);
  void finish(std::uint32_t request, FsAnswer answer);
  void end_all(FsStatus status, const std::string& why);

  std::map<std::uint32_t, FsCall> requests_;
};

}  // namespace rescue::session
