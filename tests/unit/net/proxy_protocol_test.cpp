// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_protocol.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

namespace {

ProxiedPeer peer(const char* from, const char* to) {
  ProxiedPeer p;
  p.source = *IpAddress::parse(from);
  p.source_port = 56324;
  p.destination = *IpAddress::parse(to);
  p.destination_port = 443;
  return p;
}

base::Result<std::optional<ProxiedPeer>> parse(const base::Bytes& b) {
  const base::ByteView all(b);
  return parse_proxy_header(all.first(kProxyFixedSize), all.subspan(kProxyFixedSize));
}

}  // namespace

TEST(ProxyHeader, HasTheDocumentedBytes) {
  // Section 2.2 of proxy-protocol.txt: signature, 0x21, 0x11, length 12, addresses, ports.
  EXPECT_EQ(base::to_hex(write_proxy_header(peer("192.0.2.1", "198.51.100.2"))),
            "0d0a0d0a000d0a515549540a"
            "21"
            "11"
            "000c"
            "c0000201"
            "c6336402"
            "dc04"
            "01bb");
  EXPECT_EQ(base::to_hex(write_proxy_header(peer("2001:db8::1", "192.0.2.9"))).substr(24, 8), "21210024");
}

TEST(ProxyHeader, SurvivesARoundTrip) {
  for (const auto* from : {"192.0.2.1", "2001:db8::1"}) {
    const auto back = parse(write_proxy_header(peer(from, "192.0.2.9")));
    ASSERT_TRUE(back && *back);
    EXPECT_EQ((*back)->source.text(), from);
    EXPECT_EQ((*back)->source_port, 56324);
  }
}

TEST(ProxyHeader, TakesTheSocketsAddressForLocalAndUnknownFamilies) {
  auto b = write_proxy_header(peer("192.0.2.1", "192.0.2.2"));
  auto local = b;
  local[12] = 0x20;
  EXPECT_FALSE(*parse(local));
  auto unspecified = b;
  unspecified[13] = 0x00;
  EXPECT_FALSE(*parse(unspecified));
}

TEST(ProxyHeader, RefusesDamage) {
  const auto good = write_proxy_header(peer("192.0.2.1", "192.0.2.2"));
  for (std::size_t i = 0; i < 13; ++i) {
    auto b = good;
    b[i] ^= 0x40;
    EXPECT_FALSE(parse(b)) << i;
  }
  auto long_one = good;
  long_one[14] = 0xFF;
  EXPECT_EQ(proxy_rest_size(base::ByteView(long_one).first(kProxyFixedSize)).error().code, base::Errc::too_large);
  auto short_one = good;
  short_one[15] = 11;
  short_one.pop_back();
  EXPECT_FALSE(parse(short_one));
  EXPECT_FALSE(proxy_rest_size(base::ByteView(good).first(15)));
}

}  // namespace rescue::net
