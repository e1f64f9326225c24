// SPDX-License-Identifier: Apache-2.0
#include "session/applet_file_manager.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/file_manager_words.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using base::Result;
using wire::Permission;
constexpr auto kRight = Permission::file_manager;
constexpr std::chrono::milliseconds kLookAgain{50};

std::string text(const flatbuffers::String* s) { return std::string(wire::text(s)); }
}  // namespace

bool AppletFileManager::runs(FsOp op) const {
  return std::ranges::any_of(requests_, [op](const auto& r) { return r.second.call.op == op; });
}

Result<bool> AppletFileManager::on_message(const msg::SessionMessage& m) {
  if (const auto* request = m.message_as_FsRequest()) {
    start(request->request(), {request->op(), text(request->path()), text(request->target()), request->recursive(),
                               request->overwrite(), text(request->cursor())});
    return true;
  }
  if (const auto* done = m.message_as_FsDone()) {
    const auto it = requests_.find(done->request());
    if (it == requests_.end() || it->second.call.op != FsOp::put) return true;
    it->second.walked = true;
    go_on(it);
    return true;
  }
  if (const auto* stop = m.message_as_FsCancel()) {
    cancel(stop->request());
    return true;
  }
  const auto* offer = m.message_as_FileOffer();
  if (offer == nullptr || purpose_of(offer->transfer()) != FilePurpose::file_manager) return false;
  RESCUE_CHECK(on_offer(*offer, m));
  return true;
}

void AppletFileManager::start(std::uint32_t number, FsCall call) {
  const auto refuse = [&](msg::RefusalReason why) { session().refuse(msg::Action::file_manager, number, why); };
  if (!session().may(kRight)) return refuse(session().why_not(kRight));
  const bool tree = call.op == FsOp::get || call.op == FsOp::put;
  if (requests_.size() >= kFsRequestsMax || requests_.contains(number) || (tree && runs(call.op)))
    return refuse(msg::RefusalReason::busy);
  auto& r = requests_[number];
  r.call = std::move(call);
  if (!looks_only(r.call.op))
    session().audit(audit_type::kFilesStarted, session().terms().technician_email, words_of(r.call), kRight);
  if (r.call.op == FsOp::none || !base::is_valid_utf8(r.call.path) || !base::is_valid_utf8(r.call.target))
    return finish(requests_.find(number), {FsStatus::bad_name, "not a path", {}, {}, false, 0, 0});
  r.asked = true;
  session().act(FileManagerAction(FsStart{number, r.call}));
}

Result<void> AppletFileManager::on_offer(const msg::FileOffer& offer, const msg::SessionMessage& m) {
  const auto it = requests_.find(offer.request());
  const bool wanted = it != requests_.end() && it->second.ready && !it->second.walked;
  if (!wanted || !session().may(kRight)) {
    session().files().reject(offer, FileStop::no_permission);
    return {};
  }
  it->second.running.insert(offer.transfer());
  return session().files().on_message(m);
}

void AppletFileManager::put_ready(std::uint32_t request) {
  const auto it = requests_.find(request);
  if (it == requests_.end() || it->second.call.op != FsOp::put) return;
  it->second.ready = true;
  FsAnswer answer;
  answer.more = true;
  send(request, answer);
}

std::vector<std::optional<TransferId>> AppletFileManager::found(std::uint32_t request, const Walked& walked) {
  std::vector<std::optional<TransferId>> out(walked.files.size());
  const auto it = requests_.find(request);
  if (it == requests_.end() || it->second.call.op != FsOp::get || !session().may(kRight)) return out;
  auto& r = it->second;
  r.asked = false;
  r.walked = walked.end;
  r.left_out += walked.left_out;
  if (r.why.empty()) r.why = walked.why;
  if (!walked.folders.empty()) {
    FsAnswer folders;
    folders.more = true;
    folders.files = r.files;
    folders.bytes = r.bytes;
    for (const auto& f : walked.folders) folders.entries.push_back({f.name, FsKind::folder, 0, {}, 0, f.folder});
    send(request, folders);
  }
  for (std::size_t n = 0; n < walked.files.size(); ++n) {
    const auto& f = walked.files[n];
    auto id = session().files().offer({f.name, f.size, f.modified, request, FilePurpose::file_manager, f.folder, 0});
    if (id) {
      r.running.insert(id->number);
      out[n] = *id;
    } else {
      ++r.left_out;
      if (r.why.empty()) r.why = id.error().context;
    }
  }
  go_on(it);
  return out;
}

