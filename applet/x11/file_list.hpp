// SPDX-License-Identifier: Apache-2.0
// Lists of files as programs put them on the clipboard: text/uri-list (RFC 2483) and that of GNOME and its kin.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rescue::applet::x11 {

/// Files of this machine named in such a list, in order; nothing when one line names anything else, as a web page that
/// was dragged does.
[[nodiscard]] std::vector<std::filesystem::path> read_file_list(std::string_view text);
/// Absolute paths as text/uri-list, and as "x-special/gnome-copied-files" with "copy" in its first line.
[[nodiscard]] std::string to_uri_list(const std::vector<std::filesystem::path>& files);
[[nodiscard]] std::string to_copied_files(const std::vector<std::filesystem::path>& files);

}  // namespace rescue::applet::x11
