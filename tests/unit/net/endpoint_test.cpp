// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

TEST(Endpoint, ReadsHostsAddressesAndPorts) {
  const auto name = Endpoint::parse("support.example:8443");
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, Endpoint("support.example", 8443));
  const auto six = Endpoint::parse("[::1]:443");
  ASSERT_TRUE(six);
  EXPECT_EQ(*six, Endpoint("::1", 443));
  EXPECT_EQ(six->text(), "[::1]:443");
  EXPECT_EQ(Endpoint("127.0.0.1", 0).text(), "127.0.0.1:0");
}

TEST(Endpoint, RefusesWhatIsNoEndpoint) {
  for (const auto* bad : {"", "host", "host:", ":80", "host:65536", "host:-1", "host:80x", "::1:80", "[::1]",
                          "[nope]:80", "a b:80", "a/b:80", "[]:80", "user@host:80"})
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(IpAddress, ComparesV4AndItsMappedForm) {
  const auto a = IpAddress::parse("192.0.2.7");
  const auto b = IpAddress::parse("::ffff:192.0.2.7");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(b->text(), "192.0.2.7");
  EXPECT_FALSE(IpAddress::parse("192.0.2.256"));
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_TRUE(IpAddress::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
}

TEST(IpPrefix, ContainsWhatItCovers) {
  struct Case {
    const char* prefix;
    const char* address;
    bool inside;
  };
  for (const auto& c : {Case{"10.0.0.0/8", "10.255.0.1", true}, Case{"10.0.0.0/8", "11.0.0.1", false},
                        Case{"192.0.2.128/25", "192.0.2.127", false}, Case{"192.0.2.128/25", "192.0.2.200", true},
                        Case{"2001:db8::/33", "2001:db8:7fff::1", true},
                        Case{"2001:db8::/33", "2001:db8:8000::1", false}, Case{"127.0.0.1", "127.0.0.1", true},
                        Case{"127.0.0.1", "127.0.0.2", false}, Case{"0.0.0.0/0", "203.0.113.9", true},
                        Case{"0.0.0.0/0", "2001:db8::1", false}, Case{"::/0", "2001:db8::1", true}}) {
    const auto p = IpPrefix::parse(c.prefix);
    ASSERT_TRUE(p) << c.prefix;
    EXPECT_EQ(p->contains(*IpAddress::parse(c.address)), c.inside) << c.prefix << ' ' << c.address;
  }
  for (const auto* bad : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8"})
    EXPECT_FALSE(IpPrefix::parse(bad)) << bad;
  EXPECT_EQ(IpPrefix::parse("10.0.0.0/8")->text(), "10.0.0.0/8");
}

}  // namespace rescue::net
