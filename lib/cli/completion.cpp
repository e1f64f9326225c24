// SPDX-License-Identifier: Apache-2.0
// Completion scripts. Each walks the words before the cursor along the command tree, then offers commands, flags, or
// values.
#include <algorithm>

#include <fmt/format.h>

#include "cli/help.hpp"

namespace rescue::cli {
namespace {

std::string function_name(const Program& program) {
  std::string out = "_" + std::string(program.root.name);
  std::ranges::replace(out, '-', '_');
  return out;
}

/// Flags as typed ("-o", "--output") that are followed by a value.
std::vector<std::string> spellings(const Option& o) {
  std::vector<std::string> out{"--" + o.name};
  if (o.flag->letter != '\0' && o.name == o.flag->name) out.push_back(fmt::format("-{}", o.flag->letter));
  return out;
}

std::vector<std::string> value_spellings(const Program& program) {
  std::vector<std::string> out;
  for_each_command(program, [&](const std::string&, const Command& command) {
    for (const auto& o : options_of(command))
      if (o.type != ValueType::none && !o.flag->hidden && !command.hidden)
        for (auto& s : spellings(o))
          if (std::ranges::find(out, s) == out.end()) out.push_back(std::move(s));
  });
  return out;
}

std::vector<std::string> visible_flags(const Program& program, const Command& command) {
  std::vector<std::string> out;
  for (const auto& o : options_of(command))
    if (!o.flag->hidden) out.push_back("--" + o.name);
  if (&command != &program.root) {
    for (auto& name : visible_flags(program, program.root)) out.push_back(std::move(name));
  } else {
    out.emplace_back("--help");
  }
  return out;
}

std::vector<std::string_view> visible_commands(const Command& command) {
  std::vector<std::string_view> out;
  for (const auto& c : command.commands)
    if (!c.hidden) out.push_back(c.name);
  return out;
}

/// In single quotes, for a POSIX shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The lines "PATH:FLAG) action" for all values, where `action` depends on the shell.
template <typename Action>
std::string value_cases(const Program& program, std::string_view indent, Action action) {
  std::string out, of_root;
  for_each_command(program, [&](const std::string& path, const Command& command) {
    for (const auto& o : options_of(command)) {
      if (o.type == ValueType::none || o.flag->hidden || command.hidden) continue;
      std::string pattern;
      for (const auto& s : spellings(o))
        pattern += (pattern.empty() ? "" : "|") + (path.empty() ? "*:" + s : quoted(path) + ":" + s);
      (path.empty() ? of_root : out) += fmt::format("{}{}) {} ;;\n", indent, pattern, action(o.type, o.flag->choices));
    }
  });
  return out + of_root;  // the first match counts: a command's own letter comes before a global one
}

/// The walk along the command tree, the same in bash and zsh but for the array's name and first index.
std::string walk(const Program& program, std::string_view words, std::string_view cursor, int first) {
  std::string out = fmt::format("  for ((i = {}; i < {}; i++)); do\n    case ${{{}[i]}} in\n", first, cursor, words);
  if (const auto flags = value_spellings(program); !flags.empty())
    out += fmt::format("      {}) ((i++)) ; continue ;;\n", fmt::join(flags, "|"));
  out += fmt::format("    esac\n    case \"$at ${{{}[i]}}\" in\n", words);
  for_each_command(program, [&](const std::string& path, const Command& command) {
    if (!path.empty() && !command.hidden)
      out += fmt::format("      {}) at={} ;;\n", quoted(" " + path), quoted(" " + path));
  });
  return out + "    esac\n  done\n  at=${at# }\n";
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string fish_values(ValueType type, std::span<const std::string_view> choices) {
  if (!choices.empty()) return fmt::format(" -x -a {}", fish_quoted(fmt::format("{}", fmt::join(choices, " "))));
  if (type == ValueType::path) return " -r -F";
  if (type == ValueType::directory) return " -x -a '(__fish_complete_directories)'";
  return type == ValueType::none ? "" : " -x";
}

}  // namespace

std::string bash_completion(const Program& program) {
  const auto name = function_name(program);
  std::string out =
      fmt::format("# bash completion of {}; made from its flag table\n{}() {{\n", program.root.name, name);
  out += "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= i words=\n  COMPREPLY=()\n";
  out += walk(program, "COMP_WORDS", "COMP_CWORD", 1);
  const auto action = [](ValueType type, std::span<const std::string_view> choices) -> std::string {
    if (!choices.empty())
      return fmt::format("COMPREPLY=($(compgen -W {} -- \"$cur\")); return",
                         quoted(fmt::format("{}", fmt::join(choices, " "))));
    if (type == ValueType::path)
      return "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")); return";
    if (type == ValueType::directory)
      return "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")); return";
    return "return";
  };
  out += "  case \"$at:$prev\" in\n" + value_cases(program, "    ", action) + "  esac\n";
  out += "  case \"$at:$cur\" in\n";
  for_each_command(program, [&](const std::string& path, const Command& command) {
    if (command.hidden) return;
    out += fmt::format("    {}:-*) words={} ;;\n", quoted(path),
                       quoted(fmt::format("{}", fmt::join(visible_flags(program, command), " "))));
    if (const auto commands = visible_commands(command); !commands.empty()) {
      out += fmt::format("    {}:*) words={} ;;\n", quoted(path), quoted(fmt::format("{}", fmt::join(commands, " "))));
    } else if (!command.positionals.empty()) {
      const auto& p = command.positionals.front();
      if (p.type == ValueType::choice || p.type == ValueType::path || p.type == ValueType::directory)
        out += fmt::format("    {}:*) {} ;;\n", quoted(path), action(p.type, p.choices));
    }
  });
  out += "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n";
  return out + fmt::format("complete -F {} {}\n", name, program.root.name);
}

