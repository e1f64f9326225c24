// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <future>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "applet/core/file_store.hpp"
#include "applet/core/received_file.hpp"
#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::vector<std::string> names_in(const fs::path& dir) {
  std::vector<std::string> out;
  for (const auto& e : fs::directory_iterator(dir)) out.push_back(e.path().filename().string());
  std::ranges::sort(out);
  return out;
}
base::SeededRandom& seeded() {
  static base::SeededRandom random(1);
  return random;
}
base::Result<ReceivedFile> begin(const fs::path& dir, const std::string& name, std::uint64_t size = 10) {
  return ReceivedFile::create(dir, name, size, seeded());
}

TEST(ReceivedFile, HasItsNameOnlyWhenItIsWhole) {
  test::TempDir dir;
  auto file = begin(dir / "new folder", "report.txt").value();
  ASSERT_TRUE(file.write(5, base::as_bytes("world")));
  ASSERT_TRUE(file.write(0, base::as_bytes("hello")));
  auto during = names_in(dir / "new folder");
  ASSERT_EQ(during.size(), 1U);
  EXPECT_TRUE(during[0].starts_with("report.txt.part-")) << during[0];
  auto path = file.commit().value();
  EXPECT_EQ(path.filename(), "report.txt");
  EXPECT_EQ(content(path), "helloworld");
  EXPECT_EQ(names_in(dir / "new folder").size(), 1U);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U) << "nobody else's to read";
}

TEST(ReceivedFile, GoesAwayWhenItIsBrokenOff) {
  test::TempDir dir;
  {
    auto file = begin(dir.path(), "report.txt").value();
    ASSERT_TRUE(file.write(0, base::as_bytes("half")));
  }
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(ReceivedFile, NeverReplacesAFile) {
  test::TempDir dir;
  std::ofstream(dir / "report.txt") << "mine";
  fs::create_symlink("/etc/passwd", dir / "report (2).txt");
  auto file = begin(dir.path(), "report.txt").value();
  ASSERT_TRUE(file.write(0, base::as_bytes("new")));
  EXPECT_EQ(file.commit().value().filename(), "report (3).txt");
  EXPECT_EQ(content(dir / "report.txt"), "mine");
  EXPECT_TRUE(fs::is_symlink(dir / "report (2).txt"));
}

TEST(ReceivedFile, NumbersNamesWithoutSuffix) {
  test::TempDir dir;
  for (const auto* name : {"archive", ".profile"}) {
    std::ofstream(dir.path() / name) << "x";
    EXPECT_EQ(begin(dir.path(), name).value().commit().value().filename(), std::string(name) + " (2)");
  }
}

TEST(ReceivedFile, RefusesNamesThatLeaveTheFolder) {
  test::TempDir dir;
  for (const std::string name : {"", ".", "..", "../x", "a/b"}) {
    auto file = begin(dir.path(), name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, base::Errc::invalid_argument);
  }
  EXPECT_EQ(begin(dir.path(), std::string("a\0b", 3)).error().code, base::Errc::invalid_argument);
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(ReceivedFile, SaysThatTheDiskIsTooSmallBeforeItBegins) {
  test::TempDir dir;
  auto file = begin(dir.path(), "huge", std::uint64_t{1} << 60);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, base::Errc::no_space);
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(ReceivedFile, NamesTheFolderItCannotUse) {
  test::TempDir dir;
  std::ofstream(dir / "file") << "x";
  auto file = begin(dir / "file", "report.txt");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("file"), std::string::npos);
}

TEST(FileSource, TakesOrdinaryFilesOnly) {
  test::TempDir dir;
  std::ofstream(dir / "data.bin") << "12345";
  auto source = FileSource::open(dir / "data.bin").value();
  EXPECT_EQ(source.name, "data.bin");
  EXPECT_EQ(source.size, 5U);
  EXPECT_GT(source.modified, base::WallTime(std::chrono::hours(24 * 365 * 50)));
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(FileSource::open(dir / "pipe").error().code, base::Errc::invalid_argument);
  EXPECT_EQ(FileSource::open(dir.path()).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(FileSource::open(dir / "none").error().code, base::Errc::not_found);
}

TEST(FileHasher, GivesTheKnownDigests) {
  auto hasher = file_hasher()();
  hasher->update(base::as_bytes("a"));
  hasher->update(base::as_bytes("bc"));
  auto digests = hasher->finish();
  EXPECT_EQ(base::to_hex(digests.md5), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321, A.5
  EXPECT_EQ(base::to_hex(digests.sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
}

}  // namespace
}  // namespace rescue::applet
