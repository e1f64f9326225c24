// SPDX-License-Identifier: Apache-2.0
// The file manager of a session's background process: lists, changes, and trees both ways.
#include <algorithm>

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "base/utf8.hpp"
#include "client/impl/agent_tree.hpp"
#include "session/console_file_manager.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
using session::ConsoleFileManager;
using session::FsCall;
using session::FsOp;
using session::FsStatus;

constexpr base::Duration kLooking = std::chrono::minutes(2);
constexpr base::Duration kLong = std::chrono::hours(24);  // the link's time-outs and `cancel` come before
constexpr base::Duration kProgressEvery = std::chrono::milliseconds(500);
constexpr std::size_t kWalkedAtOnce = 500;

json::string_view sv(std::string_view s) { return {s.data(), s.size()}; }

base::Error error_of(const session::FsReplied& e) {
  const auto words = fmt::format("{}: {}", wire::session::EnumNameFsOp(e.op),
                                 e.answer.detail.empty() ? wire::session::EnumNameFsStatus(e.answer.status)
                                                         : base::to_display_text(e.answer.detail));
  switch (e.answer.status) {
    case FsStatus::not_found:
      return {base::Errc::not_found, words};
    case FsStatus::exists:
      return {files::Errc::exists, words};
    case FsStatus::not_empty:
      return {files::Errc::not_empty, words};
    case FsStatus::not_a_folder:
      return {files::Errc::not_a_folder, words};
    case FsStatus::bad_name:
      return {files::Errc::bad_name, words};
    case FsStatus::outside:
      return {files::Errc::outside, words};
    case FsStatus::busy:
      return {files::Errc::busy, words};
    case FsStatus::disk:
      return {base::Errc::no_space, words};
    case FsStatus::canceled:
      return {base::Errc::canceled, words};
    case FsStatus::denied:
      return {base::Errc::denied, words};
    default:
      return {base::Errc::io, words};
  }
}

json::object entry(const session::FileEntry& e) {
  json::object out{{"name", e.name}, {"kind", wire::session::EnumNameFsKind(e.kind)}, {"size", e.size}};
  if (e.modified != base::WallTime()) out["modified"] = base::to_rfc3339(e.modified);
  if (e.kind != session::FsKind::volume) out["mode"] = fmt::format("{:04o}", e.mode & 07777);
  if (!e.detail.empty()) out["detail"] = e.detail;
  return out;
}

json::object fields_of(const session::FsReplied& e) {
  json::object out{{"operation", wire::session::EnumNameFsOp(e.op)},
                   {"status", wire::session::EnumNameFsStatus(e.answer.status)}};
  if (!e.answer.detail.empty()) out["detail"] = e.answer.detail;
  if (e.op == FsOp::volumes || e.op == FsOp::list || e.op == FsOp::stat) {
    json::array entries;
    for (const auto& each : e.answer.entries) entries.push_back(entry(each));
    out["entries"] = std::move(entries);
    if (!e.answer.cursor.empty()) out["cursor"] = e.answer.cursor;
    if (e.op == FsOp::list) out["total"] = e.answer.files;
  } else {
    out["files"] = e.answer.files;
    out["bytes"] = e.answer.bytes;
  }
  return out;
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder.ends_with('/') ? folder + name : folder + "/" + name;
}

FsCall call_of(const ScriptCommand& c) {
  FsCall out;
  out.path = c.text("path");
  out.overwrite = c.boolean("overwrite", false);
  switch (c.verb) {
    case ScriptVerb::fs_list:
      out.op = c.has("path") ? FsOp::list : FsOp::volumes;
      out.cursor = c.text("cursor");
      break;
    case ScriptVerb::fs_stat:
      out.op = FsOp::stat;
      break;
    case ScriptVerb::fs_make:
      out.op = FsOp::make_folder;
      out.recursive = c.boolean("parents", false);
      break;
    case ScriptVerb::fs_rename:
      out.op = FsOp::rename;
      out.target = c.text("to");
      break;
    case ScriptVerb::fs_remove:
      out.op = FsOp::remove;
      out.recursive = c.boolean("recursive", false);
      break;
    case ScriptVerb::fs_get:
      out.op = FsOp::get;
      break;
    default:
      out.op = FsOp::put;
      out.path = c.text("to");
      break;
  }
  return out;
}
}  // namespace

