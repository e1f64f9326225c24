// SPDX-License-Identifier: Apache-2.0
#include "files/folder.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "unit/files/disk.hpp"

namespace rescue::files {
namespace {
namespace fs = std::filesystem;

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    fs::create_directories(dir / "root" / "a" / "b");
    fs::create_directories(dir / "elsewhere");
    put(dir / "elsewhere" / "secret", "s");
    put(dir / "root" / "file", "12345");
    fs::create_symlink("../elsewhere", dir / "root" / "out");
    fs::create_symlink(dir / "elsewhere", dir / "root" / "out_absolute");
    fs::create_symlink("a/b", dir / "root" / "in");
  }
  Folder root() { return Folder::open(dir / "root").value(); }
  test::TempDir dir;
};

TEST_F(FolderTest, OpensWhatLiesBelow) {
  EXPECT_EQ(root().below("a/b", Links::refused).value().path(), dir / "root" / "a" / "b");
  EXPECT_TRUE(root().below("a/b/", Links::refused));
  EXPECT_TRUE(root().below("", Links::refused).value().entry("file"));
}

TEST_F(FolderTest, IsNotLeftByDotsOrLinks) {
  for (const auto links : {Links::refused, Links::inside}) {
    EXPECT_EQ(root().below("..", links).error().code, Errc::bad_name);
    EXPECT_EQ(root().below("a/../../elsewhere", links).error().code, Errc::bad_name);
    EXPECT_EQ(root().below("/etc", links).error().code, Errc::bad_name);
    EXPECT_EQ(root().below("out", links).error().code, Errc::outside);
    EXPECT_EQ(root().below("out_absolute", links).error().code, Errc::outside);
    EXPECT_FALSE(root().below("out/sub", links));
  }
}

TEST_F(FolderTest, FollowsLinksInsideOnlyWhereThatIsAllowed) {
  EXPECT_TRUE(root().below("in", Links::inside));
  EXPECT_EQ(root().below("in", Links::refused).error().code, Errc::outside);
  EXPECT_EQ(root().make_below("in/new").error().code, Errc::outside);
  EXPECT_FALSE(fs::exists(dir / "root" / "a" / "b" / "new"));
}

TEST_F(FolderTest, MakesFoldersBelowAndNeverThroughALink) {
  EXPECT_TRUE(root().make_below("a/new/deep"));
  EXPECT_TRUE(fs::is_directory(dir / "root" / "a" / "new" / "deep"));
  EXPECT_EQ(root().make_below("out/planted").error().code, Errc::outside);
  EXPECT_FALSE(fs::exists(dir / "elsewhere" / "planted"));
  EXPECT_EQ(root().make_below("file/x").error().code, Errc::not_a_folder);
}

TEST_F(FolderTest, AbsoluteLinksAreInsideTheRootOfTheFileSystem) {
  const auto whole = Folder::open("/").value();
  const auto path = (dir / "root" / "out_absolute").string().substr(1);
  EXPECT_TRUE(whole.below(path, Links::inside));
  EXPECT_EQ(whole.below(path, Links::refused).error().code, Errc::outside);
}

TEST_F(FolderTest, TellsKindsApart) {
  EXPECT_EQ(root().entry("file").value().size, 5U);
  EXPECT_EQ(root().entry("file").value().kind, Kind::file);
  EXPECT_EQ(root().entry("a").value().kind, Kind::folder);
  EXPECT_EQ(root().entry("out").value().kind, Kind::link);
  EXPECT_EQ(root().entry("out").value().detail, "../elsewhere");
  EXPECT_EQ(root().entry("none").error().code, base::Errc::not_found);
}

TEST(FileNames, RefusesWhatIsNoNameOfOneFile) {
  for (const std::string name : {"", ".", "..", "a/b", "a\nb", "\x1b[2J", "\xff", "a\u202etxt.exe"})
    EXPECT_EQ(check_name(name).error().code, Errc::bad_name) << name;
  EXPECT_FALSE(check_name(std::string("a\0b", 3)));
  EXPECT_FALSE(check_name(std::string(256, 'x')));
  for (const std::string name : {".profile", "a b", "ä", "-rf", "...", "a\\b"}) EXPECT_TRUE(check_name(name)) << name;
}

TEST(FileNames, PathsAreNotEndlesslyDeep) {
  std::string path = "x";
  for (std::size_t n = 1; n < kDepthMax; ++n) path += "/x";
  EXPECT_TRUE(parts_of(path));
  EXPECT_EQ(parts_of(path + "/x").error().code, Errc::bad_name);
  EXPECT_EQ(parts_of("a//b").error().code, Errc::bad_name);
}

}  // namespace
}  // namespace rescue::files
