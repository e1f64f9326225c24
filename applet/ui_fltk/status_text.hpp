// SPDX-License-Identifier: Apache-2.0
// What the window and the sign say about who does what, and about how the session stands. No drawing.
#pragma once

#include <span>
#include <string>

#include "applet/ui.hpp"

namespace rescue::applet::fltk {

/// "Ada sees and controls this computer and runs a script · Bob takes part"; empty when nothing is on. Everybody who
/// takes part is named as soon as anything is on.
[[nodiscard]] std::string activity_text(std::span<const PersonView* const> people);
/// For a prompt about what a rule wants recorded.
[[nodiscard]] std::string recorded_text(std::string_view organisation);
/// For the window's second line: "Ada has put the session on hold." Empty: it is with whom the window names.
[[nodiscard]] std::string standing_text(const Standing& standing);
/// What to tell when it becomes `now`: who joins, leaves, holds, hands over. One line each.
[[nodiscard]] std::vector<std::string> standing_news(const Standing& before, const Standing& now);

}  // namespace rescue::applet::fltk
