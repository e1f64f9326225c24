// SPDX-License-Identifier: Apache-2.0
#include "session/impl/file_manager_words.hpp"

#include "base/utf8.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
std::string path(const std::string& s) { return base::to_valid_utf8(s); }
}  // namespace

bool looks_only(FsOp op) { return op == FsOp::volumes || op == FsOp::list || op == FsOp::stat; }

AuditWords words_of(const FsCall& call) {
  AuditWords out{{"operation", std::string(wire::session::EnumNameFsOp(call.op))}, {"path", path(call.path)}};
  if (!call.target.empty()) out.emplace_back("target", path(call.target));
  return out;
}

AuditWords words_of_end(const FsCall& call, std::string_view outcome, std::uint64_t files, std::uint64_t bytes) {
  auto out = words_of(call);
  out.emplace_back("outcome", std::string(outcome));
  out.emplace_back("files", static_cast<std::int64_t>(files));
  out.emplace_back("bytes", static_cast<std::int64_t>(bytes));
  return out;
}

AuditWords words_of_list(const FsCall& call, std::string_view outcome, std::size_t entries) {
  auto out = words_of(call);
  out.emplace_back("outcome", std::string(outcome));
  out.emplace_back("entries", static_cast<std::int64_t>(entries));
  return out;
}

messages::FsReplyFields fields_of(std::uint32_t request, const FsAnswer& a) {
  messages::FsReplyFields out;
  out.request = request;
  out.status = a.status;
  out.detail = messages::fit_text(a.detail, wire::kDetailMax);
  out.cursor = a.cursor;
  out.more = a.more;
  out.files = a.files;
  out.bytes = a.bytes;
  for (const auto& e : a.entries) {
    if (out.entries.size() == wire::kFsEntriesMax) break;
    out.entries.push_back({messages::fit_text(e.name, wire::kFileNameOnWireMax), e.kind, e.size,
                           e.modified.time_since_epoch().count(), e.mode,
                           messages::fit_text(e.detail, wire::kFsPathMax)});
  }
  return out;
}

FsAnswer answer_of(const wire::session::FsReply& m) {
  FsAnswer out;
  out.status = m.status();
  out.detail = std::string(wire::text(m.detail()));
  out.cursor = std::string(wire::text(m.cursor()));
  out.more = m.more();
  out.files = m.files();
  out.bytes = m.bytes();
  if (m.entries() == nullptr) return out;
  for (const auto* e : *m.entries())
    out.entries.push_back({base::to_valid_utf8(wire::text(e->name())), e->kind(), e->size(),
                           base::WallTime(std::chrono::microseconds(e->modified_us())), e->mode(),
                           std::string(wire::text(e->detail()))});
  return out;
}

}  // namespace rescue::session