void SessionAgent::manage_files(ViewId view, ScriptCommand c) {
  const auto call = call_of(c);
  auto request = [&]() -> base::Result<std::uint32_t> {
    if (call.op == FsOp::get) return begin_get(view, c);
    if (call.op == FsOp::put) return begin_put(view, c);
    return core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { return f.ask(call); });
  }();
  if (!request) return answer(view, c, base::Result<void>(base::fail(request.error())));
  const bool looks = call.op == FsOp::volumes || call.op == FsOp::list || call.op == FsOp::stat;
  if (!looks) {
    auto& tree = trees_[*request];
    if (!tree) tree = std::make_shared<Tree>();
    tree->op = call.op;
    tree->path = call.path;
    tree->told = clock_.steady();
  }
  wait_for(view, std::move(c), Await::files, looks ? kLooking : kLong).request = *request;
  if (!looks) tell_files(*request, "started");
}

base::Result<std::uint32_t> SessionAgent::begin_get(ViewId view, const ScriptCommand& c) {
  const auto directory = c.has("directory") ? resolve(view, c.text("directory")) : info_.receive_dir;
  RESCUE_TRY(auto folder, files::Folder::open(directory));
  RESCUE_TRY(const auto request,
             core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { return f.ask(call_of(c)); }));
  files_.set_tree(request, std::move(folder));
  auto& tree = trees_[request] = std::make_shared<Tree>();
  auto path = c.text("path");
  while (path.ends_with('/')) path.pop_back();
  tree->local = (directory / path.substr(path.rfind('/') + 1)).string();
  return request;
}

base::Result<std::uint32_t> SessionAgent::begin_put(ViewId view, const ScriptCommand& c) {
  auto local = resolve(view, c.text("path")).lexically_normal();
  if (!local.has_filename()) local = local.parent_path();  // "folder/"
  RESCUE_TRY(const auto parent, files::Folder::open(local.parent_path()));
  RESCUE_TRY(auto walk, files::TreeWalk::start(parent, local.filename().string()));
  RESCUE_TRY(const auto request,
             core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { return f.ask(call_of(c)); }));
  auto& tree = trees_[request] = std::make_shared<Tree>();
  tree->walk.emplace(std::move(walk));
  tree->local = local.string();
  return request;
}

void SessionAgent::cancel_files(ViewId view) {
  for (const auto& p : pending_)
    if (p.view == view && p.await == Await::files)
      core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { f.cancel(p.request); });
}

void SessionAgent::on_files(const session::FsReplied& e) {
  // A folder of a `put` that has nothing in it.
  for (auto& [request, tree] : trees_) {
    if (tree->making != e.request) continue;
    tree->making = 0;
    if (e.answer.status != FsStatus::ok) {
      ++tree->left_out;
      if (tree->why.empty()) tree->why = e.answer.detail;
    }
    return put_more(request);
  }
  if (!e.answer.more) return end_files(e);
  const auto it = trees_.find(e.request);
  if (it == trees_.end()) return;
  auto& tree = *it->second;
  if (e.op == FsOp::put) {
    tree.ready = true;
    return put_more(e.request);
  }
  if (e.op == FsOp::remove) tree.files = e.answer.files;
  if (e.op == FsOp::get)
    for (const auto& folder : e.answer.entries)
      if (auto made = files_.make_folder(e.request, joined(folder.detail, folder.name)); !made) {
        ++tree.left_out;
        if (tree.why.empty()) tree.why = made.error().message();
      }
  tell_files(e.request, "progress");
}

void SessionAgent::end_files(const session::FsReplied& e) {
  auto reply_to = e;
  auto node = trees_.extract(e.request);
  files_.end_tree(e.request);
  const auto status = e.answer.status;
  const bool ok = status == FsStatus::ok || status == FsStatus::partial || status == FsStatus::too_many;
  auto& detail = reply_to.answer.detail;
  if (!node.empty() && ok && node.mapped()->left_out > 0 && detail.empty()) {
    reply_to.answer.status = FsStatus::partial;
    detail = fmt::format("{} left out: {}", node.mapped()->left_out, node.mapped()->why);
  }
  auto fields = fields_of(reply_to);
  if (!node.empty()) {
    const auto& tree = *node.mapped();
    fields["path"] = tree.path;
    if (!tree.local.empty()) fields["local"] = tree.local;
    json::object event = fields;
    event["state"] = ok ? "complete" : "failed";
    event["request"] = e.request;
    broadcast("files", std::move(event));
  }
  settle([&](const Pending& p) { return p.await == Await::files && p.request == e.request; },
         [&](const Pending& p) {
           if (ok)
             reply(p, fields);
           else
             fail(p, error_of(e));
         });
}

