// SPDX-License-Identifier: Apache-2.0
#include "store/impl/migrations.hpp"

#include <fstream>

#include "support.hpp"
#include "support/paths.hpp"

namespace rescue::store::impl {
namespace {
using ::testing::HasSubstr;

class MigrationTest : public ::testing::Test {
 protected:
  void SetUp() override { base::set_log_level(base::LogLevel::warn); }
  std::unique_ptr<Connection> open() {
    const auto path = dir_ / "m.db";
    std::ofstream(path, std::ios::app).close();
    return ok_value(Connection::open(path, false));
  }
  test::TempDir dir_;
};

constexpr Migration kSteps[] = {
    {1, "one", "CREATE TABLE a (x INTEGER PRIMARY KEY) STRICT; INSERT INTO a VALUES (1);"},
    {2, "two", "CREATE TABLE b (x INTEGER NOT NULL REFERENCES a (x)) STRICT; INSERT INTO b SELECT x FROM a;"},
    // Rebuilds a table that another refers to: enforcement is off, the result is checked.
    {3, "three",
     "CREATE TABLE a2 (x INTEGER PRIMARY KEY, y TEXT NOT NULL) STRICT; INSERT INTO a2 SELECT x, 'old' FROM a;"
     "DROP TABLE a; ALTER TABLE a2 RENAME TO a;"},
};

TEST_F(MigrationTest, EveryEarlierVersionReachesTheLastOneWithItsRows) {
  for (std::size_t from = 0; from <= std::size(kSteps); ++from) {
    const auto path = dir_ / ("v" + std::to_string(from)).c_str();
    std::ofstream(path, std::ios::app).close();
    auto c = ok_value(Connection::open(path, false));
    if (from > 0) {
      EXPECT_OK(migrate(*c, std::span(kSteps).first(from)));
    }
    EXPECT_EQ(ok_value(schema_version(*c)), static_cast<int>(from));
    EXPECT_OK(migrate(*c, kSteps));
    EXPECT_EQ(ok_value(schema_version(*c)), 3);
    EXPECT_EQ(ok_value(number(*c, "SELECT count(*) FROM a JOIN b USING (x) WHERE y = 'old'")), 1);
    EXPECT_EQ(ok_value(number(*c, "PRAGMA foreign_keys")), 1);
  }
}

TEST_F(MigrationTest, AStepThatFailsLeavesTheVersionBeforeItAndIsNamed) {
  auto c = open();
  Migration broken[] = {kSteps[0], kSteps[1], {3, "broken", "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);"}};
  auto failed = migrate(*c, broken);
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().message(), HasSubstr("schema 3 (broken)"));
  EXPECT_EQ(ok_value(schema_version(*c)), 2);
  EXPECT_EQ(ok_value(number(*c, "SELECT count(*) FROM sqlite_master WHERE name = 'c'")), 0);
  EXPECT_OK(migrate(*c, kSteps));
}

TEST_F(MigrationTest, AStepThatBreaksAReferenceIsUndone) {
  auto c = open();
  Migration careless[] = {kSteps[0], kSteps[1], {3, "careless", "DELETE FROM a;"}};
  EXPECT_FALSE(migrate(*c, careless).has_value());
  EXPECT_EQ(ok_value(number(*c, "SELECT count(*) FROM a")), 1);
}

TEST_F(MigrationTest, ANewerDatabaseIsRefusedWithBothNumbers) {
  auto c = open();
  EXPECT_OK(migrate(*c, kSteps));
  auto refused = migrate(*c, std::span(kSteps).first(2));
  EXPECT_CODE(refused, Errc::newer_schema);
  EXPECT_THAT(refused.error().message(), HasSubstr("schema 3, this program knows up to 2"));
  EXPECT_EQ(ok_value(schema_version(*c)), 3);
}

TEST_F(MigrationTest, ADatabaseOfAnotherProgramIsRefused) {
  auto c = open();
  EXPECT_OK(c->script("CREATE TABLE theirs (x)"));
  EXPECT_CODE(migrate(*c, kSteps), Errc::not_ours);
  EXPECT_EQ(ok_value(number(*c, "SELECT count(*) FROM sqlite_master")), 1);
}

TEST_F(MigrationTest, ReleasedStepsAreNumberedWithoutHoles) {
  int expected = 1;
  for (const auto& step : migrations()) EXPECT_EQ(step.version, expected++);
}

/// Each released schema with rows in it, as text (tests/unit/store/fixtures/schema-N.sql), opens and keeps what it had.
TEST_F(MigrationTest, FixturesOfEveryReleasedVersionOpen) {
  const auto folder = test::source_dir() / "tests/unit/store/fixtures";
  for (const auto& step : migrations()) {
    const auto path = dir_ / ("f" + std::to_string(step.version)).c_str();
    {
      std::ifstream in(folder / ("schema-" + std::to_string(step.version) + ".sql"));
      ASSERT_TRUE(in) << "no fixture for schema " << step.version;
      const std::string sql(std::istreambuf_iterator<char>(in), {});
      std::ofstream(path, std::ios::app).close();
      auto c = ok_value(Connection::open(path, false));
      EXPECT_OK(c->script(sql));
      EXPECT_EQ(ok_value(schema_version(*c)), step.version);
    }
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    Options options;
    options.path = path;
    auto store = ok_value(Store::open(options));
    const auto user =
        ok_value(store->read_now([](ReadTransaction& tx) { return users::find_by_email(tx, "ada@example.org"); }));
    ASSERT_TRUE(user);
    EXPECT_EQ(user->name, "Ada Lovelace");
    LogFilter f;
    f.text = "printer";
    const auto found =
        ok_value(store->read_now([&](ReadTransaction& tx) { return log::query(tx, f, LogOrder::newest_first); }));
    ASSERT_EQ(found.items.size(), 1u);
    EXPECT_EQ(found.items[0].actor, "ada@example.org");
    const auto live = ok_value(store->read_now([](ReadTransaction& tx) { return sessions::count_live(tx); }));
    EXPECT_EQ(live, 1u);
  }
}

/// A step that was released is history: the fixtures hold what it made.
TEST_F(MigrationTest, AnUpgradedDatabaseHasTheSchemaOfANewOne) {
  const auto schema_of = [](Connection& c) {
    return ok_value(all(c, "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name",
                        [](Statement& st) { return st.text(0); }));
  };
  const auto folder = test::source_dir() / "tests/unit/store/fixtures";
  auto fresh = open();
  EXPECT_OK(migrate(*fresh, migrations()));
  for (const auto& step : migrations()) {
    const auto path = dir_ / ("s" + std::to_string(step.version)).c_str();
    std::ofstream(path, std::ios::app).close();
    std::ifstream in(folder / ("schema-" + std::to_string(step.version) + ".sql"));
    auto old = ok_value(Connection::open(path, false));
    EXPECT_OK(old->script(std::string(std::istreambuf_iterator<char>(in), {})));
    EXPECT_OK(migrate(*old, migrations()));
    EXPECT_EQ(schema_of(*old), schema_of(*fresh)) << "from schema " << step.version;
  }
}

}  // namespace
}  // namespace rescue::store::impl
