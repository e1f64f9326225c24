// SPDX-License-Identifier: Apache-2.0
#include "session/impl/file_plumbing.hpp"

#include "base/utf8.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using wire::Permission;

FilePurpose purpose(TransferId id) { return purpose_of(id.number).value_or(FilePurpose::file); }

template <typename Event>
std::vector<std::pair<std::string_view, AuditValue>> fields(const Event& e) {
  const auto name = e.folder.empty() ? e.name : e.folder + "/" + e.name;
  std::vector<std::pair<std::string_view, AuditValue>> out{
      {"direction", std::string(session::name(e.transfer.direction))},
      {"transfer", std::int64_t{e.transfer.number}},
      {"name", base::to_valid_utf8(name)},
      {"size", static_cast<std::int64_t>(e.size)}};
  if (purpose(e.transfer) == FilePurpose::file_manager) out.emplace_back("request", std::int64_t{e.request});
  if (purpose(e.transfer) == FilePurpose::clipboard) out.emplace_back("clipboard", true);
  return out;
}

template <typename Table>
std::optional<Permission> for_file(FileDirection direction, const Table* m) {
  return permission_of(direction, purpose_of(m->transfer()).value_or(FilePurpose::file));
}
}  // namespace

std::optional<Permission> needed_to_send(wire::End self, base::ByteView message) {
  const auto& m = *msg::GetSessionMessage(message.data());
  const auto out = self == wire::End::applet ? FileDirection::to_console : FileDirection::to_applet;
  switch (m.message_type()) {
    case msg::Message::FileOffer:
      return for_file(out, m.message_as_FileOffer());
    case msg::Message::FileChunk:
      return for_file(out, m.message_as_FileChunk());
    case msg::Message::FileDone:
      return for_file(out, m.message_as_FileDone());
    case msg::Message::SysinfoReply:
      return Permission::system_information;
    case msg::Message::ScriptOutput:
      return Permission::deploy_scripts;
    case msg::Message::FsReply:
      return Permission::file_manager;
    case msg::Message::ClipboardOffer:
    case msg::Message::ClipboardText:
      return Permission::clipboard_sync;
    default:
      return std::nullopt;
  }
}

std::optional<FileAudit> file_audit(wire::End self, std::string_view technician, const FileEvent& event) {
  const auto actor = [&](TransferId id) {
    // The user chooses what is sent from there, except where the technician does it himself.
    const bool by_user = id.direction == FileDirection::to_console && purpose(id) == FilePurpose::file;
    return std::string(by_user ? "user" : technician);
  };
  const auto under = [](TransferId id) { return permission_of(id.direction, purpose(id)); };
  if (const auto* offered = std::get_if<FileOffered>(&event)) {
    // Of a tree, what became of each file says enough.
    if (purpose(offered->transfer) == FilePurpose::file_manager) return std::nullopt;
    return FileAudit{audit_type::kFileOffered, actor(offered->transfer), fields(*offered), under(offered->transfer)};
  }
  const auto* finished = std::get_if<FileFinished>(&event);
  if (finished == nullptr) return std::nullopt;
  FileAudit out{finished->accepted ? audit_type::kFileFailed : audit_type::kFileRefused, actor(finished->transfer),
                fields(*finished), under(finished->transfer)};
  if (finished->resumed_at > 0) out.data.emplace_back("resumed_at", static_cast<std::int64_t>(finished->resumed_at));
  if (finished->reason == FileStop::none) {
    const bool here = (finished->transfer.direction == FileDirection::to_applet) == (self == wire::End::applet);
    out.type = here ? audit_type::kFileReceived : audit_type::kFileSent;
    out.data.emplace_back("md5", base::to_hex(finished->digests.md5));
    out.data.emplace_back("sha256", base::to_hex(finished->digests.sha256));
  } else {
    out.data.emplace_back("reason", std::string(session::name(finished->reason)));
  }
  return out;
}

}  // namespace rescue::session
