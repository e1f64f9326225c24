// SPDX-License-Identifier: Apache-2.0
// Which key makes a keysym on the user's keyboard, and with which modifiers; and spare keys for what the layout lacks.
// Pure data and rules, no server: X11Input feeds it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "desktop/keysym.hpp"

namespace rescue::applet::x11 {

using Keycode = std::uint8_t;

/// The server's answer to GetKeyboardMapping and GetModifierMapping.
struct KeyboardMapping {
  Keycode first = 8;
  int columns = 0;                                // keysyms per keycode
  std::vector<desktop::Keysym> keysyms;           // columns for each keycode from `first` on
  std::array<std::vector<Keycode>, 8> modifiers;  // Shift, Lock, Control, Mod1..Mod5

  [[nodiscard]] int keys() const { return columns > 0 ? static_cast<int>(keysyms.size()) / columns : 0; }
  [[nodiscard]] desktop::Keysym at(int key, int column) const;
};

inline constexpr std::uint32_t kShiftMask = 1;
inline constexpr std::uint32_t kLockMask = 2;
inline constexpr std::uint32_t kControlMask = 4;
inline constexpr std::uint32_t kMod1Mask = 8;   // Alt everywhere
inline constexpr std::uint32_t kMod4Mask = 64;  // Super everywhere

/// How to make one keysym.
struct KeyPlan {
  Keycode keycode = 0;
  bool shift = false;          // level 2 or 4
  bool level3 = false;         // level 3 or 4
  bool alphabetic = false;     // Caps Lock turns `shift` around
  bool any_modifiers = false;  // makes the keysym whatever is held: function keys, modifiers, spare keys
};

/// Finds the key for a keysym in keyboard group `group` (0..3), the lowest level first. Column order is that of XKB's
/// core compatibility map: group 1 levels 1, 2; group 2 levels 1, 2; group 1 levels 3, 4; group 2 levels 3, 4.
[[nodiscard]] std::optional<KeyPlan> find_key(const KeyboardMapping& mapping, desktop::Keysym keysym, unsigned group);
/// The same of one key alone.
[[nodiscard]] std::optional<KeyPlan> find_on_key(const KeyboardMapping& mapping, Keycode keycode,
                                                 desktop::Keysym keysym, unsigned group);
/// Some symbol of that key is this one, in any group and level.
[[nodiscard]] bool has_symbol(const KeyboardMapping& mapping, Keycode keycode, desktop::Keysym keysym);
/// The key that is the Level 3 shift (AltGr), if there is one, and its modifier mask.
struct Level3Key {
  Keycode keycode;
  std::uint32_t mask;
};
[[nodiscard]] std::optional<Level3Key> find_level3(const KeyboardMapping& mapping);

/// Keys without any symbol, lent to keysyms that the layout lacks. A client that gets a key press looks the key up in
/// its own copy of the mapping, which it may refresh a little later: a spare key therefore keeps its keysym for
/// kReuseAfter.
class SpareKeys {
 public:
  static constexpr std::chrono::milliseconds kReuseAfter{250};

  /// Takes all keys without a symbol; what was lent is forgotten.
  void reset(const KeyboardMapping& mapping);
  /// After the mapping changed: starts anew when somebody else has redefined a lent key (a switch of the layout does).
  void check(const KeyboardMapping& mapping);
  struct Loan {
    Keycode keycode;
    bool fresh;                 // the mapping must be changed first
    base::Duration wait_first;  // until the key may be used for this
  };
  /// Nothing when the keyboard has no spare key.
  [[nodiscard]] std::optional<Loan> lend(desktop::Keysym keysym, base::SteadyTime now);
  [[nodiscard]] const std::vector<Keycode>& lent() const { return lent_; }

 private:
  struct Spare {
    Keycode keycode;
    desktop::Keysym keysym = desktop::kNoSymbol;
    base::SteadyTime used{};
  };
  std::vector<Spare> spares_;
  std::vector<Keycode> lent_;
};

}  // namespace rescue::applet::x11
