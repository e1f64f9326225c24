// SPDX-License-Identifier: Apache-2.0
// What both cores do alike with the output of their file transfers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/audit_event.hpp"
#include "session/file_transfer.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

/// The permission that a message of the files channel needs until the very moment it leaves `self`. Content, names and
/// system information need one; answers and ends do not.
[[nodiscard]] std::optional<wire::Permission> needed_to_send(wire::End self, base::ByteView message);

struct FileAudit {
  std::string_view type;
  std::string actor;
  std::vector<std::pair<std::string_view, AuditValue>> data;
  std::optional<wire::Permission> under;
};
/// What the log of `self` says of this; nothing of mere progress. `technician` is an e-mail address.
[[nodiscard]] std::optional<FileAudit> file_audit(wire::End self, std::string_view technician, const FileEvent& event);

}  // namespace rescue::session
