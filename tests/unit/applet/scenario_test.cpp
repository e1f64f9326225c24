// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/scenario.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;

std::string why(std::string_view json) {
  auto parsed = parse_scenario(json);
  return parsed ? "accepted" : parsed.error().context;
}

TEST(Scenario, ReadsAWholeOne) {
  auto s = parse_scenario(R"({
    "version": 1,
    "prompts": [{"permission": "desktop_view", "answer": "yes", "delay": "700ms", "times": 1},
                {"permission": "remote_control", "answer": "ignore"},
                {"single": true, "answer": "one_by_one"},
                {"answer": "no"}],
    "chat": [{"contains": "hello", "reply": "hi", "delay": "1s"}],
    "steps": [{"when": "viewing", "after": "2s", "do": "revoke", "permission": "desktop_view"},
              {"do": "say", "text": "is anybody there?"}, {"when": "chat", "do": "end"}],
    "files": {"answer": "offer", "name": "report.bin", "bytes": 1000},
    "desktop": {"displays": [{"width": 640, "height": 480}, {"width": 320, "height": 200}], "period": "50ms"}
  })")
               .value();
  ASSERT_EQ(s.prompts.size(), 4U);
  EXPECT_EQ(s.prompts[0].permission, session::Permission::desktop_view);
  EXPECT_EQ(s.prompts[0].answer, session::Answer::yes);
  EXPECT_EQ(s.prompts[0].delay, 700ms);
  EXPECT_EQ(s.prompts[0].times, 1);
  EXPECT_FALSE(s.prompts[1].answer) << "no answer at all";
  EXPECT_TRUE(s.prompts[2].single);
  EXPECT_FALSE(s.prompts[3].permission) << "any";
  EXPECT_GE(s.prompts[3].delay, 500ms) << "a prompt is deaf at first";
  EXPECT_EQ(s.chat[0].reply, "hi");
  EXPECT_EQ(s.steps[0].when, Trigger::viewing);
  EXPECT_EQ(s.steps[2].action, StepAction::end);
  EXPECT_EQ(s.file->bytes, 1000U);
  EXPECT_EQ(s.desktop.displays.at(1), (screen::Size{320, 200}));
  EXPECT_EQ(s.desktop.period, 50ms);
}

TEST(Scenario, AnEmptyOneIsAUserWhoDoesNothing) {
  auto s = parse_scenario("{}").value();
  EXPECT_TRUE(s.prompts.empty());
  EXPECT_EQ(s.file_answer, FileAnswer::decline);
  EXPECT_EQ(s.desktop.displays.size(), 1U);
}

TEST(Scenario, NamesThePlaceOfAMistake) {
  EXPECT_NE(why("{").find("is no JSON"), std::string::npos);
  EXPECT_EQ(why("[]"), "scenario: an object is expected");
  EXPECT_EQ(why(R"({"promts": []})"), "promts: there is no such key");
  EXPECT_EQ(why(R"({"version": 2})"), "version: from 1 to 1");
  EXPECT_EQ(why(R"({"prompts": {}})"), "prompts: a list is expected");
  EXPECT_EQ(why(R"({"prompts": [3]})"), "prompts[0]: an object is expected");
  EXPECT_EQ(why(R"({"prompts": [{"answer": "maybe"}]})"),
            "prompts[0].answer: 'maybe' is none of yes, no, one_by_one, ignore");
  EXPECT_EQ(why(R"({"prompts": [{"permission": "fly", "answer": "no"}]})"),
            "prompts[0].permission: there is no permission 'fly'");
  EXPECT_EQ(why(R"({"prompts": [{"answer": "no", "delay": 5}]})"), "prompts[0].delay: a string is expected");
  EXPECT_EQ(why(R"({"prompts": [{"answer": "no", "delay": "5"}]})"),
            "prompts[0].delay: '5' is no duration like \"600ms\" or \"2s\"");
  EXPECT_EQ(why(R"({"prompts": [{"answer": "no", "times": -1}]})"), "prompts[0].times: from 0 to 1000000");
  EXPECT_EQ(why(R"({"prompts": [{"answer": "no", "once": true}]})"), "prompts[0].once: there is no such key");
  EXPECT_EQ(why(R"({"chat": [{"contains": "x"}]})"), "chat[0].reply: is missing");
  EXPECT_EQ(why(R"({"steps": [{"do": "say"}]})"), "steps[0].text: is missing");
  EXPECT_EQ(why(R"({"steps": [{"do": "revoke"}]})"), "steps[0].permission: is missing");
  EXPECT_EQ(why(R"({"files": {"answer": "offer"}})"), "files.path: give either path or name and bytes");
  EXPECT_EQ(why(R"({"files": {"name": "../x", "bytes": 1}})"), "files.name: a bare name is expected");
  EXPECT_EQ(why(R"({"desktop": {"displays": [{"width": 8}]}})"), "desktop.displays[0].width: from 64 to 16384");
  EXPECT_EQ(why(R"({"desktop": {"displays": [{"width": 16384, "height": 16384}]}})"),
            "desktop.displays[0].width: too many pixels");
  EXPECT_EQ(why(R"({"desktop": {"period": "25h"}})"), "desktop.period: longer than a day");
}

TEST(Scenario, RefusesWhatIsTooLarge) {
  EXPECT_EQ(parse_scenario(std::string(kScenarioBytesMax + 1, ' ')).error().code, base::Errc::too_large);
  std::string many = R"({"prompts":[)";
  for (std::size_t i = 0; i <= kScenarioRowsMax; ++i) many += i == 0 ? R"({"answer":"no"})" : R"(,{"answer":"no"})";
  EXPECT_EQ(why(many + "]}"), "prompts: at most 1000 rows");
}

TEST(Scenario, NamesTheFile) {
  test::TempDir dir;
  EXPECT_EQ(load_scenario(dir / "none").error().code, base::Errc::not_found);
  std::ofstream(dir / "bad.json") << R"({"chat": 1})";
  auto error = load_scenario(dir / "bad.json").error();
  EXPECT_NE(error.context.find("bad.json"), std::string::npos);
  EXPECT_NE(error.context.find("chat: a list is expected"), std::string::npos);
}

}  // namespace
}  // namespace rescue::applet
