// SPDX-License-Identifier: Apache-2.0
// A file name from a peer, made safe for a folder on Linux and Windows.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::session {

/// Refused (denied): empty, ".", "..", longer than wire::kFileNameMax, not UTF-8, with '/', '\', NUL, a control
/// character or a bidirectional override. Changed: characters Windows forbids (<>:"|?*) become '_'; reserved device
/// names, a leading '.' or '-' get '_' in front; trailing dots and spaces become '_'. The result is a bare name;
/// whoever opens the file must still never replace an existing one.
[[nodiscard]] base::Result<std::string> safe_file_name(std::string_view from_peer);
/// The same refusals, and nothing is changed: of a file manager, where people mean the name they say.
[[nodiscard]] base::Result<void> check_file_name(std::string_view from_peer);
/// A folder below another: such names with '/' between; empty is the other one itself. Refused (denied): a part that
/// check_file_name refuses, more than 200 parts.
[[nodiscard]] base::Result<void> check_folder_name(std::string_view from_peer);

}  // namespace rescue::session
