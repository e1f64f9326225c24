// SPDX-License-Identifier: Apache-2.0
#include "files/partial_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "unit/files/disk.hpp"

namespace rescue::files {
namespace {
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

base::SeededRandom& seeded() {
  static base::SeededRandom random(1);
  return random;
}
const base::WallTime kTime{std::chrono::seconds(1'600'000'000)};

IncomingFile incoming(std::string name, std::uint64_t size = 10) {
  IncomingFile out;
  out.name = std::move(name);
  out.size = size;
  return out;
}
IncomingFile resumable(std::string name, std::uint64_t size = 10) {
  auto out = incoming(std::move(name), size);
  out.modified = kTime;
  out.scope = "session 1";
  return out;
}
base::Result<PartialFile> begin(const fs::path& dir, IncomingFile file) {
  RESCUE_TRY(auto folder, Folder::make(dir));
  return PartialFile::open(std::move(folder), std::move(file), seeded());
}

TEST(PartialFile, HasItsNameOnlyWhenItIsWhole) {
  test::TempDir dir;
  auto file = begin(dir / "new folder", incoming("report.txt")).value();
  ASSERT_TRUE(file.write(5, base::as_bytes("world")));
  ASSERT_TRUE(file.write(0, base::as_bytes("hello")));
  const auto during = tree_of(dir / "new folder");
  ASSERT_EQ(during.size(), 1U);
  EXPECT_TRUE(during[0].starts_with("report.txt.part-")) << during[0];
  const auto path = file.commit().value();
  EXPECT_EQ(path.filename(), "report.txt");
  EXPECT_EQ(content(path), "helloworld");
  EXPECT_EQ(tree_of(dir / "new folder").size(), 1U);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U) << "nobody else's to read";
}

TEST(PartialFile, GoesAwayWhenItIsBrokenOff) {
  test::TempDir dir;
  {
    auto file = begin(dir.path(), resumable("report.txt")).value();
    ASSERT_TRUE(file.write(0, base::as_bytes("half")));
  }
  EXPECT_TRUE(tree_of(dir.path()).empty());
}

TEST(PartialFile, NeverReplacesAFile) {
  test::TempDir dir;
  put(dir / "report.txt", "mine");
  fs::create_symlink("/etc/passwd", dir / "report (2).txt");
  auto file = begin(dir.path(), incoming("report.txt")).value();
  ASSERT_TRUE(file.write(0, base::as_bytes("new")));
  EXPECT_EQ(file.commit().value().filename(), "report (3).txt");
  EXPECT_EQ(content(dir / "report.txt"), "mine");
  EXPECT_TRUE(fs::is_symlink(dir / "report (2).txt"));
}

TEST(PartialFile, ReplacesAnOrdinaryFileWhenThatWasSaid) {
  test::TempDir dir;
  put(dir / "report.txt", "old");
  auto file = incoming("report.txt");
  file.replace = true;
  auto partial = begin(dir.path(), file).value();
  ASSERT_TRUE(partial.write(0, base::as_bytes("new")));
  EXPECT_EQ(content(dir / "report.txt"), "old") << "until it is whole";
  EXPECT_EQ(partial.commit().value(), dir / "report.txt");
  EXPECT_EQ(content(dir / "report.txt"), "new");
}

TEST(PartialFile, ReplacesNoLinkAndNoFolder) {
  test::TempDir dir;
  put(dir / "target", "theirs");
  fs::create_symlink("target", dir / "link");
  fs::create_directory(dir / "folder");
  for (const std::string name : {"link", "folder"}) {
    auto file = incoming(name);
    file.replace = true;
    EXPECT_EQ(begin(dir.path(), file).value().commit().error().code, Errc::exists) << name;
  }
  EXPECT_EQ(content(dir / "target"), "theirs");
  EXPECT_EQ(tree_of(dir.path()), (Names{"folder", "link", "target"}));
}

TEST(PartialFile, NumbersNamesWithoutSuffix) {
  test::TempDir dir;
  for (const auto* name : {"archive", ".profile"}) {
    put(dir / name, "x");
    EXPECT_EQ(begin(dir.path(), incoming(name)).value().commit().value().filename(), std::string(name) + " (2)");
  }
}

TEST(PartialFile, RefusesNamesThatLeaveTheFolder) {
  test::TempDir dir;
  for (const std::string name : {"", ".", "..", "../x", "a/b"})
    EXPECT_EQ(begin(dir.path(), incoming(name)).error().code, Errc::bad_name) << name;
  EXPECT_EQ(begin(dir.path(), incoming(std::string("a\0b", 3))).error().code, Errc::bad_name);
  EXPECT_EQ(begin(dir.path(), incoming(std::string(241, 'x'))).error().code, Errc::bad_name);
  EXPECT_TRUE(begin(dir.path(), incoming(std::string(240, 'x')))) << "with the partial suffix just within 255 bytes";
  EXPECT_TRUE(tree_of(dir.path()).empty());
}

TEST(PartialFile, SaysThatTheDiskIsTooSmallBeforeItBegins) {
  test::TempDir dir;
  EXPECT_EQ(begin(dir.path(), incoming("huge", std::uint64_t{1} << 60)).error().code, base::Errc::no_space);
  EXPECT_TRUE(tree_of(dir.path()).empty());
}

TEST(PartialFile, SaysThatTheDiskIsFullInTheMiddle) {
  test::TempDir dir;
  signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  {
    auto file = begin(dir.path(), incoming("big", 100'000)).value();
    const base::Bytes part(60'000);
    ASSERT_TRUE(file.write(0, part));
    const rlimit small{60'000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_EQ(file.write(60'000, part).error().code, base::Errc::no_space);
    setrlimit(RLIMIT_FSIZE, &old);
  }
  EXPECT_TRUE(tree_of(dir.path()).empty());
}

TEST(PartialFile, NamesTheFolderItCannotUse) {
  test::TempDir dir;
  put(dir / "file", "x");
  EXPECT_NE(begin(dir / "file", incoming("report.txt")).error().message().find("file"), std::string::npos);
}

TEST(PartialFile, GoesOnWithWhatAnEarlierTryHasKept) {
  test::TempDir dir;
  {
    auto first = begin(dir.path(), resumable("report.txt")).value();
    EXPECT_EQ(first.have(), 0U);
    ASSERT_TRUE(first.write(0, base::as_bytes("hello")));
    EXPECT_FALSE(first.keep().empty());
  }
  ASSERT_EQ(tree_of(dir.path()).size(), 1U);
  auto second = begin(dir.path(), resumable("report.txt")).value();
  EXPECT_EQ(second.have(), 5U);
  base::Bytes there(5);
  ASSERT_TRUE(second.read(0, there));
  EXPECT_EQ(base::as_text(there), "hello");
  ASSERT_TRUE(second.write(5, base::as_bytes("world")));
  EXPECT_EQ(content(second.commit().value()), "helloworld");
  EXPECT_EQ(tree_of(dir.path()), Names{"report.txt"});
  struct stat info {};
  ASSERT_EQ(stat((dir / "report.txt").c_str(), &info), 0);
  EXPECT_EQ(base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec)), kTime);
}

TEST(PartialFile, DoesNotTakeAnotherFilesPartForItsOwn) {
  test::TempDir dir;
  {
    auto first = begin(dir.path(), resumable("report.txt")).value();
    ASSERT_TRUE(first.write(0, base::as_bytes("hello")));
    EXPECT_FALSE(first.keep().empty());
  }
  auto other_size = resumable("report.txt", 11);
  auto other_time = resumable("report.txt");
  other_time.modified += std::chrono::seconds(1);
  auto other_scope = resumable("report.txt");
  other_scope.scope = "session 2";
  for (const auto& file : {other_size, other_time, other_scope, incoming("report.txt")})
    EXPECT_EQ(begin(dir.path(), file).value().have(), 0U);
}

TEST(PartialFile, TwoAtOnceDoNotWriteIntoOneAnother) {
  test::TempDir dir;
  auto first = begin(dir.path(), resumable("report.txt")).value();
  ASSERT_TRUE(first.write(0, base::as_bytes("1111111111")));
  auto second = begin(dir.path(), resumable("report.txt")).value();
  EXPECT_EQ(second.have(), 0U);
  ASSERT_TRUE(second.write(0, base::as_bytes("2222222222")));
  EXPECT_EQ(content(first.commit().value()), "1111111111");
  EXPECT_EQ(content(second.commit().value()), "2222222222");
}

TEST(PartialFile, DoesNotGoOnThroughALink) {
  test::TempDir dir;
  std::string partial;
  {
    auto first = begin(dir.path(), resumable("report.txt")).value();
    ASSERT_TRUE(first.write(0, base::as_bytes("hello")));
    partial = first.keep();
  }
  put(dir / "victim", "theirs");
  fs::remove(partial);
  fs::create_symlink("victim", partial);
  {
    auto second = begin(dir.path(), resumable("report.txt")).value();
    EXPECT_EQ(second.have(), 0U);
    ASSERT_TRUE(second.write(0, base::as_bytes("overwritten")));
  }
  fs::remove(partial);
  fs::create_hard_link(dir / "victim", partial);
  auto third = begin(dir.path(), resumable("report.txt")).value();
  ASSERT_TRUE(third.write(0, base::as_bytes("overwritten")));
  EXPECT_EQ(content(dir / "victim"), "theirs");
}

TEST(PartialFile, BeginsAnewWhenTheBytesWereOthers) {
  test::TempDir dir;
  {
    auto first = begin(dir.path(), resumable("report.txt")).value();
    ASSERT_TRUE(first.write(0, base::as_bytes("xxxxxxxxxx")));
    EXPECT_FALSE(first.keep().empty());
  }
  auto second = begin(dir.path(), resumable("report.txt")).value();
  ASSERT_TRUE(second.restart(seeded()));
  EXPECT_EQ(second.have(), 0U);
  ASSERT_TRUE(second.write(0, base::as_bytes("short")));
  EXPECT_EQ(content(second.commit().value()), "short");
}

TEST(PartialFile, WhatIsThereAlreadyIsNotTakenTwice) {
  test::TempDir dir;
  auto file = resumable("report.txt", 5);
  file.may_be_there = true;
  {
    auto first = begin(dir.path(), file).value();
    ASSERT_TRUE(first.write(0, base::as_bytes("hello")));
    ASSERT_TRUE(first.commit());
  }
  auto second = begin(dir.path(), file).value();
  EXPECT_EQ(second.have(), 5U);
  EXPECT_EQ(second.commit().value(), dir / "report.txt");
  auto third = begin(dir.path(), file).value();
  ASSERT_TRUE(third.restart(seeded())) << "it is another file of the same size and time";
  ASSERT_TRUE(third.write(0, base::as_bytes("other")));
  EXPECT_EQ(third.commit().value(), dir / "report (2).txt");
  EXPECT_EQ(content(dir / "report.txt"), "hello");
  EXPECT_EQ(tree_of(dir.path()), (Names{"report (2).txt", "report.txt"}));
}

}  // namespace
}  // namespace rescue::files
