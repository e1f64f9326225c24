// SPDX-License-Identifier: Apache-2.0
// What both ends of a file manager say alike: to one another and to the log.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "session/audit_event.hpp"
#include "session/file_manager.hpp"
#include "session/impl/action_messages.hpp"

namespace rescue::session {

using AuditWords = std::vector<std::pair<std::string_view, AuditValue>>;

/// Nothing changes by it.
[[nodiscard]] bool looks_only(FsOp op);
[[nodiscard]] AuditWords words_of(const FsCall& call);
[[nodiscard]] AuditWords words_of_end(const FsCall& call, std::string_view outcome, std::uint64_t files,
                                      std::uint64_t bytes);
[[nodiscard]] AuditWords words_of_list(const FsCall& call, std::string_view outcome, std::size_t entries);
/// Cut to the caps of the wire.
[[nodiscard]] messages::FsReplyFields fields_of(std::uint32_t request, const FsAnswer& answer);
[[nodiscard]] FsAnswer answer_of(const wire::session::FsReply& m);

}  // namespace rescue::session
