// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "sample_program.hpp"
#include "support/temp_dir.hpp"

namespace rescue::cli {
namespace {

using sample::kDemo;

/// What bash offers when tab is pressed after `line`.
std::vector<std::string> offered(const test::TempDir& dir, const std::vector<std::string>& line) {
  const auto file = dir / "demo.bash";
  std::ofstream(file) << bash_completion(kDemo);
  std::string command = "bash -c 'set -u; source " + file.string() + "; COMP_WORDS=(";
  for (const auto& w : line) command += "\"" + w + "\" ";
  command +=
      "); COMP_CWORD=" + std::to_string(line.size() - 1) + "; _demo; printf \"%s\\n\" \"${COMPREPLY[@]-}\"' 2>&1";
  std::vector<std::string> out;
  auto* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
    std::string s(buffer.data());
    s.pop_back();
    if (!s.empty()) out.push_back(s);
  }
  EXPECT_EQ(::pclose(pipe), 0);
  return out;
}

TEST(BashCompletion, OffersCommandsFlagsAndChoices) {
  test::TempDir dir;
  using List = std::vector<std::string>;
  EXPECT_EQ(offered(dir, {"demo", ""}), (List{"item", "kinds"}));
  EXPECT_EQ(offered(dir, {"demo", "item", ""}), (List{"list", "show", "add", "read"}));
  EXPECT_EQ(offered(dir, {"demo", "item", "l"}), List{"list"});
  EXPECT_EQ(offered(dir, {"demo", "-o", "json", "item", "s"}), List{"show"});
  EXPECT_EQ(offered(dir, {"demo", "item", "list", "--l"}), List{"--limit"});
  EXPECT_EQ(offered(dir, {"demo", "item", "list", "--kind", ""}), (List{"private", "shared"}));
  EXPECT_EQ(offered(dir, {"demo", "item", "list", "-o", "j"}), (List{"json", "jsonl"}));
  EXPECT_EQ(offered(dir, {"demo", "item", "add", "--pass"}), (List{"--password-stdin", "--password-file"}));
  EXPECT_EQ(offered(dir, {"demo", "kinds", "s"}), List{"shared"});
  std::ofstream(dir / "readable.txt") << "x";
  EXPECT_EQ(offered(dir, {"demo", "item", "read", (dir / "read").string()}), List{(dir / "readable.txt").string()});
}

TEST(Completions, NameEveryVisibleFlagAndNoHiddenOne) {
  for (const auto& script : {bash_completion(kDemo), zsh_completion(kDemo), fish_completion(kDemo)}) {
    for (const char* word : {"limit", "password-stdin", "password-file", "output", "kinds", "list"})
      EXPECT_NE(script.find(word), std::string::npos) << word;
    for (const char* word : {"secret-door", "__hidden"}) EXPECT_EQ(script.find(word), std::string::npos) << word;
  }
}

TEST(Help, WrapsToTheTerminal) {
  for (int columns : {40, 80, 120}) {
    const auto text = help_text(kDemo, "item list", columns);
    EXPECT_NE(text.find("at most N [default: 50]"), std::string::npos) << text;
  }
  EXPECT_EQ(usage_line(kDemo, "item read"), "demo item read FILE...");
  EXPECT_EQ(usage_line(kDemo, "kinds"), "demo kinds [KIND]");
}

TEST(Manual, IsComparedInBothDirections) {
  const std::string skeleton =
      "demo(1)\n\n# NAME\n\ndemo - sample\n\n; begin generated item\n; end generated\n\n# AUTHORS\n";
  const auto page = refresh_manual(kDemo, skeleton);
  EXPECT_NE(page.find("*--limit* _N_\n\tat most N."), std::string::npos) << page;
  EXPECT_TRUE(manual_differences(kDemo, page).empty());
  EXPECT_EQ(refresh_manual(kDemo, page), page);
  auto more = page;
  more.insert(more.find("*--kind*"), "*--gone*\n\tWas here.\n\n");
  EXPECT_FALSE(manual_differences(kDemo, more).empty());
  auto less = page;
  less.erase(less.find("*--kind*"), 8);
  EXPECT_FALSE(manual_differences(kDemo, less).empty());
  EXPECT_FALSE(manual_differences(kDemo, "; begin generated nothing\n; end generated\n").empty());
}

}  // namespace
}  // namespace rescue::cli
