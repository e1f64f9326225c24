// SPDX-License-Identifier: Apache-2.0
// completion, version, help.
#include <ostream>

#include <fmt/format.h>

#include "cli/help.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/program.hpp"
#include "cmd/rescue/topics.hpp"

namespace rescue::program {

base::Result<int> completion(Invocation& in) {
  const auto shell = in.parsed.positional("SHELL");
  *in.env.out << (shell == "bash"  ? cli::bash_completion(kProgram)
                  : shell == "zsh" ? cli::zsh_completion(kProgram)
                                   : cli::fish_completion(kProgram));
  return 0;
}

base::Result<int> version(Invocation& in) {
  constexpr cli::Column kColumns[] = {{"VERSION"}};
  if (in.format == cli::Format::table || in.format == cli::Format::tsv)
    *in.env.out << "rescue " << RESCUE_VERSION << '\n';
  else
    cli::write_object(
        in.env, in.format, in.color, kColumns,
        {{RESCUE_VERSION}, fmt::format(R"({{"name":"rescue","version":"{}"}})", RESCUE_VERSION), RESCUE_VERSION});
  return 0;
}

base::Result<int> help(Invocation& in) {
  const auto words = in.parsed.positionals("TOPIC");
  const auto path = fmt::format("{}", fmt::join(words, " "));
  if (const auto* text = topic_text(path); text != nullptr) {
    *in.env.out << text;
    return 0;
  }
  if (cli::find_command(kProgram, path) == nullptr) {
    std::vector<std::string> known;
    for (auto name : kTopics) known.emplace_back(name);
    cli::for_each_command(kProgram, [&](const std::string& at, const cli::Command& command) {
      if (!at.empty() && !command.hidden) known.push_back(at);
    });
    const auto near = cli::nearest(path, known);
    return base::fail(
        base::Errc::invalid_argument,
        fmt::format("no help on '{}'{}", path, near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  *in.env.out << cli::help_text(kProgram, path, in.env.out_is_tty ? in.env.columns : 80);
  return 0;
}

}  // namespace rescue::program
