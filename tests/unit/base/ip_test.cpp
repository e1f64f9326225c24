// SPDX-License-Identifier: Apache-2.0
#include "base/ip.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace rescue::base {
namespace {

IpAddress at(std::string_view text) { return IpAddress::parse(text).value(); }
IpPrefix net(std::string_view text) { return IpPrefix::parse(text).value(); }
NetworkRule rule(const std::vector<std::string>& list) { return NetworkRule::parse(list).value(); }
using Texts = std::vector<std::string>;

TEST(IpPrefix, AnIpv6NetworkHoldsNoIpv4Address) {
  EXPECT_TRUE(net("::/0").contains(at("2001:db8::1")));
  EXPECT_FALSE(net("::/0").contains(at("203.0.113.9")));
  EXPECT_FALSE(net("::/0").contains(at("::ffff:203.0.113.9")));
  EXPECT_FALSE(net("::/0").covers(net("10.0.0.0/8")));
  EXPECT_TRUE(net("0.0.0.0/0").contains(at("203.0.113.9")));
  EXPECT_FALSE(net("0.0.0.0/0").contains(at("2001:db8::1")));
  EXPECT_FALSE(net("0.0.0.0/0").contains(at("::1")));
}

TEST(IpPrefix, TheMappedFormIsTheIpv4Network) {
  EXPECT_EQ(net("::ffff:10.0.0.0/104"), net("10.0.0.0/8"));
  EXPECT_EQ(net("::ffff:0:0/96").text(), "0.0.0.0/0");
  EXPECT_EQ(net("::ffff:10.1.2.3").text(), "10.1.2.3/32");
  EXPECT_TRUE(net("10.0.0.0/8").contains(at("::ffff:10.9.9.9")));
}

TEST(IpPrefix, DropsOrRefusesBitsBehindThePrefix) {
  EXPECT_EQ(net("10.1.2.3/8").text(), "10.0.0.0/8");
  EXPECT_EQ(net("2001:db8::1/33").text(), "2001:db8::/33");
  EXPECT_EQ(net("10.1.2.3/31").text(), "10.1.2.2/31");
  for (const auto* exact : {"10.0.0.0/8", "10.1.2.3/32", "10.1.2.3", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1"})
    EXPECT_TRUE(IpPrefix::parse_exact(exact)) << exact;
  const auto refused = IpPrefix::parse_exact("10.1.2.3/8");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("10.0.0.0/8"), std::string::npos) << refused.error().message();
  EXPECT_FALSE(IpPrefix::parse_exact("2001:db8::1/64"));
  EXPECT_FALSE(IpPrefix::parse_exact("0.0.0.1/0"));
}

TEST(IpPrefix, RefusesWhatIsNone) {
  for (const auto* bad : {"",
                          "/",
                          "/8",
                          "10",
                          "10.0.0",
                          "10.0.0.0.0/8",
                          "10.0.0.0/33",
                          "::/129",
                          "10.0.0.0/",
                          "10.0.0.0/x",
                          "10.0.0.0/-1",
                          "10.0.0.0/+8",
                          "10.0.0.0/8/8",
                          " 10.0.0.0/8",
                          "10.0.0.0/8 ",
                          "10.0.0.0 /8",
                          "010.0.0.0/8",
                          "0x0a.0.0.0/8",
                          "fe80::1%lo/64",
                          "[::1]/128",
                          "10.0.0.0/4294967304",
                          "office",
                          "10.0.0.0-10.0.0.9",
                          "*"})
    EXPECT_FALSE(IpPrefix::parse(bad)) << bad;
  EXPECT_FALSE(IpPrefix::parse(std::string_view("10.0.0.0/8\0", 11)));
}

TEST(NetworkRule, AnEmptyListIsFromAnywhere) {
  EXPECT_FALSE(rule({}).restricts());
  for (const auto* a : {"203.0.113.9", "2001:db8::1", "::", "0.0.0.0"}) EXPECT_TRUE(rule({}).allows(at(a))) << a;
}

TEST(NetworkRule, AllowsWhatOneOfItsNetworksHolds) {
  const auto r = rule({"192.0.2.128/25", "203.0.113.9", "2001:db8:1::/48"});
  for (const auto* a : {"192.0.2.128", "192.0.2.255", "203.0.113.9", "::ffff:203.0.113.9", "2001:db8:1:ffff::1"})
    EXPECT_TRUE(r.allows(at(a))) << a;
  for (const auto* a : {"192.0.2.127", "192.0.3.0", "203.0.113.8", "2001:db8:2::1", "::203.0.113.9", "::1"})
    EXPECT_FALSE(r.allows(at(a))) << a;
}

TEST(NetworkRule, KeepsNoEntryTwiceAndNoneThatAnotherCovers) {
  EXPECT_EQ(rule({"10.1.0.0/16", "10.0.0.0/8", "::1", "10.0.0.0/8", "10.0.0.7"}).texts(),
            (Texts{"::1/128", "10.0.0.0/8"}));
}

TEST(NetworkRule, ARuleOfSeveralListsAllowsWhatAllOfThemDo) {
  const auto site = rule({"10.0.0.0/8", "2001:db8::/32"});
  const auto group = rule({"10.1.0.0/16", "10.2.0.0/16", "192.0.2.0/24"});
  const auto person = rule({"10.1.2.3", "192.0.2.1"});
  EXPECT_EQ(site.both(group).texts(), (Texts{"10.1.0.0/16", "10.2.0.0/16"}));
  EXPECT_EQ(site.both(group).both(person).texts(), Texts{"10.1.2.3/32"});
  EXPECT_EQ(site.both({}), site);
  EXPECT_EQ(NetworkRule().both(site), site);
  const auto nowhere = group.both(rule({"2001:db8::/32"}));
  EXPECT_TRUE(nowhere.restricts());
  EXPECT_FALSE(nowhere.allows(at("10.1.0.1")));
  EXPECT_FALSE(nowhere.both({}).allows(at("10.1.0.1")));
  EXPECT_FALSE(nowhere.both(group).allows(at("10.1.0.1")));
}

TEST(NetworkRule, BothAgreesWithAskingEachOfRandomLists) {
  SeededRandom random(4);
  const auto some = [&] {
    std::vector<std::string> list;
    for (std::uint64_t n = 1 + random.u64() % 5; n > 0; --n)
      list.push_back(
          IpPrefix::parse(fmt::format("10.0.{}.{}/{}", random.u64() % 3, random.u64() % 256, 20 + random.u64() % 13))
              ->text());
    return rule(list);
  };
  for (int i = 0; i < 200; ++i) {
    const auto a = some(), b = some(), both = a.both(b);
    EXPECT_EQ(both, b.both(a));
    EXPECT_EQ(NetworkRule::unpack(both.packed()).value(), both);
    for (int k = 0; k < 50; ++k) {
      const auto who = at(fmt::format("10.0.{}.{}", random.u64() % 4, random.u64() % 256));
      ASSERT_EQ(both.allows(who), a.allows(who) && b.allows(who)) << who.text();
    }
  }
}

TEST(NetworkRule, RefusesListsThatAreTooLongOrWrong) {
  std::vector<std::string> list(kMaxNetworks, "10.0.0.0/8");
  EXPECT_TRUE(NetworkRule::parse(list));
  list.emplace_back("10.0.0.0/8");
  EXPECT_EQ(NetworkRule::parse(list).error().code, Errc::too_large);
  EXPECT_EQ(NetworkRule::parse(Texts{"10.0.0.0/8", "10.0.0.1/8"}).error().code, Errc::bad_format);
}

TEST(NetworkRule, UnpacksOnlyWholeEntriesOfSaneLength) {
  EXPECT_FALSE(NetworkRule::unpack({})->allows(at("10.0.0.1")));
  auto bytes = rule({"10.0.0.0/8", "2001:db8::/32"}).packed();
  EXPECT_EQ(bytes.size(), 2 * kPackedNetwork);
  EXPECT_TRUE(NetworkRule::unpack(bytes)->allows(at("10.0.0.1")));
  EXPECT_FALSE(NetworkRule::unpack(ByteView(bytes).first(bytes.size() - 1)));
  bytes.back() = 129;
  EXPECT_FALSE(NetworkRule::unpack(bytes));
  EXPECT_FALSE(NetworkRule::unpack(Bytes((3 * kMaxNetworks + 1) * kPackedNetwork)));
}

}  // namespace
}  // namespace rescue::base
