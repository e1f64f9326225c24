// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/site_state.hpp"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/errors.hpp"
#include "support/temp_dir.hpp"

namespace rescue::broker {
namespace {
namespace fs = std::filesystem;

const base::WallTime kNow{std::chrono::seconds(1'790'000'000)};

base::Result<SiteState> open(const fs::path& folder, base::WallTime now = kNow, std::vector<std::string> hosts = {}) {
  return open_site(folder, hosts, base::system_random(), now);
}

TEST(SiteState, IsTheSameAfterReopening) {
  test::TempDir dir;
  const auto first = open(dir / "a");
  ASSERT_TRUE(first) << first.error().message();
  const auto second = open(dir / "a");
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(first->ca_pin(), second->ca_pin());
  EXPECT_EQ(first->token_key.fingerprint(), second->token_key.fingerprint());
  EXPECT_TRUE(std::ranges::equal(first->secret.view(), second->secret.view()));
  EXPECT_EQ(second->server.chain.size(), 2U);
}

TEST(SiteState, KeepsEverySecretFromOthers) {
  test::TempDir dir;
  ASSERT_TRUE(open(dir / "a"));
  for (const auto* name : {"ca.key", "broker.key", "token.key", "site.secret"}) {
    struct stat st {};
    ASSERT_EQ(::stat((dir / "a" / name).c_str(), &st), 0) << name;
    EXPECT_EQ(st.st_mode & 0777, 0600U) << name;
  }
  fs::permissions(dir / "a" / "token.key", fs::perms(0640));
  const auto exposed = open(dir / "a");
  ASSERT_FALSE(exposed);
  EXPECT_EQ(exposed.error().code, crypto::Errc::file_exposed);
}

/// Runs open_site in a process that is killed when it writes byte `limit` of any file.
bool dies_at_byte(const fs::path& folder, rlim_t limit) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0}, bytes{limit, limit};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGXFSZ, SIG_DFL);
    ::setrlimit(RLIMIT_FSIZE, &bytes);
    ::_exit(open(folder) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ;
}

TEST(SiteState, StartsAgainAfterItWasKilledAtAnyByteOfItsFirstStart) {
  for (const rlim_t limit : {0, 1, 31, 100, 200, 300, 500, 700, 1000}) {
    test::TempDir dir;
    const auto folder = dir / "a";
    ASSERT_TRUE(dies_at_byte(folder, limit)) << limit << ": no file was that long";
    const auto again = open(folder);
    EXPECT_TRUE(again) << "killed at byte " << limit << ": " << (again ? "" : again.error().message());
  }
}

TEST(SiteState, RefusesACertificateWithoutItsKey) {
  test::TempDir dir;
  ASSERT_TRUE(open(dir / "a"));
  fs::remove(dir / "a" / "ca.key");
  EXPECT_FALSE(open(dir / "a")) << "a new authority would lock out every client";
}

TEST(SiteState, MakesNoSecretAnewThatADatabaseDependsOn) {
  test::TempDir dir;
  const auto first = open(dir / "a");
  ASSERT_TRUE(first);
  std::ofstream(dir / "a" / "rescue.db") << "x";
  for (const auto* name : {"ca.key", "token.key", "site.secret"}) {
    fs::rename(dir / "a" / name, dir / name);
    const auto refused = open(dir / "a");
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, base::Errc::not_found) << name;
    EXPECT_FALSE(fs::exists(dir / "a" / name));
    fs::rename(dir / name, dir / "a" / name);
  }
  fs::rename(dir / "a" / "token.key", dir / "a" / "token.key.old");
  EXPECT_TRUE(open(dir / "a")) << "that is how the token key is replaced";
}

TEST(SiteState, RefusesAFolderThatOthersMayWriteTo) {
  test::TempDir dir;
  ASSERT_TRUE(open(dir / "a"));
  for (const auto mode : {0777U, 0770U, 0702U}) {
    fs::permissions(dir / "a", fs::perms(mode));
    const auto refused = open(dir / "a");
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().code, base::Errc::denied);
  }
  fs::permissions(dir / "a", fs::perms(0755));
  EXPECT_TRUE(open(dir / "a"));
}

TEST(SiteState, RefusesFilesOfTwoSites) {
  test::TempDir dir;
  ASSERT_TRUE(open(dir / "a"));
  ASSERT_TRUE(open(dir / "b"));
  fs::copy_file(dir / "b" / "ca.key", dir / "a" / "ca.key", fs::copy_options::overwrite_existing);
  const auto mixed = open(dir / "a");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, base::Errc::verification_failed);
}

TEST(SiteState, RenewsTheServerCertificateBeforeItEnds) {
  test::TempDir dir;
  const auto first = open(dir / "a", kNow, {"support.example.org", "192.0.2.7"});
  ASSERT_TRUE(first);
  const auto end = first->server.chain.front().not_after();
  const auto early = open(dir / "a", end - std::chrono::days(60));
  ASSERT_TRUE(early);
  EXPECT_EQ(early->server.chain.front().der(), first->server.chain.front().der());
  const auto due = open(dir / "a", end - std::chrono::days(10));
  ASSERT_TRUE(due) << due.error().message();
  EXPECT_GT(due->server.chain.front().not_after(), end);
  EXPECT_EQ(due->server.key.fingerprint(), first->server.key.fingerprint());
  EXPECT_EQ(due->ca_pin(), first->ca_pin());
}

TEST(SiteState, KnowsACertificateOfAnotherAuthorityAndLeavesItAlone) {
  test::TempDir dir;
  const auto own = open(dir / "a");
  const auto other = open(dir / "b");
  ASSERT_TRUE(own && other);
  EXPECT_TRUE(certified_by_site(own->server, own->ca));
  for (const auto* name : {"broker.key", "broker.pem"})
    fs::copy_file(dir / "b" / name, dir / "a" / name, fs::copy_options::overwrite_existing);
  const auto late = own->server.chain.front().not_after() - std::chrono::days(1);
  const auto with_other = open(dir / "a", late);
  ASSERT_TRUE(with_other) << with_other.error().message();
  EXPECT_FALSE(certified_by_site(with_other->server, with_other->ca));
  EXPECT_EQ(with_other->server.chain.front().fingerprint(), other->server.chain.front().fingerprint());
  EXPECT_EQ(with_other->server.chain.front().not_after(), other->server.chain.front().not_after()) << "not renewed";
}

TEST(SiteState, AnnouncesTheOldTokenKeyWhileItIsKept) {
  test::TempDir dir;
  const auto first = open(dir / "a");
  ASSERT_TRUE(first);
  fs::rename(dir / "a" / "token.key", dir / "a" / "token.key.old");
  const auto rotated = open(dir / "a");
  ASSERT_TRUE(rotated) << rotated.error().message();
  ASSERT_EQ(rotated->token_keys.size(), 2U);
  EXPECT_EQ(rotated->token_keys[0].fingerprint(), rotated->token_key.fingerprint());
  EXPECT_EQ(rotated->token_keys[1].fingerprint(), first->token_key.fingerprint());
}

}  // namespace
}  // namespace rescue::broker
