// SPDX-License-Identifier: Apache-2.0
#include "directory/site_policy.hpp"

#include <cstdlib>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "store/users.hpp"
#include "support.hpp"
#include "support/paths.hpp"

namespace rescue::directory {
namespace {
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SitePolicyTest : public DirectoryTest {
 protected:
  base::Result<std::size_t> change(std::vector<site_policy::Change> changes) {
    return write(
        [&](Transaction& tx) { return site_policy::change(tx, changes, By("root@x", "192.0.2.7", "api"), now()); });
  }
  std::string text(Setting setting) {
    return ok_value(read([&](ReadTransaction& tx) { return site_policy::text(tx, setting); }));
  }
  static std::string canonical(std::string_view name, std::string_view value) {
    const auto out = canonical_setting(*find_setting(name), value);
    return out ? *out : "refused";
  }
};

TEST_F(SitePolicyTest, EverySettingHasADefaultThatItsOwnRowTakesAndHelp) {
  std::set<std::string_view> names;
  for (const auto& rule : setting_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_EQ(find_setting(rule.name), &rule);
    EXPECT_EQ(canonical(rule.name, rule.fallback), rule.fallback) << rule.name;
    EXPECT_TRUE(rule.help.ends_with('.')) << rule.name;
    EXPECT_FALSE(setting_bounds(rule).empty()) << rule.name;
    EXPECT_EQ(text(rule.setting), rule.fallback) << rule.name;
  }
  EXPECT_EQ(find_setting("password"), nullptr);
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return site_policy::all(tx); })).size(), kSettings);
}

TEST_F(SitePolicyTest, ValuesAreBroughtIntoOneForm) {
  EXPECT_EQ(canonical("password.min_score", " 4 "), "4");
  EXPECT_EQ(canonical("password.max_age", "60d"), "60d");
  EXPECT_EQ(canonical("password.max_age", "48h"), "2d");
  EXPECT_EQ(canonical("password.max_age", "off"), "off");
  EXPECT_EQ(canonical("invitation.lifetime", "90m"), "90m");
  EXPECT_EQ(canonical("invitation.lifetime", "3600s"), "1h");
  EXPECT_EQ(canonical("password.argon2_memory", "65536KiB"), "64MiB");
  EXPECT_EQ(canonical("password.argon2_memory", "19922944"), "19MiB");
  EXPECT_EQ(canonical("password.argon2_memory", "1GiB"), "1GiB");
}

TEST_F(SitePolicyTest, ValuesOutOfBoundsAreRefusedWithTheBounds) {
  const std::pair<const char*, const char*> bad[] = {
      {"password.min_score", "5"},
      {"password.min_score", "-1"},
      {"password.min_score", ""},
      {"password.min_score", "3.5"},
      {"password.min_score", "three"},
      {"password.max_age", "0d"},
      {"password.max_age", "1h"},
      {"password.max_age", "4000d"},
      {"password.max_age", "90"},
      {"password.lock_after", "0"},
      {"password.history", "25"},
      {"password.argon2_memory", "1MiB"},
      {"password.argon2_memory", "2GiB"},
      {"password.argon2_memory", "-1KiB"},
      {"password.argon2_memory", "9999999999GiB"},
      {"invitation.lifetime", "off"},
      {"password.argon2_passes", "17"},
      {"invitation.lifetime", "61500ms"},
  };
  for (const auto& [name, value] : bad) EXPECT_EQ(canonical(name, value), "refused") << name << "=" << value;
  const auto told = canonical_setting(*find_setting("password.max_age"), "1h");
  ASSERT_FALSE(told.has_value());
  EXPECT_CODE(told, base::Errc::invalid_argument);
  EXPECT_THAT(told.error().message(), HasSubstr("password.max_age: must be a duration, 1d to 3650d, or off"));
}

/// "*name*", what it is for, what it may be, what it is at first: as rescue-admin(1) lists settings.
std::string manual_text() {
  std::string out;
  for (const auto& rule : setting_rules()) {
    std::string name;
    for (const char c : rule.name) name += c == '_' ? "\\_" : std::string(1, c);
    out += fmt::format("*{}*\n\t{} May be {}. Default: {}.\n\n", name, rule.help, setting_bounds(rule),
                       rule.fallback.empty() ? "empty" : rule.fallback);
  }
  return out;
}

TEST(SettingsManual, ListsEverySettingAsTheTableHasIt) {
  const auto path = test::source_dir() / "man" / "rescue-admin.1.scd";
  std::ifstream in(path);
  std::string page(std::istreambuf_iterator<char>(in), {});
  constexpr std::string_view kBegin = "; begin settings\n";
  const auto from = page.find(kBegin);
  const auto to = page.find("; end settings\n");
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos && from < to);
  const auto at = from + kBegin.size();
  if (std::getenv("RESCUE_UPDATE_GENERATED") != nullptr) {
    page.replace(at, to - at, manual_text());
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(page.substr(at, to - at), manual_text()) << "run this test with RESCUE_UPDATE_GENERATED=1";
}

TEST_F(SitePolicyTest, ChangesAreMadeTogetherAndLoggedWithOldAndNew) {
  EXPECT_EQ(ok_value(change({{"password.min_score", "4"}, {"password.max_age", "180d"}})), 2u);
  EXPECT_EQ(text(Setting::password_min_score), "4");
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return site_policy::duration(tx, Setting::password_max_age); })),
            180 * 24h);
  EXPECT_EQ(last_event().type, EventType::policy_changed);
  EXPECT_EQ(last_event().actor, "root@x");
  EXPECT_EQ(last_event().data,
            R"({"changes":{"password.min_score":{"old":"3","new":"4"},"password.max_age":{"old":"off","new":"180d"}},)"
            R"("address":"192.0.2.7","via":"api"})");
  // One bad value, and nothing is changed.
  const auto events_before = log_rows().size();
  EXPECT_CODE(change({{"password.min_score", "0"}, {"password.max_age", "1s"}}), base::Errc::invalid_argument);
  EXPECT_CODE(change({{"password.min_score", "0"}, {"password.color", "red"}}), base::Errc::invalid_argument);
  EXPECT_CODE(change({{"password.min_score", "0"}, {"password.min_score", "1"}}), base::Errc::invalid_argument);
  EXPECT_EQ(text(Setting::password_min_score), "4");
  // What is so already is no change.
  EXPECT_EQ(ok_value(change({{"password.min_score", "4"}})), 0u);
  EXPECT_EQ(log_rows().size(), events_before);
  EXPECT_EQ(ok_value(change({{"password.min_score", std::nullopt}, {"password.max_age", std::nullopt}})), 2u);
  EXPECT_EQ(text(Setting::password_min_score), "3");
}

TEST_F(SitePolicyTest, ADamagedValueStopsWhatNeedsItAndCanBeSetRight) {
  EXPECT_OK(write([&](Transaction& tx) { return store::settings::set(tx, "password.min_score", "lots", now()); }));
  EXPECT_CODE(read([](ReadTransaction& tx) { return site_policy::integer(tx, Setting::password_min_score); }),
              base::Errc::bad_format);
  EXPECT_EQ(ok_value(change({{"password.min_score", "2"}})), 1u);
  EXPECT_EQ(text(Setting::password_min_score), "2");
}

}  // namespace
}  // namespace rescue::directory
