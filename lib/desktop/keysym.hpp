// SPDX-License-Identifier: Apache-2.0
// X11 keysyms as the project's names for keys, whatever the system (X Window System Protocol, appendix A): Latin-1 is
// itself, 0x01000000 + code point is any character, the blocks below 0x2000 are older names of characters,
// 0xfe00..0xffff are function keys and modifiers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue::desktop {

using Keysym = std::uint32_t;

inline constexpr Keysym kNoSymbol = 0;
inline constexpr Keysym kKeyBackSpace = 0xff08;
inline constexpr Keysym kKeyTab = 0xff09;
inline constexpr Keysym kKeyReturn = 0xff0d;
inline constexpr Keysym kKeyEscape = 0xff1b;
inline constexpr Keysym kKeyShiftL = 0xffe1;
inline constexpr Keysym kKeyShiftR = 0xffe2;
inline constexpr Keysym kKeyLevel3Shift = 0xfe03;
inline constexpr Keysym kKeyModeSwitch = 0xff7e;

/// The character a keysym stands for; none for function keys, modifiers and dead keys.
[[nodiscard]] std::optional<char32_t> keysym_to_unicode(Keysym keysym);
/// The modern keysym of a character: Latin-1 as itself, control characters as their keys (Return, Tab, BackSpace,
/// Escape, Delete), all else 0x01000000 + code point. kNoSymbol for what has no key (other control characters,
/// surrogates).
[[nodiscard]] Keysym unicode_to_keysym(char32_t c);
/// One spelling for each character, so that 0x6d6 and 0x1000436 (both Cyrillic zhe) compare equal.
[[nodiscard]] Keysym canonical_keysym(Keysym keysym);
/// True for Shift, Control, Alt, Meta, Super, Hyper, the locks, Mode_switch and the ISO level and group shifts.
[[nodiscard]] bool is_modifier(Keysym keysym);

/// "F12", "Return", "Control_L", "a", "U0436", "0xffc9": the names of keysymdef.h without XK_, or one character in
/// UTF-8.
[[nodiscard]] std::optional<Keysym> parse_keysym(std::string_view name);
[[nodiscard]] std::string keysym_name(Keysym keysym);

}  // namespace rescue::desktop
