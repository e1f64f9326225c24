// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <set>

#include <xcb/xtest.h>
// The header names a field with a C++ keyword.
#define explicit explicit_
#include <xcb/xkb.h>
#undef explicit

#include <fmt/format.h>

#include "applet/x11/host.hpp"
#include "applet/x11/keymap.hpp"
#include "applet/x11/window_shield.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::applet::x11 {
namespace {
// A wheel message asks for at most this many steps; a faster wheel does not exist.
constexpr std::int32_t kWheelStepsMax = 64;
constexpr std::uint8_t kWheelUp = 4, kWheelDown = 5, kWheelLeft = 6, kWheelRight = 7;
// Bit of desktop::Button and X button number.
constexpr std::pair<std::uint32_t, std::uint8_t> kButtons[] = {{desktop::kButtonLeft, 1},
                                                               {desktop::kButtonMiddle, 2},
                                                               {desktop::kButtonRight, 3},
                                                               {desktop::kButtonBack, 8},
                                                               {desktop::kButtonForward, 9}};

class X11Input final : public desktop::Input {
 public:
  X11Input(std::unique_ptr<Connection> connection, const desktop::OwnWindows& own, desktop::Keysym never)
      : connection_(std::move(connection)), shield_(*connection_, own), never_(never) {}
  X11Input(const X11Input&) = delete;
  X11Input& operator=(const X11Input&) = delete;
  ~X11Input() override;

  base::Result<> begin();
  base::Result<> key(std::uint32_t keysym, bool down) override;
  base::Result<> key_at(std::uint32_t keycode, std::uint32_t keysym, bool down) override;
  base::Result<> text(std::string_view utf8) override;
  base::Result<> pointer(std::int32_t x, std::int32_t y, std::uint32_t buttons) override;
  base::Result<> wheel(std::int32_t dx, std::int32_t dy) override;
  void release_all() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  [[nodiscard]] xcb_connection_t* c() const { return connection_->get(); }
  base::Result<> read_mapping();
  void take_events();
  /// Keysym, or kPlace and an evdev code: what a press and its release have in common.
  using KeyName = std::uint64_t;
  static constexpr KeyName kPlace = KeyName{1} << 32;
  base::Result<unsigned> refresh();
  base::Result<KeyPlan> plan_for(desktop::Keysym keysym, Lock& lock);
  base::Result<KeyPlan> plan_at(std::uint32_t evdev, desktop::Keysym keysym, Lock& lock);
  base::Result<KeyPlan> borrow_spare(desktop::Keysym keysym, Lock& lock);
  base::Result<> press(const KeyPlan& plan);
  base::Result<> key_locked(desktop::Keysym keysym, bool down, Lock& lock);
  base::Result<> may_press();
  base::Result<> hold(KeyName name, const KeyPlan& plan);
  base::Result<> let_go(KeyName name);
  std::vector<Keycode> held_of_modifier(std::size_t modifier);
  void fake(std::uint8_t type, std::uint8_t detail, std::int16_t x = 0, std::int16_t y = 0);
  void fake_key(Keycode k, bool down) { fake(down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, k); }
  base::Result<> done();

