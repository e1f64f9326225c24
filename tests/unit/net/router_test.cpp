// SPDX-License-Identifier: Apache-2.0
#include "net/router.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

namespace {

boost::asio::awaitable<HttpResponse> nothing(HttpRequest&) { co_return HttpResponse(204); }

Router sample() {
  Router r;
  r.http(Method::get, "/users", nothing);
  r.http(Method::post, "/users", nothing);
  r.http(Method::get, "/users/{id}", nothing);
  r.http(Method::get, "/users/me", nothing);
  r.http(Method::post, "/users/{id}/disable", nothing);
  r.http(Method::get, "/files/{path...}", nothing);
  r.http(Method::get, "/", nothing);
  return r;
}

std::string found(const Router& r, Method m, std::string_view path) {
  const auto match = r.match(m, path);
  return match.route == nullptr ? "" : match.route->pattern;
}

}  // namespace

TEST(Router, PrefersLiteralsAndDecodesParameters) {
  const auto r = sample();
  EXPECT_EQ(found(r, Method::get, "/users"), "/users");
  EXPECT_EQ(found(r, Method::get, "/users/me"), "/users/me");
  EXPECT_EQ(found(r, Method::get, "/users/m%65"), "/users/me");
  EXPECT_EQ(found(r, Method::get, "/"), "/");
  const auto m = r.match(Method::get, "/users/a%40b%2Fc");
  ASSERT_NE(m.route, nullptr);
  EXPECT_EQ(m.route->pattern, "/users/{id}");
  EXPECT_EQ(m.params.at("id"), "a@b/c");
  const auto rest = r.match(Method::get, "/files/a/b%20c");
  ASSERT_NE(rest.route, nullptr);
  EXPECT_EQ(rest.params.at("path"), "a/b c");
}

TEST(Router, TellsAnUnknownPathFromAWrongMethod) {
  const auto r = sample();
  for (const auto* path : {"/nothing", "/users/", "/users//disable", "/users/x/y", "", "users", "/users/%ff"}) {
    const auto m = r.match(Method::get, path);
    EXPECT_EQ(m.route, nullptr) << path;
  }
  const auto wrong = r.match(Method::del, "/users");
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_TRUE(wrong.path_known);
  EXPECT_EQ(wrong.allow, "GET, POST");
  EXPECT_FALSE(r.match(Method::del, "/nothing").path_known);
}

TEST(Router, ServesHeadByGet) {
  const auto r = sample();
  EXPECT_EQ(found(r, Method::head, "/users"), "/users");
  EXPECT_EQ(found(r, Method::head, "/users/7/disable"), "");
}

}  // namespace rescue::net
