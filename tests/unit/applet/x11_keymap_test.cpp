// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/keymap.hpp"

#include <gtest/gtest.h>

namespace rescue::applet::x11 {
namespace {
using std::chrono::milliseconds;

// Keys 8..14 of an imagined German and Russian keyboard: columns G1L1 G1L2 G2L1 G2L2 G1L3 G1L4.
KeyboardMapping small_keyboard() {
  KeyboardMapping m;
  m.first = 8;
  m.columns = 6;
  m.keysyms = {
      'a',    'A', 0x6c6, 0x6e6, 0xe6,   0xc6,  // 8: a A, Cyrillic ef, ae
      'e',    'E', 0x6d5, 0x6f5, 0x20ac, 0,     // 9: e E, Cyrillic u, euro on AltGr
      '1',    '!', '1',   '!',   0xb9,   0xa1,  // 10
      0xff0d, 0,   0,     0,     0,      0,     // 11: Return, one group
      0xfe03, 0,   0,     0,     0,      0,     // 12: AltGr
      0,      0,   0,     0,     0,      0,     // 13: spare
      0xf9,   '%', 0,     0,     0,      0,     // 14: u grave and percent, no case pair
  };
  m.modifiers[0] = {50};
  m.modifiers[7] = {12};
  return m;
}

TEST(Keymap, FindsTheLevelThatMakesAKeysym) {
  auto m = small_keyboard();
  auto a = find_key(m, 'a', 0).value();
  EXPECT_EQ(a.keycode, 8);
  EXPECT_FALSE(a.shift);
  EXPECT_TRUE(a.alphabetic);
  auto big = find_key(m, 'A', 0).value();
  EXPECT_EQ(big.keycode, 8);
  EXPECT_TRUE(big.shift);
  auto exclamation = find_key(m, '!', 0).value();
  EXPECT_TRUE(exclamation.shift);
  EXPECT_FALSE(exclamation.alphabetic);
}

TEST(Keymap, FindsTheEuroOnTheThirdLevelByAnyOfItsNames) {
  auto m = small_keyboard();
  for (desktop::Keysym euro : {0x20acU, 0x010020acU}) {
    auto plan = find_key(m, euro, 0).value();
    EXPECT_EQ(plan.keycode, 9);
    EXPECT_TRUE(plan.level3);
    EXPECT_FALSE(plan.shift);
  }
}

TEST(Keymap, AnswersForTheGroupThatIsOn) {
  auto m = small_keyboard();
  EXPECT_FALSE(find_key(m, 'a', 1)) << "the Russian group has no Latin letters";
  EXPECT_EQ(find_key(m, 0x01000444, 1).value().keycode, 8);
  EXPECT_EQ(find_key(m, desktop::kKeyReturn, 1).value().keycode, 11) << "a key with one group works in all";
}

TEST(Keymap, FunctionKeysDoNotCareAboutModifiers) {
  EXPECT_TRUE(find_key(small_keyboard(), desktop::kKeyReturn, 0).value().any_modifiers);
  EXPECT_FALSE(find_key(small_keyboard(), 'a', 0).value().any_modifiers);
}

TEST(Keymap, OnlyCasePairsFollowCapsLock) {
  EXPECT_FALSE(find_key(small_keyboard(), '%', 0).value().alphabetic);
  EXPECT_FALSE(find_key(small_keyboard(), '1', 0).value().alphabetic);
}

TEST(Keymap, ThirdLevelNeedsAKeyForIt) {
  auto m = small_keyboard();
  m.modifiers[7].clear();
  EXPECT_FALSE(find_key(m, 0x20ac, 0));
}

TEST(Keymap, AnEmptyMappingHasNothing) {
  EXPECT_FALSE(find_key({}, 'a', 0));
  EXPECT_FALSE(find_key(small_keyboard(), 0, 0));
}

TEST(SpareKeys, AreReusedOldestFirstAndNotTooSoon) {
  auto m = small_keyboard();
  for (int i = 0; i < 6; ++i) m.keysyms.push_back(0);  // key 15
  SpareKeys spares;
  spares.reset(m);
  base::SteadyTime t{std::chrono::hours(1)};
  auto first = spares.lend(0x01000416, t).value();
  EXPECT_TRUE(first.fresh);
  auto second = spares.lend(0x01000417, t + milliseconds(1)).value();
  EXPECT_NE(second.keycode, first.keycode);
  auto again = spares.lend(0x01000416, t + milliseconds(2)).value();
  EXPECT_EQ(again.keycode, first.keycode);
  EXPECT_FALSE(again.fresh) << "it carries the keysym already";
  auto third = spares.lend(0x01000418, t + milliseconds(3)).value();
  EXPECT_EQ(third.keycode, second.keycode) << "the one used longest ago";
  EXPECT_TRUE(third.fresh);
  EXPECT_EQ(third.wait_first, SpareKeys::kReuseAfter - milliseconds(2));
  EXPECT_EQ(spares.lent().size(), 2U);
}

TEST(SpareKeys, StartAnewWhenTheLayoutIsSwitched) {
  auto m = small_keyboard();
  SpareKeys spares;
  spares.reset(m);
  base::SteadyTime t{std::chrono::hours(1)};
  auto loan = spares.lend(0x01000416, t).value();
  spares.check(m);  // the mapping does not have the lent keysym: somebody set another layout
  auto again = spares.lend(0x01000416, t).value();
  EXPECT_EQ(again.keycode, loan.keycode);
  EXPECT_TRUE(again.fresh);
}

TEST(SpareKeys, AFullKeyboardHasNone) {
  auto m = small_keyboard();
  m.keysyms.resize(6 * 2);
  SpareKeys spares;
  spares.reset(m);
  EXPECT_FALSE(spares.lend(0x01000416, base::SteadyTime{}));
}

}  // namespace
}  // namespace rescue::applet::x11
