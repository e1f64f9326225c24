// SPDX-License-Identifier: Apache-2.0
#include "applet/core/system_information.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "support/temp_dir.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {

std::string value(const std::vector<session::SysinfoSection>& all, std::string_view section, std::string_view key) {
  for (const auto& s : all)
    if (s.name == section)
      for (const auto& item : s.items)
        if (item.key == key) return item.value;
  return {};
}

TEST(SystemInformation, DescribesThisMachine) {
  auto all = collect_system_information({});
  ASSERT_EQ(all.size(), system_information_sections().size());
  EXPECT_FALSE(value(all, "system", "name").empty());
  EXPECT_NE(value(all, "system", "kernel").find("Linux"), std::string::npos);
  EXPECT_GT(std::stoull(value(all, "memory", "total_bytes")), 64ULL << 20);
  EXPECT_GE(std::stoi(value(all, "hardware", "logical_processors")), 1);
  EXPECT_FALSE(value(all, "session", "user").empty());
  EXPECT_FALSE(value(all, "disks", "/").empty());
  EXPECT_GE(std::stoi(value(all, "processes", "count")), 1);
}

TEST(SystemInformation, GivesOnlyWhatWasAskedFor) {
  auto some = collect_system_information({"memory", "nonsense"});
  ASSERT_EQ(some.size(), 1U);
  EXPECT_EQ(some[0].name, "memory");
}

TEST(SystemInformation, KeepsTheCapsAndIsUtf8) {
  std::size_t items = 0;
  for (const auto& s : collect_system_information({})) {
    items += s.items.size();
    for (const auto& item : s.items) {
      EXPECT_LE(item.key.size(), wire::kSysinfoKeyMax);
      EXPECT_LE(item.value.size(), wire::kSysinfoValueMax);
      EXPECT_TRUE(base::is_valid_utf8(item.value)) << item.key;
      EXPECT_FALSE(item.value.empty()) << item.key;
    }
  }
  EXPECT_LE(items, wire::kSysinfoItemsMax);
}

TEST(SystemInformation, ReadsTheFilesOfAForeignRoot) {
  test::TempDir dir;
  std::filesystem::create_directories(dir / "etc");
  std::filesystem::create_directories(dir / "proc/42");
  std::filesystem::create_directories(dir / "proc/7");
  std::ofstream(dir / "etc/os-release") << "NAME=Test\nPRETTY_NAME=\"Test OS 3 \xff\"\n";
  std::ofstream(dir / "proc/uptime") << "93784.51 1.0\n";
  std::ofstream(dir / "proc/meminfo") << "MemTotal:       2048 kB\nSwapTotal: 0 kB\n";
  std::ofstream(dir / "proc/cpuinfo") << "processor\t: 0\nmodel name\t: Test CPU\nprocessor\t: 1\n";
  std::ofstream(dir / "proc/42/status") << "Name:\tbig\nUid:\t1000\t1000\nVmRSS:\t  900 kB\n";
  std::ofstream(dir / "proc/7/status") << "Name:\tkernel thread\nUid:\t0\n";
  auto all = collect_system_information({}, dir.path());
  EXPECT_EQ(value(all, "system", "name"), "Test OS 3 \uFFFD");
  EXPECT_EQ(value(all, "system", "uptime"), "1 d 02:03:04");
  EXPECT_EQ(value(all, "memory", "total_bytes"), "2097152");
  EXPECT_EQ(value(all, "hardware", "processor"), "Test CPU");
  EXPECT_EQ(value(all, "hardware", "logical_processors"), "2");
  EXPECT_EQ(value(all, "processes", "count"), "1");
  EXPECT_EQ(value(all, "processes", "42"), "big, 921600 bytes, uid 1000");
}

TEST(SystemInformation, LeavesCommandLinesOut) {
  // Careless programs have secrets on their command line.
  test::TempDir dir;
  std::filesystem::create_directories(dir / "proc/42");
  std::ofstream(dir / "proc/42/status") << "Name:\tbackup\nUid:\t0\nVmRSS:\t  900 kB\n";
  std::ofstream(dir / "proc/42/cmdline") << "backup\0--password=hunter2";
  for (const auto& s : collect_system_information({}, dir.path()))
    for (const auto& item : s.items) EXPECT_EQ(item.value.find("hunter2"), std::string::npos) << item.value;
}

TEST(SystemInformation, NamesTheHost) {
  auto names = host_names();
  EXPECT_FALSE(names.name.empty());
  EXPECT_FALSE(names.os.empty());
  EXPECT_FALSE(names.user.empty());
}

}  // namespace
}  // namespace rescue::applet
