// SPDX-License-Identifier: Apache-2.0
#include "config/toml_json.hpp"

#include <gtest/gtest.h>

namespace rescue::config {
namespace {

TEST(TomlAsJson, KeepsTablesListsAndTypes) {
  const auto got = toml_as_json(
      "# a desk\n"
      "[settings.password]\nmin_score = 3\n"
      "[[groups]]\nname = \"Bil\\\"ling\"\npermissions = ['remote_control', \"reboot\"]\nsingle_prompt = true\n"
      "\n[[groups]]\nname = \"Ärger\"\n",
      "org.toml");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->json,
            R"({"groups":[{"name":"Bil\"ling","permissions":["remote_control","reboot"],"single_prompt":true},)"
            R"({"name":"Ärger"}],"settings":{"password":{"min_score":3}}})");
  EXPECT_EQ(got->lines.at("groups[0]"), 4U);
  EXPECT_EQ(got->lines.at("groups[1]"), 9U);
}

TEST(TomlAsJson, NamesThePlaceOfAFault) {
  for (const auto& [text, place] : {std::pair{"a = 1\nb =\n", "f.toml:2:"},
                                    {"a = 1979-05-27\n", "f.toml:1:"},
                                    {"a = inf\n", "f.toml:1:"},
                                    {"\n[[g]]\nx = {y = nan}\n", "f.toml:3:"},
                                    {"a = 1\na = 2\n", "f.toml:2:"},
                                    {"a = \"\xff\"\n", "f.toml: not UTF-8"}}) {
    const auto got = toml_as_json(text, "f.toml");
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, base::Errc::bad_format) << text;
    EXPECT_TRUE(got.error().context.starts_with(place)) << got.error().context;
  }
}

TEST(TomlAsJson, EscapesWhatJsonEscapes) {
  const auto got = toml_as_json("a = \"x\\ty\\u001b\"\n\"k \\\" k\" = ''\n", "f.toml");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_NE(got->json.find(R"("k \" k":"")"), std::string::npos) << got->json;
  EXPECT_NE(got->json.find(R"(\u001b)"), std::string::npos) << got->json;
}

TEST(TomlAsJson, EmptyIsAnEmptyObject) {
  EXPECT_EQ(toml_as_json("", "f.toml")->json, "{}");
  EXPECT_EQ(toml_as_json("# nothing\n", "f.toml")->json, "{}");
}

}  // namespace
}  // namespace rescue::config
