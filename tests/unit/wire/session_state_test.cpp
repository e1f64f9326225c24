// SPDX-License-Identifier: Apache-2.0
#include "wire/session_state.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rescue::wire {
namespace {
using S = SessionState;
using E = SessionEvent;

TEST(SessionState, NamesRoundTrip) {
  for (std::size_t i = 0; i < kSessionStateCount; ++i) {
    const auto s = static_cast<S>(i);
    EXPECT_EQ(parse_session_state(name(s)), s);
    EXPECT_FALSE(meaning(s).empty());
  }
  EXPECT_FALSE(parse_session_state("finished"));
  EXPECT_EQ(parse_party("administrator"), Party::administrator);
  EXPECT_FALSE(parse_party("nobody"));
}

TEST(SessionState, AnOrdinarySessionGoesItsWay) {
  auto s = S::created;
  const auto go = [&](E e, Party by) {
    const auto next = next_state(s, e, by);
    ASSERT_TRUE(next) << name(s) << " " << name(e);
    s = *next;
  };
  go(E::applet_registered, Party::applet);
  go(E::picked_up, Party::technician);
  EXPECT_EQ(s, S::active);
  go(E::link_lost, Party::applet);
  EXPECT_EQ(s, S::reconnecting);
  go(E::link_up, Party::console);
  go(E::held, Party::technician);
  EXPECT_EQ(s, S::on_hold);
  go(E::resumed, Party::technician);
  go(E::close, Party::user);
  EXPECT_EQ(s, S::closed);
}

TEST(SessionState, WhoMayNotCauseItCausesNothing) {
  EXPECT_FALSE(next_state(S::created, E::applet_registered, Party::technician));
  EXPECT_FALSE(next_state(S::waiting, E::picked_up, Party::applet));
  EXPECT_FALSE(next_state(S::active, E::abort, Party::technician));
  EXPECT_FALSE(next_state(S::active, E::reboot_started, Party::console));
  EXPECT_FALSE(next_state(S::created, E::picked_up, Party::technician)) << "there is nobody to help yet";
}

TEST(SessionState, FinalStatesAreFinalAndAllOthersCanEnd) {
  for (std::size_t i = 0; i < kSessionStateCount; ++i) {
    const auto s = static_cast<S>(i);
    for (std::size_t k = 0; k < kSessionEventCount; ++k)
      for (std::size_t p = 0; p < 7 && is_final(s); ++p)
        EXPECT_FALSE(next_state(s, static_cast<E>(k), static_cast<Party>(p))) << name(s);
    if (is_final(s)) continue;
    EXPECT_EQ(next_state(s, E::close, Party::administrator), S::closed);
    EXPECT_EQ(next_state(s, E::time_out, Party::broker), S::timed_out);
    EXPECT_EQ(next_state(s, E::abort, Party::broker), S::aborted);
  }
}

TEST(SessionState, TheTableSaysEachThingOnceAndReachesEveryState) {
  std::set<std::pair<S, E>> seen;
  std::set<S> reached = {S::created};
  for (const auto& row : session_transitions()) {
    EXPECT_TRUE(seen.insert({row.from, row.event}).second) << name(row.from) << " " << name(row.event);
    EXPECT_NE(row.by, 0);
  }
  for (std::size_t round = 0; round < kSessionStateCount; ++round)
    for (const auto& row : session_transitions())
      if (reached.contains(row.from)) reached.insert(row.to);
  EXPECT_EQ(reached.size(), kSessionStateCount);
}

}  // namespace
}  // namespace rescue::wire