  // release_all() comes from another thread than the rest, so that a stop does not queue behind a long text.
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::atomic<std::uint64_t> releases_ = 0;  // counts release_all(): a text in progress ends when it changes
  std::unique_ptr<Connection> connection_;
  WindowShield shield_;
  KeyboardMapping mapping_;
  SpareKeys spares_;
  bool mapping_stale_ = true;
  std::uint8_t xkb_event_ = 0;
  desktop::Keysym never_;
  std::map<KeyName, Keycode> held_keys_;
  std::uint32_t held_buttons_ = 0;
};

X11Input::~X11Input() {
  release_all();
  // Lent keys go back to having no symbol: the next program finds the keyboard as the user left it.
  std::vector<xcb_keysym_t> none(static_cast<std::size_t>(std::max(mapping_.columns, 1)), XCB_NO_SYMBOL);
  for (auto keycode : spares_.lent())
    xcb_change_keyboard_mapping(c(), 1, keycode, static_cast<std::uint8_t>(none.size()), none.data());
  // A round trip: when the object is gone the server has done it.
  if (!spares_.lent().empty() && connection_->alive())
    std::ignore = reply(xcb_get_input_focus_reply, c(), xcb_get_input_focus(c()), "give keys back");
}

base::Result<> X11Input::begin() {
  if (!connection_->has(xcb_test_id)) return base::fail(base::Errc::unsupported, "the X server has no XTEST extension");
  // Input must arrive even while a menu of the user holds the server.
  xcb_test_grab_control(c(), 1);
  if (connection_->has(xcb_xkb_id)) {
    auto used = reply(xcb_xkb_use_extension_reply, c(), xcb_xkb_use_extension(c(), 1, 0), "ask for XKB");
    if (used && (*used)->supported != 0) {
      xkb_event_ = connection_->first_event(xcb_xkb_id);
      // A client of XKB is no longer told of mapping changes by the core event.
      const std::uint16_t events = XCB_XKB_EVENT_TYPE_MAP_NOTIFY | XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
      xcb_xkb_select_events(c(), XCB_XKB_ID_USE_CORE_KBD, events, 0, events, 0xff, 0xff, nullptr);
    }
  }
  RESCUE_CHECK(read_mapping());
  spares_.reset(mapping_);
  return {};
}

base::Result<> X11Input::read_mapping() {
  const auto& setup = connection_->setup();
  const auto count = static_cast<std::uint8_t>(setup.max_keycode - setup.min_keycode + 1);
  auto keys_cookie = xcb_get_keyboard_mapping(c(), setup.min_keycode, count);
  auto modifiers_cookie = xcb_get_modifier_mapping(c());
  RESCUE_TRY(auto keys, reply(xcb_get_keyboard_mapping_reply, c(), keys_cookie, "read the keyboard"));
  RESCUE_TRY(auto modifiers, reply(xcb_get_modifier_mapping_reply, c(), modifiers_cookie, "read the modifiers"));
  mapping_.first = setup.min_keycode;
  mapping_.columns = keys->keysyms_per_keycode;
  const auto* symbols = xcb_get_keyboard_mapping_keysyms(keys.get());
  mapping_.keysyms.assign(symbols, symbols + xcb_get_keyboard_mapping_keysyms_length(keys.get()));
  const auto* codes = xcb_get_modifier_mapping_keycodes(modifiers.get());
  const std::size_t per = modifiers->keycodes_per_modifier;
  for (std::size_t i = 0; i < mapping_.modifiers.size(); ++i) {
    mapping_.modifiers[i].clear();
    for (std::size_t j = 0; j < per; ++j)
      if (codes[i * per + j] != 0) mapping_.modifiers[i].push_back(codes[i * per + j]);
  }
  mapping_stale_ = false;
  return {};
}

void X11Input::take_events() {
  while (Owned<xcb_generic_event_t> event{xcb_poll_for_event(c())}) {
    auto type = event->response_type & 0x7f;
    if (type == XCB_MAPPING_NOTIFY || (xkb_event_ != 0 && type == xkb_event_)) mapping_stale_ = true;
  }
}

/// Knows the layout as it is now; the group that is on.
base::Result<unsigned> X11Input::refresh() {
  take_events();
  if (mapping_stale_) {
    RESCUE_CHECK(read_mapping());
    spares_.check(mapping_);
  }
  if (xkb_event_ == 0) return 0;
  RESCUE_TRY(auto state, reply(xcb_xkb_get_state_reply, c(), xcb_xkb_get_state(c(), XCB_XKB_ID_USE_CORE_KBD),
                               "read the keyboard state"));
  return state->group;
}

// The plan for a keysym on the layout as it is now, or on a spare key.
base::Result<KeyPlan> X11Input::plan_for(desktop::Keysym keysym, Lock& lock) {
  RESCUE_TRY(const auto group, refresh());
  auto plan = find_key(mapping_, keysym, group);
  // A key that was lent carries its keysym without the user's layout having it: its bookkeeping is borrow_spare's.
  if (plan && std::ranges::find(spares_.lent(), plan->keycode) == spares_.lent().end()) return *plan;
  return borrow_spare(keysym, lock);
}

base::Result<KeyPlan> X11Input::plan_at(std::uint32_t evdev, desktop::Keysym keysym, Lock& lock) {
  RESCUE_TRY(const auto group, refresh());
  const auto& setup = connection_->setup();
  // X servers of today number keys as evdev does, and 8 more.
  const bool exists = evdev > 0 && evdev + 8 >= setup.min_keycode && evdev <= setup.max_keycode - 8u;
  const auto keycode = static_cast<Keycode>(exists ? evdev + 8 : 0);
  if (exists && keysym == desktop::kNoSymbol) {
    KeyPlan plan;
    plan.keycode = keycode;
    plan.any_modifiers = true;
    return plan;
  }
  if (exists && std::ranges::find(spares_.lent(), keycode) == spares_.lent().end())
    if (const auto plan = find_on_key(mapping_, keycode, keysym, group)) return *plan;
  if (keysym == desktop::kNoSymbol) return base::fail(base::Errc::not_found, fmt::format("no key at {}", evdev));
  return plan_for(keysym, lock);
}

base::Result<KeyPlan> X11Input::borrow_spare(desktop::Keysym keysym, Lock& lock) {
  // Characters only: a keysym like Terminate_Server becomes an action of the X server as soon as a key has it.
  if (!desktop::keysym_to_unicode(keysym))
    return base::fail(base::Errc::not_found, fmt::format("no key for {}", desktop::keysym_name(keysym)));
  auto loan = spares_.lend(keysym, std::chrono::steady_clock::now());
  if (!loan) return base::fail(base::Errc::not_found, fmt::format("no key for {}", desktop::keysym_name(keysym)));
  if (loan->wait_first > base::Duration::zero()) {
    const auto before = releases_.load();
    if (stopped_.wait_for(lock, loan->wait_first, [&] { return releases_ != before; }))
      return base::fail(base::Errc::canceled, "input");
  }
  if (loan->fresh) {
    // The same symbol in all columns: whatever group and modifiers are on, this key makes it.
    std::vector<xcb_keysym_t> symbols(static_cast<std::size_t>(std::max(mapping_.columns, 4)), keysym);
    xcb_change_keyboard_mapping(c(), 1, loan->keycode, static_cast<std::uint8_t>(symbols.size()), symbols.data());
  }
  KeyPlan plan;
  plan.keycode = loan->keycode;
  plan.any_modifiers = true;
  return plan;
}

std::vector<Keycode> X11Input::held_of_modifier(std::size_t modifier) {
  std::vector<Keycode> out;
  auto keys = reply(xcb_query_keymap_reply, c(), xcb_query_keymap(c()), "read pressed keys");
  if (!keys) return out;
  for (auto keycode : mapping_.modifiers[modifier])
    if (((*keys)->keys[keycode / 8] >> (keycode % 8) & 1) != 0) out.push_back(keycode);
  return out;
}

// Presses the key; Shift and AltGr are made to fit for that moment and put back.
base::Result<> X11Input::press(const KeyPlan& plan) {
  std::vector<Keycode> lift, hold;
  if (!plan.any_modifiers) {
    RESCUE_TRY(auto pointer,
               reply(xcb_query_pointer_reply, c(), xcb_query_pointer(c(), connection_->root()), "read the modifiers"));
    const std::uint32_t mask = pointer->mask;
    // With Control, Alt or Super it is a shortcut, and its Shift is the technician's own.
    const bool shortcut = (mask & (kControlMask | kMod1Mask | kMod4Mask)) != 0;
    const bool caps = plan.alphabetic && (mask & kLockMask) != 0;
    const bool want_shift = plan.shift != caps;
    const bool have_shift = (mask & kShiftMask) != 0;
    if (!shortcut && want_shift && !have_shift && !mapping_.modifiers[0].empty())
      hold.push_back(mapping_.modifiers[0][0]);
    if (!shortcut && !want_shift && have_shift) lift = held_of_modifier(0);
    if (auto level3 = find_level3(mapping_)) {
      const bool have = (mask & level3->mask) != 0;
      if (plan.level3 && !have) hold.push_back(level3->keycode);
      if (!plan.level3 && have) lift.push_back(level3->keycode);
    }
  }
  for (auto k : lift) fake_key(k, false);
  for (auto k : hold) fake_key(k, true);
  fake_key(plan.keycode, true);
  for (auto k : hold) fake_key(k, false);
  for (auto k : lift) fake_key(k, true);
  return done();
}

base::Result<> X11Input::key(std::uint32_t keysym, bool down) {
  Lock lock(mutex_);
  return key_locked(keysym, down, lock);
}

base::Result<> X11Input::key_at(std::uint32_t keycode, std::uint32_t keysym, bool down) {
  if (keycode == 0) return key(keysym, down);
  Lock lock(mutex_);
  const KeyName name = kPlace | keycode;
  if (!down) return let_go(name);
  if (held_keys_.contains(name)) return {};
  RESCUE_CHECK(may_press());
  RESCUE_TRY(const auto plan, plan_at(keycode, keysym, lock));
  return hold(name, plan);
}

base::Result<> X11Input::key_locked(desktop::Keysym keysym, bool down, Lock& lock) {
  if (!down) return let_go(keysym);
  if (held_keys_.contains(keysym)) return {};
  RESCUE_CHECK(may_press());
  RESCUE_TRY(const auto plan, plan_for(keysym, lock));
  return hold(keysym, plan);
}

base::Result<> X11Input::may_press() {
  RESCUE_TRY(const bool own, shield_.has_focus());
  if (own) return base::fail(base::Errc::denied, "key press into the applet's own window");
  return {};
}

base::Result<> X11Input::let_go(KeyName name) {
  const auto held = held_keys_.find(name);
  if (held == held_keys_.end()) return {};
  fake_key(held->second, false);
  held_keys_.erase(held);
  return done();
}

base::Result<> X11Input::hold(KeyName name, const KeyPlan& plan) {
  // By whatever symbol it is asked for: the key itself is the user's.
  if (has_symbol(mapping_, plan.keycode, never_)) return base::fail(base::Errc::denied, "the user's own key");
  // Two keysyms of one key ('a' then 'A' while 'a' is down): the key goes up first, or the second press would be none.
  std::erase_if(held_keys_, [&](const auto& held) {
    if (held.second == plan.keycode) fake_key(plan.keycode, false);
    return held.second == plan.keycode;
  });
  RESCUE_CHECK(press(plan));
  held_keys_[name] = plan.keycode;
  return {};
}

base::Result<> X11Input::text(std::string_view utf8) {
  Lock lock(mutex_);
  const auto before = releases_.load();
  for (std::size_t at = 0; at < utf8.size();) {
    if (releases_ != before) return base::fail(base::Errc::canceled, "text");
    char32_t character = base::next_code_point(utf8, at);
    if (character == U'\r' && at < utf8.size() && utf8[at] == '\n') continue;
    auto keysym = desktop::unicode_to_keysym(character);
    if (keysym == desktop::kNoSymbol)
      return base::fail(base::Errc::not_found,
                        fmt::format("no key for character U+{:04X}", static_cast<std::uint32_t>(character)));
    // A key that is held down by key() would swallow the press.
    RESCUE_CHECK(key_locked(keysym, false, lock));
    RESCUE_CHECK(key_locked(keysym, true, lock));
    RESCUE_CHECK(key_locked(keysym, false, lock));
  }
  return {};
}

base::Result<> X11Input::pointer(std::int32_t x, std::int32_t y, std::uint32_t buttons) {
  Lock lock(mutex_);
  buttons &= desktop::kButtonAll;
  auto clamp = [](std::int32_t v) { return static_cast<std::int16_t>(std::clamp(v, 0, 32767)); };
  fake(XCB_MOTION_NOTIFY, 0, clamp(x), clamp(y));
  const std::uint32_t up = held_buttons_ & ~buttons;
  const std::uint32_t down = buttons & ~held_buttons_;
  for (auto [bit, number] : kButtons)
    if ((up & bit) != 0) fake(XCB_BUTTON_RELEASE, number);
  held_buttons_ &= ~up;
  if (down != 0) {
    RESCUE_TRY(bool own, shield_.under_pointer());
    if (own) {
      std::ignore = done();
      return base::fail(base::Errc::denied, "click on the applet's own window");
    }
    for (auto [bit, number] : kButtons)
      if ((down & bit) != 0) fake(XCB_BUTTON_PRESS, number);
    held_buttons_ |= down;
  }
  return done();
}

base::Result<> X11Input::wheel(std::int32_t dx, std::int32_t dy) {
  Lock lock(mutex_);
  RESCUE_TRY(bool own, shield_.under_pointer());
  if (own) return base::fail(base::Errc::denied, "wheel on the applet's own window");
  auto turn = [&](std::int32_t steps, std::uint8_t positive, std::uint8_t negative) {
    for (std::int32_t i = std::min(std::abs(steps), kWheelStepsMax); i > 0; --i) {
      fake(XCB_BUTTON_PRESS, steps > 0 ? positive : negative);
      fake(XCB_BUTTON_RELEASE, steps > 0 ? positive : negative);
    }
  };
  turn(dy, kWheelUp, kWheelDown);
  turn(dx, kWheelRight, kWheelLeft);
  return done();
}

void X11Input::release_all() {
  ++releases_;  // before the lock, which a text in progress holds until it sees this
  Lock lock(mutex_);
  stopped_.notify_all();
  for (const auto& [name, keycode] : held_keys_) fake_key(keycode, false);
  held_keys_.clear();
  for (auto [bit, number] : kButtons)
    if ((held_buttons_ & bit) != 0) fake(XCB_BUTTON_RELEASE, number);
  held_buttons_ = 0;
  // A round trip: when this returns the server has done it.
  if (connection_->alive()) std::ignore = reply(xcb_get_input_focus_reply, c(), xcb_get_input_focus(c()), "release");
}

void X11Input::fake(std::uint8_t type, std::uint8_t detail, std::int16_t x, std::int16_t y) {
  xcb_test_fake_input(c(), type, detail, XCB_CURRENT_TIME, type == XCB_MOTION_NOTIFY ? connection_->root() : 0, x, y,
                      0);
}

base::Result<> X11Input::done() {
  xcb_flush(c());
  if (!connection_->alive()) return base::fail(base::Errc::unreachable, "input: the X server is gone");
  return {};
}
}  // namespace

base::Result<std::unique_ptr<desktop::Input>> make_input(const std::string& display, const desktop::OwnWindows& own,
                                                         desktop::Keysym never) {
  RESCUE_TRY(auto opened, Connection::open(display));
  auto input = std::make_unique<X11Input>(std::make_unique<Connection>(std::move(opened)), own, never);
  RESCUE_CHECK(input->begin());
  return input;
}

}  // namespace rescue::applet::x11