void SessionAgent::on_tree_file(const session::FileEvent& event) {
  const auto* f = std::get_if<session::FileFinished>(&event);
  if (f == nullptr) return;
  files_.forget(f->transfer);
  const auto it = trees_.find(f->request);
  if (it == trees_.end()) return;
  auto& tree = *it->second;
  tree.running.erase(f->transfer);
  if (f->reason == session::FileStop::none) {
    ++tree.files;
    tree.bytes += f->size;
  } else {
    ++tree.left_out;
    if (tree.why.empty()) tree.why = fmt::format("'{}': {}", f->name, session::name(f->reason));
  }
  tell_files(f->request, "progress");
  if (tree.op == FsOp::put) put_more(f->request);
}

/// Offers as many files as may be on their way, and says when that were all.
void SessionAgent::put_more(std::uint32_t request) {
  const auto it = trees_.find(request);
  if (it == trees_.end() || !it->second->ready || it->second->offered) return;
  auto& t = *it->second;
  for (std::size_t n = 0; t.walk && n < kWalkedAtOnce && t.running.size() < session::kTreeTransfersMax; ++n) {
    auto item = t.walk->next();
    const bool inside = item && item->folder == t.last_folder;
    if (t.last_folder && !inside) t.empty_folders.push_back(*t.last_folder);
    t.last_folder.reset();
    if (!item) {
      t.walk.reset();
      break;
    }
    if (item->what == files::TreeItem::What::folder) {
      t.last_folder = joined(item->folder, item->source.name);
    } else if (item->what == files::TreeItem::What::skipped) {
      ++t.left_out;
      if (t.why.empty()) t.why = fmt::format("'{}': {}", item->source.name, item->why);
    } else {
      auto id = core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) {
        return f.offer(request, item->source.name, item->folder, item->source.size, item->source.modified);
      });
      if (id) {
        t.running.insert(*id);
        files_.add_source(*id, std::move(item->source));
      } else {
        ++t.left_out;
        if (t.why.empty()) t.why = id.error().message();
      }
    }
  }
  put_folders(request);
  if (t.walk || !t.running.empty() || t.making != 0 || !t.empty_folders.empty()) return;
  t.offered = true;
  core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { f.offered_all(request); });
}

void SessionAgent::put_folders(std::uint32_t request) {
  auto& t = *trees_.at(request);
  if (t.making != 0 || t.empty_folders.empty()) return;
  FsCall call;
  call.op = FsOp::make_folder;
  call.path = joined(t.path, t.empty_folders.front());
  call.recursive = true;
  auto asked = core_.with<ConsoleFileManager>(now(), [&](ConsoleFileManager& f) { return f.ask(call); });
  if (!asked && asked.error().code == base::Errc::conflict) return;  // too much at a time: the next tick asks again
  t.empty_folders.pop_front();
  if (asked) {
    t.making = *asked;
  } else {
    ++t.left_out;
    if (t.why.empty()) t.why = asked.error().message();
  }
}

void SessionAgent::tell_files(std::uint32_t request, std::string_view state) {
  auto& t = *trees_.at(request);
  const auto at = clock_.steady();
  if (state == "progress" && at - t.told < kProgressEvery) return;
  t.told = at;
  const auto line = event_line("files", {{"state", sv(state)},
                                         {"request", request},
                                         {"operation", wire::session::EnumNameFsOp(t.op)},
                                         {"path", t.path},
                                         {"files", t.files},
                                         {"bytes", t.bytes}});
  for (const auto& [id, view] : views_) hooks_.send(id, line);
}

void SessionAgent::tick_files() {
  std::vector<std::uint32_t> all;
  for (const auto& [request, tree] : trees_)
    if (tree->op == FsOp::put) all.push_back(request);
  for (const auto request : all) put_more(request);
}

}  // namespace rescue::client
