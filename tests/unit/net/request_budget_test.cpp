// SPDX-License-Identifier: Apache-2.0
#include "net/impl/request_budget.hpp"

#include <gtest/gtest.h>

namespace rescue::net {
namespace {

using Verdict = RequestBudget::Verdict;
constexpr std::size_t kKib = 1024;

IpAddress at(std::string_view text) { return *IpAddress::parse(text); }

TEST(RequestBudget, GivesBackWhatARequestHeld) {
  RequestBudget budget({64 * kKib, 32 * kKib});
  {
    RequestBudget::Share share(budget, at("192.0.2.1"));
    EXPECT_EQ(share.grow_to(kUncountedRequest), Verdict::ok);
    EXPECT_EQ(budget.used(), 0u) << "every connection has that much";
    EXPECT_EQ(share.grow_to(10 * kKib), Verdict::ok);
    EXPECT_EQ(share.grow_to(3 * kKib), Verdict::ok) << "less than it has";
    EXPECT_EQ(budget.used(), 12 * kKib);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(RequestBudget, LimitsOneAddressAndLeavesTheRestToOthers) {
  RequestBudget budget({64 * kKib, 32 * kKib});
  RequestBudget::Share first(budget, at("192.0.2.1")), second(budget, at("192.0.2.1")), other(budget, at("192.0.2.2"));
  EXPECT_EQ(first.grow_to(20 * kKib), Verdict::ok);
  EXPECT_EQ(second.grow_to(12 * kKib), Verdict::ok);
  EXPECT_EQ(second.grow_to(12 * kKib + 1), Verdict::address_full);
  EXPECT_EQ(other.grow_to(32 * kKib), Verdict::ok);
  EXPECT_EQ(budget.used(), 64 * kKib) << "a refusal took nothing";
}

TEST(RequestBudget, CountsAnIpv6NetworkAsOneAddress) {
  RequestBudget budget({64 * kKib, 32 * kKib});
  RequestBudget::Share first(budget, at("2001:db8::1")), neighbour(budget, at("2001:db8:0:0:ffff::2")),
      elsewhere(budget, at("2001:db8:0:1::1"));
  EXPECT_EQ(first.grow_to(32 * kKib), Verdict::ok);
  EXPECT_EQ(neighbour.grow_to(4 * kKib), Verdict::address_full);
  EXPECT_EQ(elsewhere.grow_to(4 * kKib), Verdict::ok);
  EXPECT_EQ(client_network(at("192.0.2.1")), at("192.0.2.1"));
  EXPECT_NE(client_network(at("192.0.2.1")), client_network(at("192.0.2.2")));
}

TEST(RequestBudget, LargeRequestsLeaveAPartToSmallOnes) {
  RequestBudget budget({400 * kKib, 400 * kKib});
  RequestBudget::Share large(budget, at("192.0.2.1")), larger(budget, at("192.0.2.2")), small(budget, at("192.0.2.3"));
  EXPECT_EQ(large.grow_to(200 * kKib), Verdict::ok);
  EXPECT_EQ(larger.grow_to(100 * kKib), Verdict::ok) << "three quarters";
  EXPECT_EQ(larger.grow_to(101 * kKib), Verdict::all_full);
  EXPECT_EQ(small.grow_to(kSmallRequest), Verdict::ok);
  RequestBudget::Share late(budget, at("192.0.2.4"));
  EXPECT_EQ(late.grow_to(40 * kKib), Verdict::all_full);
  EXPECT_EQ(late.grow_to(36 * kKib), Verdict::ok) << "to the last byte";
}

}  // namespace
}  // namespace rescue::net
