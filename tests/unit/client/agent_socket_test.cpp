// SPDX-License-Identifier: Apache-2.0
#include "client/agent_socket.hpp"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support/temp_dir.hpp"

namespace rescue::client {
namespace {
namespace fs = std::filesystem;

unsigned mode_of(const fs::path& p) {
  struct stat info {};
  return ::lstat(p.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

TEST(AgentDir, IsMadeForThisUserAlone) {
  test::TempDir dir;
  const auto made = agent_dir(dir.path().string()).value();
  EXPECT_EQ(made, dir.path() / "rescue");
  EXPECT_EQ(mode_of(made), 0700U);
  EXPECT_TRUE(agent_dir(dir.path().string()));
}

TEST(AgentDir, RefusesAFolderThatOthersCanEnterOrAPlantedLink) {
  test::TempDir open_to_all, linked;
  fs::create_directory(open_to_all / "rescue");
  fs::permissions(open_to_all / "rescue", fs::perms::all);
  EXPECT_EQ(agent_dir(open_to_all.path().string()).error().code, base::Errc::denied);
  fs::create_directory(linked / "elsewhere");
  fs::permissions(linked / "elsewhere", fs::perms::owner_all);
  fs::create_directory_symlink(linked / "elsewhere", linked / "rescue");
  EXPECT_EQ(agent_dir(linked.path().string()).error().code, base::Errc::denied);
}

/// Makes `folder` another user's for the calling process: root gives it away; anybody else sees root's home in its
/// place, in a namespace in which root is nobody. False when the system allows neither.
bool give_away(const fs::path& folder) {
  if (::geteuid() == 0) return ::chown(folder.c_str(), 12345, 12345) == 0;
  const auto me = ::geteuid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/uid_map") << "0 " << me << " 1\n";
  return ::mount("/root", folder.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

TEST(AgentDir, RefusesAnotherUsersFolder) {
  test::TempDir dir;
  fs::create_directory(dir / "rescue");
  fs::permissions(dir / "rescue", fs::perms::owner_all);
  ASSERT_TRUE(agent_dir(dir.path().string()));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!give_away(dir / "rescue")) ::_exit(2);
    const auto given = agent_dir(dir.path().string());
    ::_exit(!given && given.error().code == base::Errc::denied ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << (WEXITSTATUS(status) == 2
                                            ? "neither root nor allowed to make a user namespace (user_namespaces(7))"
                                            : "another user's folder was taken");
}

TEST(AgentListener, HasAPrivateSocketAndNoRival) {
  test::TempDir dir;
  const auto path = agent_socket_path(dir.path(), "s").value();
  {
    const auto listener = AgentListener::open(path).value();
    EXPECT_EQ(mode_of(path) & 0777, 0600U);
    EXPECT_EQ(AgentListener::open(path).error().code, base::Errc::conflict);
    EXPECT_TRUE(connect_agent(path));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(connect_agent(path).error().code, base::Errc::not_found);
}

TEST(AgentListener, ReplacesTheSocketOfADeadProcess) {
  test::TempDir dir;
  const auto path = agent_socket_path(dir.path(), "s").value();
  {
    auto listener = AgentListener::open(path).value();
    const auto kept = dir / "kept";
    fs::create_hard_link(path, kept);  // what a SIGKILL leaves behind
    listener = AgentListener::open(agent_socket_path(dir.path(), "other").value()).value();
    fs::rename(kept, path);
  }
  fs::remove(path.string() + ".lock");
  EXPECT_EQ(connect_agent(path).error().code, base::Errc::not_found);
  const auto listener = AgentListener::open(path);
  ASSERT_TRUE(listener) << listener.error().message();
  EXPECT_TRUE(connect_agent(path));
}

TEST(AgentSocketPath, NamesAPathThatIsTooLong) {
  const auto error = agent_socket_path("/tmp/" + std::string(100, 'x'), "0f8fad5b-d9cb-469f-a165-70867728950e").error();
  EXPECT_EQ(error.code, base::Errc::too_large);
}

TEST(LineBuffer, CutsLinesAndDropsThoseThatAreTooLong) {
  LineBuffer b(5);
  b.add("one\r\ntw");
  EXPECT_EQ(b.next().value(), "one");
  EXPECT_FALSE(b.next().value().has_value());
  b.add("o\n\n");
  EXPECT_EQ(b.next().value(), "two");
  EXPECT_EQ(b.next().value(), "");
  b.add("1234567");
  EXPECT_EQ(b.next().error().code, base::Errc::too_large);
  b.add("89");
  EXPECT_FALSE(b.next().value().has_value());
  b.add("0\nnext\nrest");
  EXPECT_EQ(b.next().value(), "next");
  EXPECT_FALSE(b.next().value().has_value());
  EXPECT_EQ(b.rest(), "rest");
}

}  // namespace
}  // namespace rescue::client
