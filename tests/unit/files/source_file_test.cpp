// SPDX-License-Identifier: Apache-2.0
#include "files/source_file.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "unit/files/disk.hpp"

namespace rescue::files {
namespace {

TEST(SourceFile, TakesOrdinaryFilesOnly) {
  test::TempDir dir;
  put(dir / "data.bin", "12345");
  auto source = SourceFile::open(dir / "data.bin").value();
  EXPECT_EQ(source.name, "data.bin");
  EXPECT_EQ(source.size, 5U);
  EXPECT_GT(source.modified, base::WallTime(std::chrono::hours(24 * 365 * 50)));
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(SourceFile::open(dir / "pipe").error().code, base::Errc::invalid_argument);
  EXPECT_EQ(SourceFile::open(dir.path()).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(SourceFile::open(dir / "none").error().code, base::Errc::not_found);
}

TEST(SourceFile, IsReadFromItsFolderNeverThroughALink) {
  test::TempDir dir;
  put(dir / "data.bin", "12345");
  std::filesystem::create_symlink("data.bin", dir / "link");
  const auto folder = Folder::open(dir.path()).value();
  const auto source = SourceFile::open(folder, "data.bin").value();
  base::Bytes middle(3);
  ASSERT_TRUE(source.read(1, middle));
  EXPECT_EQ(base::as_text(middle), "234");
  EXPECT_FALSE(source.read(3, middle)) << "shorter than that";
  EXPECT_EQ(SourceFile::open(folder, "link").error().code, Errc::outside);
}

}  // namespace
}  // namespace rescue::files
