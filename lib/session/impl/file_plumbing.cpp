// SPDX-License-Identifier: Apache-2.0
#include "session/impl/file_plumbing.hpp"

#include "base/utf8.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using wire::Permission;

Permission permission(TransferId id) {
  return id.direction == FileDirection::to_applet ? Permission::send_files : Permission::receive_files;
}

std::vector<std::pair<std::string_view, AuditValue>> fields(TransferId id, const std::string& name,
                                                            std::uint64_t size) {
  return {{"direction", std::string(session::name(id.direction))},
          {"transfer", std::int64_t{id.number}},
          {"name", base::to_valid_utf8(name)},
          {"size", static_cast<std::int64_t>(size)}};
}
}  // namespace

std::optional<Permission> needed_to_send(wire::End self, base::ByteView message) {
  switch (msg::GetSessionMessage(message.data())->message_type()) {
    case msg::Message::FileOffer:
    case msg::Message::FileChunk:
    case msg::Message::FileDone:
      return self == wire::End::applet ? Permission::receive_files : Permission::send_files;
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
    return std::string(id.direction == FileDirection::to_applet ? technician : "user");
  };
  if (const auto* offered = std::get_if<FileOffered>(&event))
    return FileAudit{audit_type::kFileOffered, actor(offered->transfer),
                     fields(offered->transfer, offered->name, offered->size), permission(offered->transfer)};
  const auto* finished = std::get_if<FileFinished>(&event);
  if (finished == nullptr) return std::nullopt;
  FileAudit out{finished->accepted ? audit_type::kFileFailed : audit_type::kFileRefused, actor(finished->transfer),
                fields(finished->transfer, finished->name, finished->size), permission(finished->transfer)};
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
