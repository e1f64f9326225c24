// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"

namespace rescue::cli {
namespace {

constexpr std::size_t kMaxLeft = 26;  // width of the left column before the help moves to the next line

/// Words of `text` in lines of at most `width`, each after `indent` spaces; blank lines part paragraphs.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + '\n';
    line.clear();
  };
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto word = text.substr(0, end);
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    if (end == text.npos) break;
    if (text[end] == '\n') {
      flush();
      if (text.substr(end).starts_with("\n\n")) out += '\n';
    }
    text.remove_prefix(end + 1);
  }
  flush();
  return out;
}

std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows, std::size_t width) {
  std::size_t left = 0;
  for (const auto& [a, b] : rows) left = std::max(left, std::min(a.size(), kMaxLeft));
  std::string out;
  for (const auto& [a, b] : rows) {
    auto text = wrap(b, left + 4, width);
    if (text.empty()) text = "\n";
    if (a.size() > left)
      out += fmt::format("  {}\n{}", a, text);
    else
      out += fmt::format("  {:<{}}  {}", a, left, text.substr(std::min(left + 4, text.size() - 1)));
  }
  return out;
}

std::string option_left(const Option& o) {
  const bool letter = o.flag->letter != '\0' && o.name == o.flag->name;
  auto out = fmt::format("{}--{}", letter ? fmt::format("-{}, ", o.flag->letter) : "", o.name);
  return o.value.empty() ? out : fmt::format("{} {}", out, o.value);
}

std::string option_right(const Option& o) {
  std::string out = o.help;
  if (!o.flag->choices.empty()) out += fmt::format(": {}", fmt::join(o.flag->choices, ", "));
  if (!o.flag->fallback.empty()) out += fmt::format(" [default: {}]", o.flag->fallback);
  if (!o.flag->env.empty()) out += fmt::format(" [${}]", o.flag->env);
  if (o.flag->required) out += " (required)";
  if (o.flag->repeated) out += " (may be repeated)";
  return out;
}

std::vector<std::pair<std::string, std::string>> option_rows(const Command& command) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& o : options_of(command))
    if (!o.flag->hidden) rows.emplace_back(option_left(o), option_right(o));
  return rows;
}

std::string positional_word(const Positional& p) {
  auto word = std::string(p.name) + (p.repeated ? "..." : "");
  return p.optional ? "[" + word + "]" : word;
}

}  // namespace

std::string usage_line(const Program& program, std::string_view path) {
  const auto* command = find_command(program, path);
  RESCUE_ASSERT(command != nullptr);
  auto out = fmt::format("{}{}{}", program.root.name, path.empty() ? "" : " ", path);
  if (!option_rows(*command).empty()) out += " [flags]";
  if (!command->commands.empty()) out += command->runs_alone ? " [COMMAND]" : " COMMAND";
  for (const auto& p : command->positionals) out += " " + positional_word(p);
  return out;
}

std::string help_text(const Program& program, std::string_view path, int columns) {
  const auto* command = find_command(program, path);
  RESCUE_ASSERT(command != nullptr);
  const auto width = static_cast<std::size_t>(std::clamp(columns, 40, 120));
  std::string out = fmt::format("{}: {}\n\nUsage: {}\n", path.empty() ? program.root.name : path, command->summary,
                                usage_line(program, path));
  if (!command->description.empty()) out += "\n" + wrap(command->description, 0, width);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& p : command->positionals)
    rows.emplace_back(positional_word(p), p.choices.empty()
                                              ? std::string(p.help)
                                              : fmt::format("{}: {}", p.help, fmt::join(p.choices, ", ")));
  if (!rows.empty()) out += "\nArguments:\n" + two_columns(rows, width);
  rows.clear();
  for (const auto& c : command->commands)
    if (!c.hidden) rows.emplace_back(c.name, c.summary);
  if (!rows.empty()) out += "\nCommands:\n" + two_columns(rows, width);
  rows = option_rows(*command);
  const bool root = path.empty();
  if (root || rows.empty() == false) {
    if (root) {
      rows.emplace_back("-h, --help", "show help for any command");
      rows.emplace_back("--version", "show the version");
    }
    out += (root && !command->commands.empty() ? "\nGlobal flags:\n" : "\nFlags:\n") + two_columns(rows, width);
  }
  if (!root && !option_rows(program.root).empty()) {
    std::string names;
    for (const auto& o : options_of(program.root))
      if (!o.flag->hidden) names += (names.empty() ? "" : ", ") + ("--" + o.name);
    out += "\n" + wrap(fmt::format("Global flags: {} (see '{} --help')", names, program.root.name), 0, width);
  }
  if (!command->examples.empty()) {
    out += "\nExamples:\n";
    for (const auto& e : command->examples) out += fmt::format("  {}\n{}", e.command, wrap(e.meaning, 6, width));
  }
  return out;
}

}  // namespace rescue::cli
