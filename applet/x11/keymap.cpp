// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/keymap.hpp"

#include <algorithm>

namespace rescue::applet::x11 {
namespace {
using desktop::Keysym;
using desktop::kNoSymbol;

// Cased letters of one key: then Caps Lock acts like Shift. In Latin, Greek and Cyrillic, the scripts with case on
// keyboards, a capital stands 0x20, 0x50 or 1 before its small letter.
bool is_cased_pair(Keysym low, Keysym high) {
  auto a = desktop::keysym_to_unicode(low);
  auto b = desktop::keysym_to_unicode(high);
  if (!a || !b || *a <= *b) return false;
  const bool letter = (*a >= 'a' && *a <= 'z') || (*a >= 0xe0 && *a != 0xf7);
  const auto distance = *a - *b;
  return letter && (distance == 0x20 || distance == 0x50 || distance == 1);
}

// The column of (group, level) in the core mapping, both from 0.
int column_of(unsigned group, int level) {
  int base = level < 2 ? static_cast<int>(group) * 2 : 4 + static_cast<int>(group) * 2;
  return base + level % 2;
}

// Keys with one group only (most function keys) count for every group.
unsigned group_of(const KeyboardMapping& m, int key, unsigned group) {
  if (group > 1) return 0;
  if (group == 1 && m.at(key, 2) == kNoSymbol && m.at(key, 3) == kNoSymbol) return 0;
  return group;
}

/// How this level of this key makes the keysym, if it does.
std::optional<KeyPlan> plan_at(const KeyboardMapping& m, int key, int level, Keysym keysym, unsigned group) {
  const unsigned g = group_of(m, key, group);
  const Keysym low = m.at(key, column_of(g, 0));
  const Keysym here = m.at(key, column_of(g, level));
  if (here == kNoSymbol || desktop::canonical_keysym(here) != desktop::canonical_keysym(keysym)) return std::nullopt;
  KeyPlan plan;
  plan.keycode = static_cast<Keycode>(m.first + key);
  plan.shift = level % 2 == 1;
  plan.level3 = level >= 2;
  plan.alphabetic = level < 2 && is_cased_pair(low, m.at(key, column_of(g, 1)));
  const Keysym high = m.at(key, column_of(g, 1));
  plan.any_modifiers = level == 0 && (desktop::is_modifier(keysym) ||
                                      (!desktop::keysym_to_unicode(keysym) && (high == kNoSymbol || high == low)));
  return plan;
}
}  // namespace

Keysym KeyboardMapping::at(int key, int column) const {
  if (key < 0 || column < 0 || column >= columns || key >= keys()) return kNoSymbol;
  return keysyms[static_cast<std::size_t>(key) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
}

std::optional<KeyPlan> find_key(const KeyboardMapping& m, Keysym keysym, unsigned group) {
  if (keysym == kNoSymbol) return std::nullopt;
  const bool has_level3 = find_level3(m).has_value();
  for (int level = 0; level < (has_level3 ? 4 : 2); ++level)
    for (int key = 0; key < m.keys(); ++key)
      if (auto plan = plan_at(m, key, level, keysym, group)) return plan;
  return std::nullopt;
}

std::optional<KeyPlan> find_on_key(const KeyboardMapping& m, Keycode keycode, Keysym keysym, unsigned group) {
  if (keysym == kNoSymbol || keycode < m.first) return std::nullopt;
  const bool has_level3 = find_level3(m).has_value();
  for (int level = 0; level < (has_level3 ? 4 : 2); ++level)
    if (auto plan = plan_at(m, keycode - m.first, level, keysym, group)) return plan;
  return std::nullopt;
}

bool has_symbol(const KeyboardMapping& m, Keycode keycode, Keysym keysym) {
  for (int column = 0; column < m.columns; ++column)
    if (keysym != kNoSymbol && m.at(keycode - m.first, column) == keysym) return true;
  return false;
}

std::optional<Level3Key> find_level3(const KeyboardMapping& m) {
  for (int key = 0; key < m.keys(); ++key) {
    if (m.at(key, 0) != desktop::kKeyLevel3Shift) continue;
    const auto keycode = static_cast<Keycode>(m.first + key);
    for (std::size_t i = 3; i < m.modifiers.size(); ++i)
      if (std::ranges::find(m.modifiers[i], keycode) != m.modifiers[i].end()) return Level3Key{keycode, 1U << i};
  }
  return std::nullopt;
}

void SpareKeys::reset(const KeyboardMapping& m) {
  spares_.clear();
  lent_.clear();
  for (int key = 0; key < m.keys(); ++key) {
    bool empty = true;
    for (int column = 0; column < m.columns; ++column) empty = empty && m.at(key, column) == kNoSymbol;
    if (empty) spares_.push_back({static_cast<Keycode>(m.first + key)});
  }
}

void SpareKeys::check(const KeyboardMapping& m) {
  for (const auto& spare : spares_) {
    if (spare.keysym != kNoSymbol && m.at(spare.keycode - m.first, 0) != spare.keysym) {
      reset(m);
      return;
    }
  }
}

std::optional<SpareKeys::Loan> SpareKeys::lend(Keysym keysym, base::SteadyTime now) {
  if (spares_.empty()) return std::nullopt;
  auto same = std::ranges::find(spares_, keysym, &Spare::keysym);
  if (same != spares_.end()) {
    same->used = now;
    return Loan{same->keycode, false, {}};
  }
  auto oldest = std::ranges::min_element(spares_, {}, &Spare::used);
  base::Duration wait{};
  if (oldest->keysym != kNoSymbol) {
    auto free_at = oldest->used + kReuseAfter;
    if (free_at > now) wait = std::chrono::ceil<base::Duration>(free_at - now);
  } else {
    lent_.push_back(oldest->keycode);
  }
  oldest->keysym = keysym;
  oldest->used = now + wait;
  return Loan{oldest->keycode, true, wait};
}

}  // namespace rescue::applet::x11
