// SPDX-License-Identifier: Apache-2.0
// The flag table as text for people: --help, completion scripts, and the parts of manual pages that must match it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.hpp"

namespace rescue::cli {

/// Help of the command at `path`, wrapped to `columns`.
[[nodiscard]] std::string help_text(const Program& program, std::string_view path, int columns = 80);
/// "rescue session show [flags] ID"
[[nodiscard]] std::string usage_line(const Program& program, std::string_view path);

[[nodiscard]] std::string bash_completion(const Program& program);
[[nodiscard]] std::string zsh_completion(const Program& program);
[[nodiscard]] std::string fish_completion(const Program& program);

/// The section "COMMANDS" (or "OPTIONS" for a program without commands) of the manual page for the commands under
/// `path` in scdoc syntax. Pages carry it between "; begin generated PATH" and "; end generated" lines.
[[nodiscard]] std::string manual_section(const Program& program, std::string_view path);
/// Differences between what `page` carries in its generated parts and what the table says; empty when they agree.
[[nodiscard]] std::vector<std::string> manual_differences(const Program& program, std::string_view page);
/// `page` with its generated parts made anew.
[[nodiscard]] std::string refresh_manual(const Program& program, std::string_view page);

}  // namespace rescue::cli
