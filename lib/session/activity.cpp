// SPDX-License-Identifier: Apache-2.0
#include "session/activity.hpp"

namespace rescue::session {
namespace {
struct Row {
  Activity activity;
  std::string_view name;
  std::string_view text;
};
constexpr std::array<Row, kActivities> kRows = {{
    {Activity::view, "view", "sees your screen"},
    {Activity::control, "control", "moves your mouse and keyboard"},
    {Activity::recording, "recording", "records"},
    {Activity::files_in, "files_in", "sends you files"},
    {Activity::files_out, "files_out", "gets files from you"},
    {Activity::file_manager, "file_manager", "looks through your files"},
    {Activity::clipboard, "clipboard", "shares your clipboard"},
    {Activity::script, "script", "runs a script"},
    {Activity::reboot, "reboot", "restarts your computer"},
}};
static_assert(
    [] {
      for (std::size_t i = 0; i < kRows.size(); ++i)
        if (static_cast<std::size_t>(kRows[i].activity) != i) return false;
      return true;
    }(),
    "one row per activity, in order");
}  // namespace

std::string_view what_goes_on(Activity a) { return kRows[static_cast<std::size_t>(a)].text; }
std::string_view name(Activity a) { return kRows[static_cast<std::size_t>(a)].name; }

const std::array<Activity, kActivities>& all_activities() {
  static constexpr auto kAll = [] {
    std::array<Activity, kActivities> all{};
    for (std::size_t i = 0; i < kActivities; ++i) all[i] = static_cast<Activity>(i);
    return all;
  }();
  return kAll;
}

}  // namespace rescue::session
