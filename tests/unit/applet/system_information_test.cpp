// SPDX-License-Identifier: Apache-2.0
#include "applet/core/system_information.hpp"

#include <chrono>
#include <cstdlib>
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

/// A folder with a program in it that says `text`, first in $PATH while it lives.
class FakeProgram {
 public:
  void says(const char* name, const std::string& body) {
    const auto path = dir_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << body;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    ::setenv("PATH", (dir_.path().string() + ":" + before_).c_str(), 1);
  }
  ~FakeProgram() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  test::TempDir dir_;
  std::string before_ = std::getenv("PATH");
};

TEST(SystemInformation, ListsServicesTheFailedOnesFirst) {
  FakeProgram programs;
  // As systemd 252 prints them.
  programs.says("systemctl",
                "[ \"$LC_ALL\" = C.UTF-8 ] || exit 1\n"
                "echo '  cron.service loaded active running Regular background program processing daemon'\n"
                "echo '  display-manager.service not-found inactive dead display-manager.service'\n"
                "echo '  printer.service loaded failed failed Printer, of the 2nd floor'\n");
  const auto all = collect_system_information({"services"});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].items.size(), 2U);
  EXPECT_EQ(all[0].items[0].key, "printer.service");
  EXPECT_EQ(all[0].items[0].value, "failed, failed: Printer, of the 2nd floor");
  EXPECT_EQ(all[0].items[1].value, "active, running: Regular background program processing daemon");
}

TEST(SystemInformation, ShowsWarningsOfTheSystemsLog) {
  FakeProgram programs;
  programs.says("journalctl",
                "case \"$*\" in *--priority=warning*) ;; *) exit 1;; esac\n"
                "echo '2026-11-24T18:00:00+0000 pc kernel: usb 1-1: device not accepting address'\n"
                "echo '2026-11-24T18:00:00+0000 pc cupsd[77]: queue stopped'\n");
  const auto all = collect_system_information({"events"});
  EXPECT_EQ(value(all, "events", "2026-11-24T18:00:00+0000"), "kernel: usb 1-1: device not accepting address");
  EXPECT_EQ(value(all, "events", "2026-11-24T18:00:00+0000 (2)"), "cupsd[77]: queue stopped");
}

TEST(SystemInformation, ReadsATextLogWhereThereIsNoJournal) {
  FakeProgram programs;
  programs.says("journalctl", "exit 1\n");
  test::TempDir dir;
  std::filesystem::create_directories(dir / "var/log");
  {
    std::ofstream log(dir / "var/log/syslog");
    for (int i = 0; i < 5000; ++i) log << "Nov 24 18:00:00 pc test: line " << i << '\n';
  }
  const auto all = collect_system_information({"events"}, dir.path());
  ASSERT_EQ(all[0].items.size(), 100U);
  EXPECT_EQ(all[0].items.back().value, "Nov 24 18:00:00 pc test: line 4999");
  EXPECT_EQ(all[0].items.front().value, "Nov 24 18:00:00 pc test: line 4900");
}

TEST(SystemInformation, ProgramsThatHangOrFloodHoldNothingUp) {
  FakeProgram programs;
  programs.says("systemctl", "yes 'x.service loaded active running x'\n");
  programs.says("journalctl", "sleep 1000 & sleep 1000\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto all = collect_system_information({"services", "events"});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
  EXPECT_FALSE(value(all, "services", "not_available").empty());
  EXPECT_FALSE(value(all, "events", "not_available").empty());
}

TEST(SystemInformation, NamesWhoIsLoggedIn) {
  test::TempDir dir;
  std::filesystem::create_directories(dir / "run/systemd/sessions");
  // As systemd-logind writes them (sd-login(3)).
  std::ofstream(dir / "run/systemd/sessions/3")
      << "# This is private data. Do not parse.\nUID=1000\nUSER=ada\nACTIVE=1\nSTATE=active\nTYPE=x11\nDISPLAY=:0\n";
  std::ofstream(dir / "run/systemd/sessions/7")
      << "USER=root\nSTATE=online\nTYPE=tty\nTTY=pts/1\nREMOTE_HOST=192.0.2.7\n";
  const auto all = collect_system_information({"sessions"}, dir.path());
  EXPECT_EQ(value(all, "sessions", "session 3"), "ada, x11, display :0, active");
  EXPECT_EQ(value(all, "sessions", "session 7"), "root, tty, on pts/1, from 192.0.2.7, online");
}

TEST(SystemInformation, NamesHardwareDisksAndTheWayOut) {
  test::TempDir dir;
  const auto put = [&](const char* path, const char* text) {
    std::filesystem::create_directories((dir / path).parent_path());
    std::ofstream(dir / path) << text;
  };
  put("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");
  put("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
  put("sys/bus/pci/devices/0000:00:02.0/device", "0x9bc5\n");
  put("sys/class/drm/card0-HDMI-A-1/status", "connected\n");
  put("sys/block/sda/size", "1000\n");
  put("sys/block/sda/device/model", "TEST DISK  \n");
  put("sys/block/sda/queue/rotational", "1\n");
  put("proc/net/route",
      "Iface\tDestination\tGateway\neth0\t00000000\t0102A8C0\t0003\neth0\t0002A8C0\t00000000\t0001\n");
  put("etc/resolv.conf", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
  const auto all = collect_system_information({"hardware", "disks", "network"}, dir.path());
  EXPECT_EQ(value(all, "hardware", "graphics"), "0x8086 device 0x9bc5, driver none");
  EXPECT_EQ(value(all, "hardware", "screen"), "card0-HDMI-A-1");
  EXPECT_EQ(value(all, "disks", "device sda"), "TEST DISK, 512000 bytes, rotating");
  EXPECT_EQ(value(all, "network", "gateway"), "192.168.2.1 on eth0");
  EXPECT_EQ(value(all, "network", "name_server"), "192.0.2.1");
  EXPECT_EQ(value(all, "network", "name_server (2)"), "192.0.2.2");
}

TEST(SystemInformation, NamesTheHost) {
  auto names = host_names();
  EXPECT_FALSE(names.name.empty());
  EXPECT_FALSE(names.os.empty());
  EXPECT_FALSE(names.user.empty());
}

}  // namespace
}  // namespace rescue::applet
