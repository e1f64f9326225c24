// SPDX-License-Identifier: Apache-2.0
#include "net/uri.hpp"

#include <gtest/gtest.h>

#include "net/http_client.hpp"

namespace rescue::net {

TEST(Target, IsDecodedByParts) {
  const auto t = parse_target("/api/v1/users/a%40b%2Fc?limit=2&q=x+y%2B&empty");
  ASSERT_TRUE(t) << t.error().message();
  EXPECT_EQ(t->raw_path, "/api/v1/users/a%40b%2Fc");
  EXPECT_EQ(t->path, "/api/v1/users/a@b/c");
  const std::vector<std::pair<std::string, std::string>> expected{{"limit", "2"}, {"q", "x y+"}, {"empty", ""}};
  EXPECT_EQ(t->query, expected);
}

TEST(Target, TakesTheAbsoluteFormOfProxies) {
  const auto t = parse_target("http://host:80/a?b=c");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->path, "/a");
  EXPECT_EQ(parse_target("https://host")->raw_path, "/");
}

TEST(Target, RefusesWhatIsNoText) {
  for (const auto* bad :
       {"", "*", "a", "/%", "/%2", "/%zz", "/%00", "/%ff", "/?a=%c0%80", "/a b", "/\x01", "//[", "host:443"})
    EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(Component, SurvivesEncodingAndDecoding) {
  const std::string all = "a/b?c=d&e f+ä%\x7f";
  EXPECT_EQ(*decode_component(encode_component(all)), all);
  EXPECT_EQ(encode_component("a@b.c"), "a%40b.c");
  EXPECT_EQ(encode_query({{"a", "1"}, {"b c", "d&e"}}), "?a=1&b%20c=d%26e");
  EXPECT_EQ(encode_query({}), "");
}

TEST(Origin, ReadsSiteAddresses) {
  const auto o = Origin::parse("https://support.example:8443/rescue/");
  ASSERT_TRUE(o);
  EXPECT_EQ(o->host, "support.example");
  EXPECT_EQ(o->port, 8443);
  EXPECT_EQ(o->base_path, "/rescue");
  EXPECT_EQ(o->text(), "https://support.example:8443/rescue");
  EXPECT_EQ(Origin::parse("https://[::1]")->host_header(), "[::1]");
  EXPECT_EQ(Origin::parse("http://h")->port, 80);
  for (const auto* bad : {"", "support.example", "ftp://h", "https://", "https://u:p@h", "https://h/?q", "https://h/#f",
                          "https://h:99999"})
    EXPECT_FALSE(Origin::parse(bad)) << bad;
}

TEST(Proxy, ComesFromTheEnvironmentAsCurlReadsIt) {
  std::map<std::string, std::string, std::less<>> env;
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto it = env.find(name);
    return it == env.end() ? std::nullopt : std::optional(it->second);
  };
  const auto site = *Origin::parse("https://broker.example.org");
  EXPECT_FALSE(*proxy_from_environment(site, lookup));
  env["HTTPS_PROXY"] = "http://ada:se%63ret@proxy.example:3128";
  auto p = proxy_from_environment(site, lookup);
  ASSERT_TRUE(p && *p);
  EXPECT_EQ((*p)->proxy, Endpoint("proxy.example", 3128));
  EXPECT_EQ((*p)->authorization, "Basic YWRhOnNlY3JldA==");
  env["https_proxy"] = "lower.example";  // wins, and needs no scheme
  p = proxy_from_environment(site, lookup);
  ASSERT_TRUE(p && *p);
  EXPECT_EQ((*p)->proxy, Endpoint("lower.example", 1080));
  for (const auto* list : {"*", "example.org", ".example.org", "localhost, broker.example.org"}) {
    env["no_proxy"] = list;
    EXPECT_FALSE(*proxy_from_environment(site, lookup)) << list;
  }
  env["no_proxy"] = "ample.org,other";
  EXPECT_TRUE(*proxy_from_environment(site, lookup));
  env["https_proxy"] = "socks5://h:1";
  EXPECT_FALSE(proxy_from_environment(site, lookup));
}

}  // namespace rescue::net
