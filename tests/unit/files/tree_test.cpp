// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "files/listing.hpp"
#include "files/tree_removal.hpp"
#include "files/tree_walk.hpp"
#include "support/temp_dir.hpp"
#include "unit/files/disk.hpp"

namespace rescue::files {
namespace {
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class TreeTest : public ::testing::Test {
 protected:
  TreeTest() {
    put(dir / "tree" / "one", "1");
    put(dir / "tree" / "sub" / "two", "22");
    fs::create_directories(dir / "tree" / "empty");
    put(dir / "outside" / "secret", "s");
    fs::create_symlink("../outside", dir / "tree" / "folder_link");
    fs::create_symlink("../outside/secret", dir / "tree" / "file_link");
    mkfifo((dir / "tree" / "pipe").c_str(), 0600);
  }
  Folder root() { return Folder::open(dir.path()).value(); }
  test::TempDir dir;
};

TEST_F(TreeTest, WalksAllFilesAndFollowsNoLink) {
  auto walk = TreeWalk::start(root(), "tree").value();
  Names files, folders, skipped;
  while (auto item = walk.next()) {
    const auto path = item->folder.empty() ? item->source.name : item->folder + "/" + item->source.name;
    if (item->what == TreeItem::What::file) {
      base::Bytes bytes(item->source.size);
      EXPECT_TRUE(item->source.read(0, bytes));
      files.push_back(path + "=" + std::string(base::as_text(bytes)));
    } else {
      (item->what == TreeItem::What::folder ? folders : skipped).push_back(path);
    }
  }
  std::ranges::sort(files);
  std::ranges::sort(folders);
  std::ranges::sort(skipped);
  EXPECT_EQ(files, (Names{"tree/one=1", "tree/sub/two=22"}));
  EXPECT_EQ(folders, (Names{"tree", "tree/empty", "tree/sub"}));
  EXPECT_EQ(skipped, (Names{"tree/file_link", "tree/folder_link", "tree/pipe"}));
}

TEST_F(TreeTest, WalksASingleFile) {
  auto single = TreeWalk::start(Folder::open(dir / "tree").value(), "one").value();
  const auto item = single.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->folder, "");
  EXPECT_EQ(item->source.name, "one");
  EXPECT_FALSE(single.next());
  EXPECT_EQ(TreeWalk::start(Folder::open(dir / "tree").value(), "file_link").error().code, Errc::outside);
  EXPECT_EQ(TreeWalk::start(root(), "none").error().code, base::Errc::not_found);
}

TEST_F(TreeTest, RemovesATreeAndNothingBehindLinks) {
  auto removal = TreeRemoval::start(root(), "tree", true).value();
  int slices = 1;
  while (!removal.step(2)) ++slices;
  EXPECT_GT(slices, 2);
  EXPECT_EQ(removal.removed(), 8U);
  EXPECT_EQ(removal.left(), 0U);
  EXPECT_EQ(tree_of(dir.path()), (Names{"outside", "outside/secret"}));
}

TEST_F(TreeTest, RemovesFoldersWithContentOnlyWhenThatWasSaid) {
  auto removal = TreeRemoval::start(root(), "tree", false).value();
  EXPECT_TRUE(removal.step(100));
  EXPECT_EQ(removal.removed(), 0U);
  ASSERT_TRUE(removal.trouble());
  EXPECT_EQ(removal.trouble()->code, Errc::not_empty);
  auto link = TreeRemoval::start(Folder::open(dir / "tree").value(), "folder_link", true).value();
  EXPECT_TRUE(link.step(100));
  EXPECT_FALSE(fs::is_symlink(dir / "tree" / "folder_link"));
  EXPECT_TRUE(fs::exists(dir / "outside" / "secret"));
}

TEST_F(TreeTest, CountsWhatItHadToLeave) {
  auto deep = dir / "tree" / "deep";
  for (std::size_t n = 0; n < kDepthMax + 3; ++n) deep /= "d";
  put(deep / "bottom", "x");
  auto removal = TreeRemoval::start(root(), "tree", true).value();
  while (!removal.step(100)) {
  }
  EXPECT_EQ(removal.left(), 1U) << "counted once, not once for each folder around it";
  EXPECT_EQ(removal.trouble()->code, Errc::busy);
  EXPECT_TRUE(fs::exists(deep / "bottom"));
  EXPECT_FALSE(fs::exists(dir / "tree" / "one"));
  EXPECT_FALSE(fs::exists(dir / "tree" / "sub"));
}

TEST_F(TreeTest, ListsInOrderPageByPage) {
  fs::create_directory(dir / "many");
  for (int n = 0; n < 1200; ++n)
    put(dir / "many" / fmt::format("f{:04}", n), std::string(static_cast<std::size_t>(n % 7), 'x'));
  const auto listing = Listing::read(Folder::open(dir / "many").value()).value();
  Names seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = listing.page(cursor, 500, 1 << 20);
    ++pages;
    for (const auto& e : page.entries) seen.push_back(e.name);
    EXPECT_EQ(page.total, 1200U);
    cursor = page.cursor;
  } while (!cursor.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen.size(), 1200U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_LT(listing.page("", 500, 1000).entries.size(), 30U) << "a page is bounded in bytes too";
}

TEST_F(TreeTest, ShowsNamesThatCannotBeUsed) {
  fs::create_directory(dir / "odd");
  put(dir / "odd" / "bad\xff", "x");
  put(dir / "odd" / "line\nbreak", "x");
  const auto page = Listing::read(Folder::open(dir / "odd").value()).value().page("", 10, 10000);
  ASSERT_EQ(page.entries.size(), 2U);
  for (const auto& e : page.entries) {
    EXPECT_EQ(e.kind, Kind::other);
    EXPECT_FALSE(e.detail.empty());
    EXPECT_EQ(e.name.find('\n'), std::string::npos);
  }
  auto walk = TreeWalk::start(Folder::open(dir.path()).value(), "odd").value();
  EXPECT_EQ(walk.next()->what, TreeItem::What::folder);
  EXPECT_EQ(walk.next()->what, TreeItem::What::skipped);
}

}  // namespace
}  // namespace rescue::files
