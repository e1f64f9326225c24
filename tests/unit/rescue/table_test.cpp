// SPDX-License-Identifier: Apache-2.0
// The flag table against its handlers, the manual pages and the completion scripts, in both directions. With
// RESCUE_UPDATE_GENERATED set the files are made anew instead.
#include <fmt/format.h>

#include <fstream>

#include "cli/help.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/topics.hpp"
#include "program_env.hpp"

namespace rescue::program {
namespace {
namespace fs = std::filesystem;

std::string slurp(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
bool updating() { return std::getenv("RESCUE_UPDATE_GENERATED") != nullptr; }

/// Pages of the commands; those of other programs have other names.
std::vector<fs::path> pages() {
  std::vector<fs::path> out;
  for (const char* name :
       {"rescue", "rescue-login", "rescue-context", "rescue-admin", "rescue-session", "rescue-log", "rescue-recording"})
    out.push_back(test::source_dir() / "man" / (std::string(name) + ".1.scd"));
  return out;
}

TEST(Table, IsSound) { EXPECT_EQ(cli::table_defects(kProgram), std::vector<std::string>{}); }

TEST(Table, HasAHandlerForEveryCommandAndHelpThatNamesEveryFlag) {
  cli::for_each_command(kProgram, [](const std::string& path, const cli::Command& command) {
    EXPECT_EQ(find_handler(path) != nullptr, command.commands.empty()) << path;
    const auto help = cli::help_text(kProgram, path);
    for (const auto& o : cli::options_of(command))
      EXPECT_NE(help.find("--" + o.name), std::string::npos) << path << " --" << o.name;
  });
}

TEST(Manual, AgreesWithTheTableInBothDirections) {
  std::string all;
  for (const auto& path : pages()) {
    const auto page = slurp(path);
    ASSERT_FALSE(page.empty()) << path;
    if (updating()) std::ofstream(path, std::ios::binary) << cli::refresh_manual(kProgram, page);
    const auto now = slurp(path);
    EXPECT_EQ(cli::manual_differences(kProgram, now), std::vector<std::string>{}) << path;
    all += now;
  }
  cli::for_each_command(kProgram, [&](const std::string& path, const cli::Command& command) {
    if (path.empty() || !command.commands.empty() || command.hidden) return;
    EXPECT_NE(all.find("## rescue " + path + "\n"), std::string::npos) << path << " is in no page";
  });
}

TEST(Completions, AreThoseThatTheTableMakes) {
  const std::pair<const char*, std::string> files[] = {{"rescue.bash", cli::bash_completion(kProgram)},
                                                       {"_rescue", cli::zsh_completion(kProgram)},
                                                       {"rescue.fish", cli::fish_completion(kProgram)}};
  for (const auto& [name, text] : files) {
    const auto path = test::source_dir() / "completions" / name;
    if (updating()) std::ofstream(path, std::ios::binary) << text;
    EXPECT_TRUE(slurp(path) == text) << path
                                     << " is not what the table makes; run this test with RESCUE_UPDATE_GENERATED=1";
  }
  test::Person p;
  EXPECT_EQ(p.run("completion bash").out, slurp(test::source_dir() / "completions" / "rescue.bash"));
}

TEST(Completions, LoadInTheirShells) {
  const auto dir = test::source_dir() / "completions";
  const auto ok = [](const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; };
  EXPECT_TRUE(ok("bash -uc 'source " + (dir / "rescue.bash").string() +
                 "; COMP_WORDS=(rescue session p); COMP_CWORD=2; _rescue; [ \"${COMPREPLY[*]}\" = pickup ]'"));
  EXPECT_TRUE(ok("bash -uc 'source " + (dir / "rescue.bash").string() +
                 "; COMP_WORDS=(rescue recording convert x.rcrec -o " + (dir / "rescue.b").string() +
                 "); COMP_CWORD=5; _rescue; [ \"${COMPREPLY[*]}\" = " + (dir / "rescue.bash").string() + " ]'"))
      << "-o of convert names a file, not a format";
  EXPECT_TRUE(!ok("command -v zsh") || ok("zsh -n " + (dir / "_rescue").string()));
  EXPECT_TRUE(!ok("command -v fish") || ok("fish --no-execute " + (dir / "rescue.fish").string()));
}

TEST(Help, ExplainsTopicsAndCommands) {
  test::Person p;
  for (auto topic : kTopics) {
    const auto r = p.run({"help", std::string(topic)});
    EXPECT_EQ(r.code, 0);
    EXPECT_GT(r.out.size(), 200U) << topic;
  }
  EXPECT_NE(p.run("help session wait").out.find("--timeout TIME"), std::string::npos);
  EXPECT_EQ(p.run("help sesion").code, 2);
  EXPECT_NE(p.run("help sesion").err.find("did you mean 'session'?"), std::string::npos);
  EXPECT_EQ(p.run("help").code, 0);
  EXPECT_EQ(p.run("session pickup --help").out, p.run("help session pickup").out);
}

TEST(Help, ListsTheExitCodesThatTheCodeHas) {
  test::Person p;
  const auto text = p.run("help exit-codes").out;
  const auto page = slurp(test::source_dir() / "man" / "rescue.1.scd");
  for (int code : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}) {
    EXPECT_NE(page.find("*" + std::to_string(code) + "*\n"), std::string::npos) << code;
    EXPECT_NE(text.find(fmt::format("{:>5}  ", code)), std::string::npos) << code;
  }
}

TEST(Version, IsShownInEachFormat) {
  test::Person p;
  EXPECT_EQ(p.run("version").out, "rescue " RESCUE_VERSION "\n");
  EXPECT_EQ(p.run("version -o json").json().at("version").as_string(), RESCUE_VERSION);
  EXPECT_EQ(p.run("--version").out, "rescue " RESCUE_VERSION "\n");
}

}  // namespace
}  // namespace rescue::program
