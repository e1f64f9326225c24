// SPDX-License-Identifier: Apache-2.0
// Manual sections in scdoc(5) syntax, and the comparison with what a page carries.
#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "cli/help.hpp"

namespace rescue::cli {
namespace {

constexpr std::string_view kBegin = "; begin generated";
constexpr std::string_view kEnd = "; end generated";

/// Text in which scdoc sees no markup.
std::string plain(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '*' || c == '_' || c == '\\' || c == '`') out += '\\';
    out += c;
  }
  return out;
}

std::string option_entry(const Option& o) {
  std::string out;
  if (o.flag->letter != '\0' && o.name == o.flag->name) out += fmt::format("*-{}*, ", o.flag->letter);
  out += fmt::format("*--{}*", o.name);
  if (!o.value.empty()) out += fmt::format(" _{}_", o.value);
  out += "\n\t" + plain(o.help);
  if (!o.flag->choices.empty()) out += fmt::format(": {}", fmt::join(o.flag->choices, ", "));
  out += ".";
  if (!o.flag->fallback.empty()) out += " Default: " + plain(o.flag->fallback) + ".";
  if (!o.flag->env.empty()) out += " Variable: " + plain(o.flag->env) + ".";
  if (o.flag->required) out += " Required.";
  if (o.flag->repeated) out += " May be repeated.";
  return out + "\n\n";
}

std::string synopsis(const Program& program, std::string_view path, const Command& command) {
  auto out = fmt::format("*{}{}{}*", program.root.name, path.empty() ? "" : " ", path);
  if (std::ranges::any_of(command.flags, [](const Flag& f) { return !f.hidden; })) out += " [flags]";
  for (const auto& p : command.positionals) {
    const auto word = fmt::format("_{}_{}", p.name, p.repeated ? "..." : "");
    out += p.optional ? fmt::format(" [{}]", word) : " " + word;
  }
  return out;
}

std::string options_part(const Command& command) {
  std::string out;
  for (const auto& o : options_of(command))
    if (!o.flag->hidden) out += option_entry(o);
  return out;
}

std::string leaf_section(const Program& program, const std::string& path, const Command& command) {
  std::string out = fmt::format("## {} {}\n\n{}\n\n", program.root.name, path, synopsis(program, path, command));
  std::string summary(command.summary);
  summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
  out += plain(summary) + ".\n\n";
  if (!command.description.empty()) out += plain(command.description) + "\n\n";
  for (const auto& p : command.positionals) {
    out += fmt::format("_{}_\n\t{}", p.name, plain(p.help));
    if (!p.choices.empty()) out += fmt::format(": {}", fmt::join(p.choices, ", "));
    out += ".\n\n";
  }
  out += options_part(command);
  for (const auto& e : command.examples) out += fmt::format("```\n$ {}\n```\n{}\n\n", e.command, plain(e.meaning));
  return out;
}

std::string root_section(const Program& program) {
  std::string out;
  if (!program.root.commands.empty()) {
    out += "# COMMANDS\n\n";
    for_each_command(program, [&](const std::string& path, const Command& command) {
      if (path.empty() || !command.commands.empty() || command.hidden) return;
      out += fmt::format("*{}*\n\t{}.\n\n", path, plain(command.summary));
    });
  }
  out += program.root.commands.empty() ? "# OPTIONS\n\n" : "# GLOBAL OPTIONS\n\n";
  out += options_part(program.root);
  return out + "*-h*, *--help*\n\tShow help for any command.\n\n*--version*\n\tShow the version.\n\n";
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string marker_path(const std::string& line) {
  return line.size() > kBegin.size() ? line.substr(kBegin.size() + 1) : "";
}

}  // namespace

std::string manual_section(const Program& program, std::string_view path) {
  if (path.empty()) return root_section(program);
  std::string out;
  const auto prefix = std::string(path) + " ";
  for_each_command(program, [&](const std::string& at, const Command& command) {
    if ((at != path && !at.starts_with(prefix)) || command.hidden || !command.commands.empty()) return;
    out += leaf_section(program, at, command);
  });
  RESCUE_ASSERT(!out.empty());
  return out;
}

std::string refresh_manual(const Program& program, std::string_view page) {
  std::string out;
  bool inside = false;
  for (const auto& line : lines_of(page)) {
    if (line.starts_with(kEnd)) inside = false;
    if (!inside) out += line + "\n";
    if (line.starts_with(kBegin)) {
      const auto path = marker_path(line);
      if (find_command(program, path) == nullptr) continue;
      out += manual_section(program, path);
      inside = true;
    }
  }
  return out;
}

std::vector<std::string> manual_differences(const Program& program, std::string_view page) {
  std::vector<std::string> out;
  for (const auto& line : lines_of(page))
    if (line.starts_with(kBegin) && find_command(program, marker_path(line)) == nullptr)
      out.push_back(fmt::format("page describes '{}', which is no command", marker_path(line)));
  const auto have = lines_of(page);
  const auto want = lines_of(refresh_manual(program, page));
  for (const auto& line : want)
    if (std::ranges::find(have, line) == have.end()) out.push_back("table only: " + line);
  for (const auto& line : have)
    if (std::ranges::find(want, line) == want.end()) out.push_back("page only: " + line);
  if (out.empty() && have != want) out.emplace_back("the order differs");
  return out;
}

}  // namespace rescue::cli
