// SPDX-License-Identifier: Apache-2.0
#include "desktop/keysym.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "desktop/impl/legacy_keysyms.hpp"

namespace rescue::desktop {
namespace {
constexpr Keysym kUnicodeBase = 0x01000000;
constexpr char32_t kMaxCodePoint = 0x10ffff;

struct NamedKeysym {
  std::string_view name;
  Keysym keysym;
};
// Function keys and modifiers; characters are named by themselves.
constexpr NamedKeysym kNames[] = {
    {"BackSpace", 0xff08},    {"Tab", 0xff09},         {"Linefeed", 0xff0a},    {"Clear", 0xff0b},
    {"Return", 0xff0d},       {"Pause", 0xff13},       {"Scroll_Lock", 0xff14}, {"Sys_Req", 0xff15},
    {"Escape", 0xff1b},       {"Multi_key", 0xff20},   {"Home", 0xff50},        {"Left", 0xff51},
    {"Up", 0xff52},           {"Right", 0xff53},       {"Down", 0xff54},        {"Page_Up", 0xff55},
    {"Prior", 0xff55},        {"Page_Down", 0xff56},   {"Next", 0xff56},        {"End", 0xff57},
    {"Begin", 0xff58},        {"Select", 0xff60},      {"Print", 0xff61},       {"Execute", 0xff62},
    {"Insert", 0xff63},       {"Undo", 0xff65},        {"Redo", 0xff66},        {"Menu", 0xff67},
    {"Find", 0xff68},         {"Cancel", 0xff69},      {"Help", 0xff6a},        {"Break", 0xff6b},
    {"Mode_switch", 0xff7e},  {"Num_Lock", 0xff7f},    {"KP_Space", 0xff80},    {"KP_Tab", 0xff89},
    {"KP_Enter", 0xff8d},     {"KP_Home", 0xff95},     {"KP_Left", 0xff96},     {"KP_Up", 0xff97},
    {"KP_Right", 0xff98},     {"KP_Down", 0xff99},     {"KP_Page_Up", 0xff9a},  {"KP_Page_Down", 0xff9b},
    {"KP_End", 0xff9c},       {"KP_Begin", 0xff9d},    {"KP_Insert", 0xff9e},   {"KP_Delete", 0xff9f},
    {"KP_Equal", 0xffbd},     {"KP_Multiply", 0xffaa}, {"KP_Add", 0xffab},      {"KP_Separator", 0xffac},
    {"KP_Subtract", 0xffad},  {"KP_Decimal", 0xffae},  {"KP_Divide", 0xffaf},   {"Shift_L", 0xffe1},
    {"Shift_R", 0xffe2},      {"Control_L", 0xffe3},   {"Control_R", 0xffe4},   {"Caps_Lock", 0xffe5},
    {"Shift_Lock", 0xffe6},   {"Meta_L", 0xffe7},      {"Meta_R", 0xffe8},      {"Alt_L", 0xffe9},
    {"Alt_R", 0xffea},        {"Super_L", 0xffeb},     {"Super_R", 0xffec},     {"Hyper_L", 0xffed},
    {"Hyper_R", 0xffee},      {"Delete", 0xffff},      {"ISO_Lock", 0xfe01},    {"ISO_Level3_Shift", 0xfe03},
    {"ISO_Left_Tab", 0xfe20}, {"space", 0x20},
};
constexpr Keysym kF1 = 0xffbe;
constexpr Keysym kF35 = 0xffe0;
constexpr Keysym kKeypad0 = 0xffb0;

std::optional<std::uint32_t> parse_number(std::string_view digits, int base) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}
bool is_scalar(char32_t c) { return c <= kMaxCodePoint && (c < 0xd800 || c > 0xdfff); }
}  // namespace

