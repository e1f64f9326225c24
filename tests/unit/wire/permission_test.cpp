// SPDX-License-Identifier: Apache-2.0
#include "wire/permission.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rescue::wire {
namespace {

TEST(Permission, ThereAreThirteenAndTheirNumbersAndNamesAreFixed) {
  const char* names[] = {"remote_control", "desktop_view",     "send_files",          "receive_files",
                         "file_manager",   "send_urls",        "system_information",  "reboot",
                         "record_session", "private_sessions", "windows_credentials", "clipboard_sync",
                         "deploy_scripts"};
  ASSERT_EQ(std::size(names), kPermissionCount);
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < kPermissionCount; ++i) {
    const auto p = permission_from_wire(static_cast<std::uint32_t>(i));
    ASSERT_TRUE(p);
    EXPECT_EQ(name(*p), names[i]);
    EXPECT_EQ(parse_permission(names[i]), *p);
    EXPECT_TRUE(texts.insert(what_it_allows(*p)).second) << "each prompt says something else";
  }
  EXPECT_FALSE(permission_from_wire(kPermissionCount));
  EXPECT_FALSE(permission_from_wire(UINT32_MAX));
  EXPECT_FALSE(parse_permission("root"));
}

TEST(PermissionSet, RoundTripsThroughText) {
  for (std::uint32_t bits = 0; bits < (1u << kPermissionCount); ++bits) {
    const auto set = PermissionSet::from_bits(bits);
    const auto parsed = PermissionSet::parse(set.text());
    ASSERT_TRUE(parsed) << set.text();
    ASSERT_EQ(parsed->bits(), bits);
  }
  EXPECT_EQ(*PermissionSet::parse("all"), PermissionSet::all());
  EXPECT_EQ(PermissionSet().text(), "none");
}

TEST(PermissionSet, RefusesTextItDoesNotKnow) {
  for (const char* bad : {"", "root", "desktop_view,", ",desktop_view", "desktop_view,desktop_view", "Desktop_View",
                          "desktop_view remote_control", "none,desktop_view"})
    EXPECT_FALSE(PermissionSet::parse(bad)) << bad;
}

TEST(PermissionSet, DropsBitsThisBuildDoesNotKnow) {
  EXPECT_EQ(PermissionSet::from_bits(UINT32_MAX), PermissionSet::all());
  EXPECT_EQ(PermissionSet::from_bits(1u << 13), PermissionSet());
}

TEST(PermissionSet, CountsAsSetsDo) {
  using enum Permission;
  const PermissionSet a{desktop_view, remote_control};
  const PermissionSet b{desktop_view, send_files};
  EXPECT_EQ((a & b), PermissionSet{desktop_view});
  EXPECT_EQ((a | b), (PermissionSet{desktop_view, remote_control, send_files}));
  EXPECT_EQ((a - b), PermissionSet{remote_control});
  EXPECT_TRUE(a.has_all({desktop_view}));
  EXPECT_FALSE(a.has_all(b));
}

}  // namespace
}  // namespace rescue::wire