std::string zsh_completion(const Program& program) {
  const auto name = function_name(program);
  std::string out = fmt::format("#compdef {}\n# zsh completion of {}; made from its flag table\n{}() {{\n",
                                program.root.name, program.root.name, name);
  out += "  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at=\n  local -i i\n  local -a found\n";
  out += walk(program, "words", "CURRENT", 2);
  const auto action = [](ValueType type, std::span<const std::string_view> choices) -> std::string {
    if (!choices.empty()) return fmt::format("compadd -- {}; return", fmt::join(choices, " "));
    if (type == ValueType::path) return "_files; return";
    if (type == ValueType::directory) return "_files -/; return";
    return "_message value; return";
  };
  out += "  case \"$at:$prev\" in\n" + value_cases(program, "    ", action) + "  esac\n  case \"$at:$cur\" in\n";
  const auto described = [](std::string_view word, std::string_view help) {
    std::string escaped;
    for (char c : word) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
    return quoted(fmt::format("{}:{}", escaped, help));
  };
  for_each_command(program, [&](const std::string& path, const Command& command) {
    if (command.hidden) return;
    out += fmt::format("    {}:-*) found=(", quoted(path));
    for (const auto* source : {&command, &program.root}) {
      for (const auto& o : options_of(*source))
        if (!o.flag->hidden) out += "\n      " + described("--" + o.name, o.help);
      if (source == &program.root) break;
    }
    out += "\n      '--help:show help') ; _describe flag found ;;\n";
    if (!command.commands.empty()) {
      out += fmt::format("    {}:*) found=(", quoted(path));
      for (const auto& c : command.commands)
        if (!c.hidden) out += "\n      " + described(c.name, c.summary);
      out += ") ; _describe command found ;;\n";
    } else if (!command.positionals.empty()) {
      const auto& p = command.positionals.front();
      out += fmt::format("    {}:*) {} ;;\n", quoted(path), action(p.type, p.choices));
    }
  });
  return out + fmt::format("  esac\n}}\n{} \"$@\"\n", name);
}

std::string fish_completion(const Program& program) {
  const auto at = "_" + function_name(program) + "_at";
  std::string out =
      fmt::format("# fish completion of {}; made from its flag table\nfunction {}\n", program.root.name, at);
  out += "  set -l at ''\n  set -l skip 0\n  for word in (commandline -opc)[2..-1]\n";
  out += "    if test $skip = 1\n      set skip 0\n      continue\n    end\n";
  if (const auto flags = value_spellings(program); !flags.empty())
    out +=
        fmt::format("    if contains -- $word {}\n      set skip 1\n      continue\n    end\n", fmt::join(flags, " "));
  out += "    switch \"$at $word\"\n";
  for_each_command(program, [&](const std::string& path, const Command& command) {
    if (!path.empty() && !command.hidden)
      out += fmt::format("      case {}\n        set at {}\n", fish_quoted(" " + path), fish_quoted(" " + path));
  });
  out += "    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\n";
  out += fmt::format("complete -c {} -f\n", program.root.name);
  for_each_command(program, [&](const std::string& path, const Command& command) {
    if (command.hidden) return;
    const auto condition = path.empty() ? std::string() : fmt::format(" -n \"{} ' {}'\"", at, path);
    for (const auto& o : options_of(command)) {
      if (o.flag->hidden) continue;
      const bool letter = o.flag->letter != '\0' && o.name == o.flag->name;
      out += fmt::format("complete -c {}{}{} -l {} -d {}{}\n", program.root.name, condition,
                         letter ? fmt::format(" -s {}", o.flag->letter) : "", o.name, fish_quoted(o.help),
                         fish_values(o.type, o.flag->choices));
    }
    const auto here = path.empty() ? fmt::format(" -n \"{} ''\"", at) : condition;
    for (const auto& c : command.commands)
      if (!c.hidden)
        out += fmt::format("complete -c {}{} -a {} -d {}\n", program.root.name, here, c.name, fish_quoted(c.summary));
    if (!command.positionals.empty()) {
      const auto& p = command.positionals.front();
      if (!p.choices.empty() || p.type == ValueType::path || p.type == ValueType::directory)
        out += fmt::format("complete -c {}{}{}\n", program.root.name, here,
                           p.type == ValueType::path ? " -F" : fish_values(p.type, p.choices));
    }
  });
  return out + fmt::format("complete -c {} -s h -l help -d 'show help'\n", program.root.name);
}

}  // namespace rescue::cli