std::optional<char32_t> keysym_to_unicode(Keysym keysym) {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff)) return keysym;
  if (keysym >= kUnicodeBase + 0x20 && keysym <= kUnicodeBase + kMaxCodePoint) {
    char32_t c = keysym - kUnicodeBase;
    if (!is_scalar(c) || (c >= 0x7f && c < 0xa0)) return std::nullopt;
    return c;
  }
  if (keysym >= kKeypad0 && keysym <= kKeypad0 + 9) return U'0' + (keysym - kKeypad0);
  if (keysym > 0xffff) return std::nullopt;
  const auto* found = std::lower_bound(std::begin(impl::kLegacyKeysyms), std::end(impl::kLegacyKeysyms), keysym,
                                       [](const impl::LegacyKeysym& a, Keysym b) { return a.keysym < b; });
  if (found == std::end(impl::kLegacyKeysyms) || found->keysym != keysym) return std::nullopt;
  return found->code_point;
}

Keysym unicode_to_keysym(char32_t c) {
  switch (c) {
    case U'\n':
    case U'\r':
      return kKeyReturn;
    case U'\t':
      return kKeyTab;
    case U'\b':
      return kKeyBackSpace;
    case 0x1b:
      return kKeyEscape;
    case 0x7f:
      return 0xffff;
    default:
      break;
  }
  if (c < 0x20 || (c > 0x7e && c < 0xa0) || !is_scalar(c)) return kNoSymbol;
  return c <= 0xff ? c : kUnicodeBase + c;
}

Keysym canonical_keysym(Keysym keysym) {
  // The keypad's digits are keys of their own, though they make characters.
  if (keysym >= 0xfe00 && keysym <= 0xffff) return keysym;
  auto c = keysym_to_unicode(keysym);
  return c ? unicode_to_keysym(*c) : keysym;
}

bool is_modifier(Keysym keysym) {
  return (keysym >= 0xffe1 && keysym <= 0xffee) || (keysym >= 0xfe01 && keysym <= 0xfe13) || keysym == kKeyModeSwitch ||
         keysym == 0xff7f;
}

std::optional<Keysym> parse_keysym(std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (std::size_t at = 0; base::is_valid_utf8(name)) {
    char32_t c = base::next_code_point(name, at);
    if (at == name.size()) {
      Keysym keysym = unicode_to_keysym(c);
      return keysym == kNoSymbol ? std::nullopt : std::optional(keysym);
    }
  }
  for (const auto& row : kNames)
    if (row.name == name) return row.keysym;
  if (name.starts_with("0x")) return parse_number(name.substr(2), 16);
  if (name[0] == 'U') {
    auto c = parse_number(name.substr(1), 16);
    if (!c || unicode_to_keysym(*c) == kNoSymbol) return std::nullopt;
    return unicode_to_keysym(*c);
  }
  if (name[0] == 'F') {
    auto n = parse_number(name.substr(1), 10);
    if (n && *n >= 1 && kF1 + *n - 1 <= kF35) return kF1 + *n - 1;
  }
  if (name.starts_with("KP_") && name.size() == 4 && name[3] >= '0' && name[3] <= '9')
    return kKeypad0 + static_cast<Keysym>(name[3] - '0');
  return std::nullopt;
}

std::string keysym_name(Keysym keysym) {
  for (const auto& row : kNames)
    if (row.keysym == keysym) return std::string(row.name);
  if (keysym >= kF1 && keysym <= kF35) return fmt::format("F{}", keysym - kF1 + 1);
  if (keysym >= kKeypad0 && keysym <= kKeypad0 + 9) return fmt::format("KP_{}", keysym - kKeypad0);
  if (auto c = keysym_to_unicode(keysym)) {
    if (*c <= 0x7e || keysym <= 0xff) {
      std::string out;
      base::append_utf8(out, *c);
      return out;
    }
    return fmt::format("U{:04X}", static_cast<std::uint32_t>(*c));
  }
  return fmt::format("0x{:x}", keysym);
}

}  // namespace rescue::desktop
