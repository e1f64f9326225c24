// SPDX-License-Identifier: Apache-2.0
#include "applet/core/process_tree.hpp"

#include <charconv>
#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include <dirent.h>

namespace rescue::applet {
namespace {
/// proc(5): "pid (comm) state ppid …"; comm may hold anything, parentheses too.
std::optional<int> parent_of(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text, '\0');
  const auto close = text.rfind(')');
  if (close == std::string::npos || close + 4 >= text.size()) return std::nullopt;
  int parent = 0;
  const auto* begin = text.data() + close + 4;
  if (std::from_chars(begin, text.data() + text.size(), parent).ec != std::errc()) return std::nullopt;
  return parent;
}
}  // namespace

std::vector<int> descendants_of(int root) {
  std::multimap<int, int> children;
  if (DIR* dir = opendir("/proc")) {
    while (const auto* entry = readdir(dir)) {
      int pid = 0;
      const std::string_view name(entry->d_name);
      if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() || pid <= 0) continue;
      if (const auto parent = parent_of(pid)) children.emplace(*parent, pid);
    }
    closedir(dir);
  }
  std::vector<int> out{root};
  std::set<int> seen{root};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [first, last] = children.equal_range(out[i]);
    for (auto it = first; it != last; ++it)
      if (seen.insert(it->second).second) out.push_back(it->second);
  }
  out.erase(out.begin());
  return out;
}

bool kill_descendants(int root) {
  const auto all = descendants_of(root);
  for (const int pid : all) ::kill(pid, SIGKILL);
  return !all.empty();
}

}  // namespace rescue::applet