void AppletFileManager::file_event(const FileEvent& event) {
  const auto* f = std::get_if<FileFinished>(&event);
  if (f == nullptr || purpose_of(f->transfer.number) != FilePurpose::file_manager) return;
  const auto it = requests_.find(f->request);
  if (it == requests_.end() || it->second.running.erase(f->transfer.number) == 0) return;
  auto& r = it->second;
  if (f->reason == FileStop::none) {
    ++r.files;
    r.bytes += f->size;
  } else {
    ++r.left_out;
    if (r.why.empty()) r.why = std::string(name(f->reason));
  }
  go_on(it);
}

/// Asks for more, or ends what is through.
void AppletFileManager::go_on(Requests::iterator it) {
  auto& r = it->second;
  if (r.ending || !session().may(kRight)) return;
  if (r.walked) {
    if (!r.running.empty()) return;
    FsAnswer answer;
    if (r.left_out > 0) {
      answer.status = FsStatus::partial;
      answer.detail = fmt::format("{} left out: {}", r.left_out, r.why);
    }
    return finish(it, std::move(answer));
  }
  if (r.call.op != FsOp::get || r.asked || r.running.size() > kTreeTransfersMax / 2) return;
  if (session().backlog(wire::Channel::files) >= kFilesBacklogMax) {
    look_again_ = session().now().steady + kLookAgain;
    return;
  }
  r.asked = true;
  session().act(FileManagerAction(FsNext{it->first, kTreeTransfersMax - r.running.size()}));
}

void AppletFileManager::on_deadline() {
  look_again_.reset();
  std::vector<std::uint32_t> all;
  for (const auto& [number, r] : requests_) all.push_back(number);
  for (const auto number : all)
    if (const auto it = requests_.find(number); it != requests_.end() && it->second.call.op == FsOp::get) go_on(it);
}

void AppletFileManager::answer(std::uint32_t request, FsAnswer answer) {
  const auto it = requests_.find(request);
  if (it == requests_.end()) return;
  it->second.files = answer.files;
  it->second.bytes = answer.bytes;
  if (answer.more) return send(request, answer);
  finish(it, std::move(answer));
}

void AppletFileManager::send(std::uint32_t number, const FsAnswer& answer) {
  session().send(wire::Channel::files, messages::fs_reply(fields_of(number, answer)), kRight);
}

void AppletFileManager::finish(Requests::iterator it, FsAnswer answer) {
  const auto number = it->first;
  const auto r = std::move(it->second);
  requests_.erase(it);
  if (r.call.op == FsOp::get || r.call.op == FsOp::put) {
    session().act(FileManagerAction(FsStop{number}));
    answer.files = r.files;
    answer.bytes = r.bytes;
  }
  log_end(r, msg::EnumNameFsStatus(answer.status), answer.entries.size());
  send(number, answer);
}

void AppletFileManager::log_end(const Request& r, std::string_view outcome, std::size_t entries) {
  const auto& technician = session().terms().technician_email;
  if (!looks_only(r.call.op)) {
    session().audit(audit_type::kFilesEnded, technician, words_of_end(r.call, outcome, r.files, r.bytes), kRight);
  } else if (r.call.cursor.empty()) {  // of a long list its beginning
    session().audit(audit_type::kFilesListed, technician, words_of_list(r.call, outcome, entries), kRight);
  }
}

void AppletFileManager::cancel(std::uint32_t number) {
  const auto it = requests_.find(number);
  if (it == requests_.end()) return;
  auto& r = it->second;
  r.ending = true;
  const auto direction = r.call.op == FsOp::put ? FileDirection::to_applet : FileDirection::to_console;
  for (const auto transfer : std::set(r.running)) session().files().cancel({direction, transfer}, FileStop::canceled);
  if (r.call.op != FsOp::get && r.call.op != FsOp::put) session().act(FileManagerAction(FsStop{number}));
  FsAnswer answer;
  answer.status = FsStatus::canceled;
  answer.files = r.files;
  answer.bytes = r.bytes;
  finish(it, std::move(answer));
}

void AppletFileManager::end_all(std::string_view outcome) {
  look_again_.reset();
  for (const auto& [number, r] : requests_) {
    session().act(FileManagerAction(FsStop{number}));
    log_end(r, outcome, 0);
  }
  requests_.clear();
}

void AppletFileManager::rights_changed() {
  if (!requests_.empty() && !session().may(kRight)) end_all("revoked");
}

void AppletFileManager::session_ended() { end_all("ended"); }

void AppletFileManager::add_activity(ActivitySet& on) const {
  if (!requests_.empty()) on.add(Activity::file_manager);
}

}  // namespace rescue::session
