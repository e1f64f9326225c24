// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "client/session_agent.hpp"
#include "files/tree_walk.hpp"

namespace rescue::client {

/// A file manager's request of a view that runs.
struct SessionAgent::Tree {
  session::FsOp op{};
  std::string path;         // there
  std::string local;        // here, of get and put
  std::uint64_t files = 0;  // done
  std::uint64_t bytes = 0;
  std::uint64_t left_out = 0;
  std::string why;          // of the first of them
  base::SteadyTime told{};  // progress

  // ---- of a put
  std::optional<files::TreeWalk> walk;
  bool ready = false;    // the other end has its folder
  bool offered = false;  // that all files are offered has been said
  std::set<session::TransferId> running;
  std::optional<std::string> last_folder;  // met last; nothing in it so far
  std::deque<std::string> empty_folders;   // to be made there
  std::uint32_t making = 0;                // request about the first of them
};

}  // namespace rescue::client
