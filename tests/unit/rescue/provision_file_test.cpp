// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/provision_file.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace rescue::program {
namespace {
namespace json = boost::json;
constexpr auto toml = ProvisionFormat::toml;
constexpr auto csv = ProvisionFormat::csv;
constexpr auto as_json = ProvisionFormat::json;

constexpr std::string_view kToml =
    "[settings]\npassword.min_score = 3\n\"sign_in.idle\" = \"30m\"\n"
    "[[groups]]\nname = \"Billing\"\npermissions = [\"remote_control\"]\n"
    "\n[[channels]]\nname = \"billing\"\ngroups = [\"Billing\"]\n";

std::string refusal(std::string_view text, ProvisionFormat format) {
  ProvisionDocument d;
  const auto done = d.add(text, format, "file");
  return done ? "" : done.error().context;
}

TEST(ProvisionFile, PutsTomlAndCsvTogether) {
  ProvisionDocument d;
  ASSERT_TRUE(d.add(kToml, toml, "org.toml"));
  ASSERT_TRUE(
      d.add("email,name,group,disabled,allowed_networks\n"
            "ana@example.com,\"Ana, A\",Billing,no,10.0.0.0/8; fd00::/8\n"
            "bo@example.com,Bo,,YES,\n",
            csv, "users.csv"));
  EXPECT_EQ(json::serialize(d.body().at("settings")), R"({"password.min_score":3,"sign_in.idle":"30m"})");
  EXPECT_EQ(json::serialize(d.body().at("users")),
            R"([{"email":"ana@example.com","name":"Ana, A","group":"Billing","disabled":false,)"
            R"("allowed_networks":["10.0.0.0/8","fd00::/8"]},)"
            R"({"email":"bo@example.com","name":"Bo","disabled":"YES"}])")
      << "an empty cell says nothing, an odd one is the broker's to refuse";
  EXPECT_EQ(d.place("groups", 0), "org.toml:4");
  EXPECT_EQ(d.place("users", 1), "users.csv:3");
  EXPECT_EQ(d.with_places("field 'users[1].role' is wrong"), "users.csv:3: field 'users[1].role' is wrong");
  EXPECT_EQ(d.with_places("nothing of it"), "nothing of it");
}

TEST(ProvisionFile, SecondFileGoesOnWhereTheFirstEnded) {
  ProvisionDocument d;
  ASSERT_TRUE(d.add("email\na@b\n", csv, "a.csv"));
  ASSERT_TRUE(d.add("[[users]]\nemail = \"c@d\"\n", toml, "b.toml"));
  EXPECT_EQ(d.body().at("users").as_array().size(), 2U);
  EXPECT_EQ(d.place("users", 1), "b.toml:1");
}

TEST(ProvisionFile, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refusal("[[people]]\nname = \"x\"\n", toml).find("unknown section 'people'"), std::string::npos);
  EXPECT_NE(refusal("users = 3\n", toml).find("no list"), std::string::npos);
  EXPECT_NE(refusal("settings = 3\n", toml).find("no table"), std::string::npos);
  EXPECT_NE(refusal("[1]", as_json).find("not a JSON object"), std::string::npos);
  EXPECT_NE(refusal("{", as_json), "");
  EXPECT_NE(refusal("", csv).find("no header"), std::string::npos);
  EXPECT_NE(refusal("email,password\n", csv).find("unknown column 'password'"), std::string::npos);
  EXPECT_NE(refusal("email,email\n", csv).find("twice"), std::string::npos);
  EXPECT_NE(refusal("name,role\nx,y\n", csv).find("no column 'email'"), std::string::npos);
  EXPECT_NE(refusal("email,name\na@b\n", csv).find("file:2: 1 fields under 2 columns"), std::string::npos);
  ProvisionDocument twice;
  ASSERT_TRUE(twice.add("[settings]\n\"a.b\" = 1\n", toml, "one"));
  EXPECT_FALSE(twice.add("[settings.a]\nb = 2\n", toml, "two"));
}

TEST(ProvisionFile, ExportReadsBack) {
  const auto document = json::parse(
      R"({"settings":{"password.min_score":3,"allowed_networks":["10.0.0.0/8"]},)"
      R"("groups":[{"name":"Bil \"ling\" \\ \u007f/\u00e4\u0001","permissions":["reboot"],"single_prompt":true,"none":null}],)"
      R"("channels":[],"users":[{"email":"a@b","name":"A = [B]\t#","disabled":false,"allowed_networks":[]},{"email":"c@d"}]})");
  const auto text = provision_toml(document.as_object());
  ProvisionDocument d;
  const auto done = d.add(text, toml, "export");
  ASSERT_TRUE(done) << done.error().message() << "\n" << text;
  auto expected = document.as_object();
  expected["groups"].as_array()[0].as_object().erase("none");
  EXPECT_EQ(d.body(), expected) << text;
}

TEST(ProvisionFile, FormatsGoByName) {
  EXPECT_EQ(provision_format_of("a/users.csv"), csv);
  EXPECT_EQ(provision_format_of("a.json"), as_json);
  EXPECT_EQ(provision_format_of("org.toml"), toml);
  EXPECT_EQ(provision_format_of("-"), toml);
}

}  // namespace
}  // namespace rescue::program
