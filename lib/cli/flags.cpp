// SPDX-License-Identifier: Apache-2.0
#include "cli/flags.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace rescue::cli {
namespace {

void visit_commands(const std::string& path, const Command& command,
                    const std::function<void(const std::string&, const Command&)>& visit) {
  visit(path, command);
  for (const auto& child : command.commands)
    visit_commands(path.empty() ? std::string(child.name) : fmt::format("{} {}", path, child.name), child, visit);
}

std::vector<std::string> option_defects(const std::string& where, const Command& command, std::set<std::string> taken) {
  std::vector<std::string> out;
  const auto claim = [&](const std::string& name) {
    if (!taken.insert(name).second) out.push_back(fmt::format("{}: '{}' stands twice", where, name));
  };
  for (const auto& o : options_of(command)) {
    claim("--" + o.name);
    if (o.help.empty()) out.push_back(fmt::format("{}: --{} has no help", where, o.name));
    if (o.help.ends_with('.')) out.push_back(fmt::format("{}: help of --{} ends with a full stop", where, o.name));
    if (o.type != ValueType::none && o.value.empty())
      out.push_back(fmt::format("{}: --{} has no word for its value", where, o.name));
    if (o.type == ValueType::choice && o.flag->choices.empty())
      out.push_back(fmt::format("{}: --{} has no choices", where, o.name));
  }
  for (const auto& f : command.flags)
    if (f.letter != '\0') claim(std::string("-") + f.letter);
  return out;
}

std::vector<std::string> positional_defects(const std::string& where, const Command& command) {
  std::vector<std::string> out;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const auto& p = command.positionals[i];
    const bool last = i + 1 == command.positionals.size();
    if (!names.insert(p.name).second) out.push_back(fmt::format("{}: '{}' stands twice", where, p.name));
    if (p.help.empty()) out.push_back(fmt::format("{}: {} has no help", where, p.name));
    if (p.repeated && !last) out.push_back(fmt::format("{}: {} repeats but is not the last", where, p.name));
    if (p.optional && !last && !command.positionals[i + 1].optional)
      out.push_back(fmt::format("{}: {} is optional before a required one", where, p.name));
  }
  if (!command.positionals.empty() && !command.commands.empty())
    out.push_back(fmt::format("{}: has positionals and commands", where));
  return out;
}

}  // namespace

std::vector<Option> options_of(const Command& command) {
  std::vector<Option> out;
  for (const auto& f : command.flags) {
    if (f.type != ValueType::secret) {
      out.push_back({&f, std::string(f.name), f.type, std::string(f.value), std::string(f.help)});
      continue;
    }
    out.push_back(
        {&f, fmt::format("{}-stdin", f.name), ValueType::none, "", fmt::format("read {} from standard input", f.help)});
    out.push_back(
        {&f, fmt::format("{}-file", f.name), ValueType::path, "FILE", fmt::format("read {} from FILE", f.help)});
  }
  return out;
}

const Command* find_command(const Program& program, std::string_view path) {
  const Command* at = &program.root;
  while (!path.empty()) {
    const auto space = path.find(' ');
    const auto word = path.substr(0, space);
    path = space == path.npos ? std::string_view() : path.substr(space + 1);
    const auto it = std::ranges::find(at->commands, word, &Command::name);
    if (it == at->commands.end()) return nullptr;
    at = &*it;
  }
  return at;
}

void for_each_command(const Program& program,
                      const std::function<void(const std::string& path, const Command&)>& visit) {
  visit_commands("", program.root, visit);
}

std::vector<std::string> table_defects(const Program& program) {
  std::vector<std::string> out;
  std::set<std::string> global{"--help", "-h"};
  for (const auto& o : options_of(program.root)) global.insert("--" + o.name);
  // A command may give a global letter a meaning of its own ("convert -o FILE"); long names are never reused.
  for_each_command(program, [&](const std::string& path, const Command& command) {
    const auto where = path.empty() ? std::string(program.root.name) : path;
    if (command.summary.empty()) out.push_back(where + ": has no summary");
    const bool root = path.empty();
    auto more = option_defects(where, command, root ? std::set<std::string>{"--help", "-h", "--version"} : global);
    out.insert(out.end(), more.begin(), more.end());
    if (!root && !command.commands.empty() && !command.flags.empty())
      out.push_back(where + ": flags stand at the root and at the last command alone");
    more = positional_defects(where, command);
    out.insert(out.end(), more.begin(), more.end());
    std::set<std::string_view> names;
    for (const auto& child : command.commands)
      if (!names.insert(child.name).second)
        out.push_back(fmt::format("{}: command '{}' stands twice", where, child.name));
  });
  return out;
}

}  // namespace rescue::cli
