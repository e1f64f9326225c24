// SPDX-License-Identifier: Apache-2.0
#include "desktop/keysym.hpp"

#include <gtest/gtest.h>

#include "desktop/impl/legacy_keysyms.hpp"

namespace rescue::desktop {
namespace {

TEST(Keysym, LatinOneStandsForItself) {
  EXPECT_EQ(keysym_to_unicode('a'), U'a');
  EXPECT_EQ(keysym_to_unicode(0xe4), U'ä');
  EXPECT_EQ(unicode_to_keysym(U'ä'), 0xe4U);
  EXPECT_EQ(unicode_to_keysym(U'~'), 0x7eU);
}

TEST(Keysym, OtherCharactersUseTheUnicodeBlock) {
  EXPECT_EQ(unicode_to_keysym(U'€'), 0x010020acU);
  EXPECT_EQ(unicode_to_keysym(U'Ж'), 0x01000416U);
  EXPECT_EQ(unicode_to_keysym(U'😀'), 0x0101f600U);
  EXPECT_EQ(keysym_to_unicode(0x01000416), U'Ж');
}

TEST(Keysym, OldAndNewNamesOfACharacterAreOne) {
  EXPECT_EQ(keysym_to_unicode(0x6d6), U'ж');
  EXPECT_EQ(canonical_keysym(0x6d6), canonical_keysym(0x01000436));
  EXPECT_EQ(canonical_keysym(0x20ac), canonical_keysym(0x010020ac));
  EXPECT_EQ(canonical_keysym(0x010000e4), 0xe4U);
  EXPECT_EQ(canonical_keysym(0xffc9), 0xffc9U);
}

TEST(Keysym, TheTableOfOldNamesIsSortedForTheSearch) {
  for (std::size_t i = 1; i < std::size(impl::kLegacyKeysyms); ++i)
    EXPECT_LT(impl::kLegacyKeysyms[i - 1].keysym, impl::kLegacyKeysyms[i].keysym);
}

TEST(Keysym, ControlCharactersAreTheirKeys) {
  EXPECT_EQ(unicode_to_keysym(U'\n'), kKeyReturn);
  EXPECT_EQ(unicode_to_keysym(U'\t'), kKeyTab);
  EXPECT_EQ(unicode_to_keysym(U'\b'), kKeyBackSpace);
}

TEST(Keysym, WhatHasNoKeyIsRefused) {
  for (char32_t c : {char32_t{0}, char32_t{1}, char32_t{0x9f}, char32_t{0xd800}, char32_t{0x110000}})
    EXPECT_EQ(unicode_to_keysym(c), kNoSymbol) << static_cast<unsigned>(c);
  EXPECT_FALSE(keysym_to_unicode(0));
  EXPECT_FALSE(keysym_to_unicode(0xffc9));
  EXPECT_FALSE(keysym_to_unicode(0x0100d800));
  EXPECT_FALSE(keysym_to_unicode(0x01110000));
  EXPECT_FALSE(keysym_to_unicode(0xfe51)) << "a dead key makes no character by itself";
}

TEST(Keysym, NamesAreReadAndWritten) {
  EXPECT_EQ(parse_keysym("F12"), 0xffc9U);
  EXPECT_EQ(parse_keysym("Return"), 0xff0dU);
  EXPECT_EQ(parse_keysym("ä"), 0xe4U);
  EXPECT_EQ(parse_keysym("U0416"), 0x01000416U);
  EXPECT_EQ(parse_keysym("0xffc9"), 0xffc9U);
  EXPECT_EQ(parse_keysym("KP_7"), 0xffb7U);
  EXPECT_EQ(keysym_name(0xffc9), "F12");
  EXPECT_EQ(keysym_name(0xffe3), "Control_L");
  EXPECT_EQ(keysym_name(0x01000416), "U0416");
  for (auto bad : {"", "F0", "F36", "KP_", "Retrun", "0x", "Ud800", "\xff"}) EXPECT_FALSE(parse_keysym(bad)) << bad;
}

TEST(Keysym, KnowsModifiers) {
  for (Keysym k : {kKeyShiftL, kKeyShiftR, Keysym{0xffe3}, Keysym{0xffeb}, kKeyLevel3Shift, kKeyModeSwitch})
    EXPECT_TRUE(is_modifier(k)) << keysym_name(k);
  for (Keysym k : {Keysym{'a'}, kKeyReturn, Keysym{0xffc9}, kKeyTab}) EXPECT_FALSE(is_modifier(k)) << keysym_name(k);
}

}  // namespace
}  // namespace rescue::desktop
