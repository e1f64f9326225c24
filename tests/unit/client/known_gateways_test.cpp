// SPDX-License-Identifier: Apache-2.0
#include "client/known_gateways.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <sys/stat.h>

#include "support/temp_dir.hpp"

namespace rescue::client {
namespace {

peer::Admission admission() {
  peer::Admission a;
  a.ticket = base::Bytes(40, 7);
  a.gateway_ca_pin[0] = 0xab;
  a.gateways.emplace_back("one", net::Endpoint("gw1.example.org", 443));
  a.gateways.emplace_back("two", net::Endpoint("192.0.2.7", 8443));
  return a;
}
std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

}  // namespace

TEST(KnownGateways, ComeBackAsTheSiteNamedThem) {
  test::TempDir dir;
  const auto file = known_gateways_file(dir.path(), "https://support.example.org");
  EXPECT_FALSE(read_known_gateways(file));
  write_known_gateways(file, admission());
  const auto known = read_known_gateways(file);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->ca_pin, admission().gateway_ca_pin);
  ASSERT_EQ(known->gateways.size(), 2U);
  EXPECT_EQ(known->gateways[1].id, "two");
  EXPECT_EQ(known->gateways[1].at.text(), "192.0.2.7:8443");
  // Another site has a file of its own.
  EXPECT_FALSE(read_known_gateways(known_gateways_file(dir.path(), "https://support.example.com")));
}

TEST(KnownGateways, HoldNoSecretAndAreNobodyElsesBusiness) {
  test::TempDir dir;
  const auto file = dir.path() / "sub" / "known.json";
  write_known_gateways(file, admission());
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(content(file).find(base::to_base64url(admission().ticket)), std::string::npos);
}

TEST(KnownGateways, NewestListReplacesTheOldAndOnlyAFewAreKept) {
  test::TempDir dir;
  const auto file = dir.path() / "known.json";
  write_known_gateways(file, admission());
  auto many = admission();
  for (int i = 0; i < 60; ++i) many.gateways.emplace_back(std::to_string(i), net::Endpoint("192.0.2.1", 443));
  write_known_gateways(file, many);
  const auto known = read_known_gateways(file);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->gateways.size(), 8U);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 1U) << "nothing half-written is left";
}

TEST(KnownGateways, AFileOfAnotherMakingIsAsGoodAsNone) {
  test::TempDir dir;
  const auto file = dir.path() / "known.json";
  write_known_gateways(file, admission());
  const auto good = content(file);
  const auto with = [&](std::string_view from, std::string_view to) {
    auto text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return text;
  };
  for (const auto& bad : {std::string(), std::string("[]"), std::string("{"), good.substr(0, good.size() / 2),
                          with("8443", "0"), with("8443", "65536"), with("8443", "\"8443\""), with("192.0.2.7", ""),
                          with("192.0.2.7", std::string(300, 'a')), with("ab00", "zz00"), with("ab00", "ab"),
                          with("gateways", "doorways"), std::string(70'000, ' ') + good}) {
    put(file, bad);
    EXPECT_FALSE(read_known_gateways(file)) << bad.substr(0, 200);
  }
  put(file, good);
  EXPECT_TRUE(read_known_gateways(file));
  // Not through a link that somebody laid, and not a folder.
  std::filesystem::create_symlink(file, dir.path() / "link.json");
  EXPECT_FALSE(read_known_gateways(dir.path() / "link.json"));
  EXPECT_FALSE(read_known_gateways(dir.path()));
}

TEST(KnownGateways, ADiskThatTakesNothingIsNoError) {
  test::TempDir dir;
  put(dir.path() / "file", "x");
  const auto file = dir.path() / "file" / "known.json";
  write_known_gateways(file, admission());
  EXPECT_FALSE(read_known_gateways(file));
}

}  // namespace rescue::client
