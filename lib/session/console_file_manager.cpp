// SPDX-License-Identifier: Apache-2.0
#include "session/console_file_manager.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "session/file_name.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/file_manager_words.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Errc;
using base::fail;
using base::Result;
using wire::Permission;

std::string_view last_part(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

/// A hostile applet names nothing but what was asked for and what is below it.
bool belongs(std::string_view folder, std::string_view name, std::string_view path) {
  const auto top = last_part(path);
  if (folder.empty()) return name == top;
  return folder.starts_with(top) && (folder.size() == top.size() || folder[top.size()] == '/');
}
}  // namespace

Result<std::uint32_t> ConsoleFileManager::ask(FsCall call) {
  RESCUE_CHECK(session().need(Permission::file_manager));
  if (std::max({call.path.size(), call.target.size(), call.cursor.size()}) > wire::kFsPathMax)
    return fail(Errc::invalid_argument, fmt::format("a path of more than {} bytes", wire::kFsPathMax));
  if (requests_.size() >= kFsRequestsMax)
    return fail(Errc::conflict, fmt::format("{} requests about files are running", requests_.size()));
  const bool tree = call.op == FsOp::get || call.op == FsOp::put;
  if (tree && std::ranges::any_of(requests_, [&](const auto& r) { return r.second.op == call.op; }))
    return fail(Errc::conflict, "another one is running");
  const auto request = session().next_request();
  session().send(
      wire::Channel::files,
      messages::fs_request({request, call.op, call.path, call.target, call.recursive, call.overwrite, call.cursor}),
      Permission::file_manager);
  if (!looks_only(call.op)) session().audit(audit_type::kFilesStarted, session().technician(), words_of(call));
  requests_[request] = std::move(call);
  return request;
}

void ConsoleFileManager::cancel(std::uint32_t request) {
  if (requests_.contains(request)) session().send(wire::Channel::files, messages::fs_cancel(request));
}

Result<TransferId> ConsoleFileManager::offer(std::uint32_t request, const std::string& name, const std::string& folder,
                                             std::uint64_t size, base::WallTime modified) {
  RESCUE_CHECK(session().need(Permission::file_manager));
  if (!requests_.contains(request)) return fail(Errc::canceled, "the request has ended");
  return session().files().offer({name, size, modified, request, FilePurpose::file_manager, folder, 0});
}

void ConsoleFileManager::offered_all(std::uint32_t request) {
  if (requests_.contains(request)) session().send(wire::Channel::files, messages::fs_done(request));
}

Result<bool> ConsoleFileManager::on_message(const msg::SessionMessage& m) {
  if (const auto* reply = m.message_as_FsReply()) {
    RESCUE_CHECK(on_reply(*reply));
    return true;
  }
  const auto* offer = m.message_as_FileOffer();
  if (offer == nullptr || purpose_of(offer->transfer()) != FilePurpose::file_manager) return false;
  RESCUE_CHECK(on_offer(*offer, m));
  return true;
}

Result<void> ConsoleFileManager::on_reply(const msg::FsReply& m) {
  const auto it = requests_.find(m.request());
  if (it == requests_.end()) return {};
  auto answer = answer_of(m);
  if (it->second.op == FsOp::get)
    for (const auto& e : answer.entries) {
      const bool usable = check_file_name(e.name) && check_folder_name(e.detail);
      if (!usable || !belongs(e.detail, e.name, it->second.path))
        return fail(Errc::bad_format, "a folder that was not asked for");
    }
  if (!answer.more) {
    finish(m.request(), std::move(answer));
    return {};
  }
  session().tell(FsReplied{m.request(), it->second.op, std::move(answer)});
  return {};
}

Result<void> ConsoleFileManager::on_offer(const msg::FileOffer& offer, const msg::SessionMessage& m) {
  const auto it = requests_.find(offer.request());
  if (it == requests_.end() || it->second.op != FsOp::get) {
    session().files().reject(offer, FileStop::no_permission);
    return {};
  }
  if (!belongs(wire::text(offer.folder()), wire::text(offer.name()), it->second.path)) {
    session().files().reject(offer, FileStop::bad_name);
    return {};
  }
  return session().files().on_message(m);
}

void ConsoleFileManager::finish(std::uint32_t request, FsAnswer answer) {
  const auto node = requests_.extract(request);
  if (node.empty()) return;
  const auto& call = node.mapped();
  const auto outcome = msg::EnumNameFsStatus(answer.status);
  if (!looks_only(call.op))
    session().audit(audit_type::kFilesEnded, session().technician(),
                    words_of_end(call, outcome, answer.files, answer.bytes));
  else if (call.cursor.empty())
    session().audit(audit_type::kFilesListed, session().technician(),
                    words_of_list(call, outcome, answer.entries.size()));
  session().tell(FsReplied{request, call.op, std::move(answer)});
}

void ConsoleFileManager::refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  if (action != msg::Action::file_manager) return;
  FsAnswer answer;
  answer.status = reason == msg::RefusalReason::busy ? FsStatus::busy : FsStatus::denied;
  answer.detail = msg::EnumNameRefusalReason(reason);
  finish(id, std::move(answer));
}

void ConsoleFileManager::permission_changed(Permission p, msg::ConsentState state) {
  if (p == Permission::file_manager && state != msg::ConsentState::granted && state != msg::ConsentState::asked)
    end_all(FsStatus::denied, fmt::format("the user does not allow it ({})", msg::EnumNameConsentState(state)));
}

void ConsoleFileManager::session_ended() { end_all(FsStatus::canceled, "the session has ended"); }

void ConsoleFileManager::end_all(FsStatus status, const std::string& why) {
  while (!requests_.empty()) {
    FsAnswer answer;
    answer.status = status;
    answer.detail = why;
    finish(requests_.begin()->first, std::move(answer));
  }
}

}  // namespace rescue::session
