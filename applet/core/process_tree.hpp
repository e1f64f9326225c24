// SPDX-License-Identifier: Apache-2.0
// Processes below one, found by their parents.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rescue::applet {

/// Children, their children and so on, nearest first. What the system has handed to another parent is not among them,
/// unless `root` is a reaper of orphans (PR_SET_CHILD_SUBREAPER).
[[nodiscard]] std::vector<int> descendants_of(int root);
/// SIGKILL to each of them. False: there were none.
bool kill_descendants(int root);

}  // namespace rescue::applet
