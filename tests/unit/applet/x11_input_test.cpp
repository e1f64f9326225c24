// SPDX-License-Identifier: Apache-2.0
// What an ordinary X client receives when the applet injects.
#include <algorithm>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "applet/x11/host.hpp"
#include "desktop/keysym.hpp"
#include "support/temp_dir.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using test::SeenEvent;
using test::typed;
using test::XClient;
using test::XServer;

constexpr desktop::Keysym kControlL = 0xffe3;
constexpr desktop::Keysym kCapsLock = 0xffe5;
constexpr desktop::Keysym kLeft = 0xff51;

class X11Input : public testing::Test {
 protected:
  X11Input() : input_(x11::make_input(server_.display(), own_).value()) {}
  // All text up to and with the Return that ends it.
  std::u32string receive_line() {
    std::vector<SeenEvent> all;
    client_.wait_events(all, [](const auto& seen) { return typed(seen).ends_with(U'\n'); });
    auto text = typed(all);
    if (!text.empty()) text.pop_back();
    return text;
  }
  // What was injected has been sent; the server takes it a moment later, and other clients' questions perhaps before.
  static bool eventually(const std::function<bool()>& condition, base::Duration limit = 20s) {
    for (auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return condition();
  }
  void tap(desktop::Keysym k) {
    ASSERT_TRUE(input_->key(k, true));
    ASSERT_TRUE(input_->key(k, false));
  }

  desktop::OwnWindows own_;
  XServer server_{"800x600x24"};
  XClient client_{server_};
  std::unique_ptr<desktop::Input> input_;
};

TEST_F(X11Input, TypesWithTheShiftItNeeds) {
  ASSERT_TRUE(input_->text("Hello, World! {x} #1 ~\n"));
  EXPECT_EQ(receive_line(), U"Hello, World! {x} #1 ~");
  EXPECT_TRUE(eventually([&] { return client_.keys_down().empty(); }));
}

TEST_F(X11Input, TypesWhatTheLayoutDoesNotHave) {
  ASSERT_TRUE(input_->text("ä€Ж ß→あ😀\n"));
  EXPECT_EQ(receive_line(), U"ä€Ж ß→あ😀");
  EXPECT_TRUE(eventually([&] { return client_.keys_down().empty(); }));
}

TEST_F(X11Input, TypesMoreForeignCharactersThanThereAreSpareKeys) {
  const std::string alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОП";
  // The client reads while the text is being typed, as programs do.
  std::thread typist([&] { EXPECT_TRUE(input_->text(alphabet + "\n")); });
  auto line = receive_line();
  typist.join();
  EXPECT_EQ(line, U"абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОП");
}

TEST_F(X11Input, ReachesARealTerminal) {
  test::TempDir dir;
  auto file = dir / "typed";
  test::XProgram xterm(server_, {"xterm", "-u8", "-xrm", "XTerm*allowSendEvents:false", "-e", "sh", "-c",
                                 "stty -echo; echo ready > " + file.string() + ".ready; cat > " + file.string()});
  // Without a window manager the focus follows the pointer once it is set to PointerRoot.
  xcb_set_input_focus(client_.connection().get(), XCB_INPUT_FOCUS_POINTER_ROOT, XCB_INPUT_FOCUS_POINTER_ROOT,
                      XCB_CURRENT_TIME);
  xcb_unmap_window(client_.connection().get(), client_.window());
  client_.sync();
  ASSERT_TRUE(input_->pointer(100, 100, 0));
  auto content = [&](const std::string& name) {
    std::ifstream in(name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  ASSERT_TRUE(eventually([&] { return content(file.string() + ".ready") == "ready\n"; }));
  // The shell may run before its terminal's window is there to receive keys.
  auto* c = client_.connection().get();
  ASSERT_TRUE(eventually([&] {
    return x11::reply(xcb_query_pointer_reply, c, xcb_query_pointer(c, client_.connection().root()), "p")
               .value()
               ->child != 0;
  }));
  ASSERT_TRUE(input_->text("Ok: ä€Ж, done\n"));
  EXPECT_TRUE(eventually([&] { return content(file.string()).ends_with("\n"); }));
  EXPECT_EQ(content(file.string()), "Ok: ä€Ж, done\n");
}

TEST_F(X11Input, CapsLockOfTheUserDoesNotTurnTextAround) {
  tap(kCapsLock);
  ASSERT_TRUE(eventually([&] { return (client_.pointer_mask() & XCB_MOD_MASK_LOCK) != 0; }));
  ASSERT_TRUE(input_->text("aB1!\n"));
  EXPECT_EQ(receive_line(), U"aB1!");
}

TEST_F(X11Input, SmallLettersStaySmallWhileShiftIsHeld) {
  ASSERT_TRUE(input_->key(desktop::kKeyShiftL, true));
  tap('a');
  tap('B');
  ASSERT_TRUE(input_->key(desktop::kKeyShiftL, false));
  tap(desktop::kKeyReturn);
  EXPECT_EQ(receive_line(), U"aB");
}

TEST_F(X11Input, ShortcutsKeepTheModifiersOfTheTechnician) {
  ASSERT_TRUE(input_->key(kControlL, true));
  ASSERT_TRUE(input_->key(desktop::kKeyShiftL, true));
  tap('t');
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) {
    return std::ranges::any_of(seen, [](auto& e) { return e.key && e.down && (e.keysym | 0x20) == 't'; });
  }));
  for (const auto& e : all)
    EXPECT_TRUE(!e.key || !e.down || (e.keysym | 0x20) != 't' || (e.state & 5U) == 5U)
        << "Control and Shift are both on";
  input_->release_all();
}

TEST_F(X11Input, ReleaseAllLetsGoOfKeysAndButtons) {
  ASSERT_TRUE(input_->key(kControlL, true));
  ASSERT_TRUE(input_->key('x', true));
  ASSERT_TRUE(input_->pointer(10, 10, desktop::kButtonLeft | desktop::kButtonRight));
  const std::uint32_t both = XCB_BUTTON_MASK_1 | XCB_BUTTON_MASK_3;
  ASSERT_TRUE(eventually([&] { return client_.keys_down().size() == 2 && (client_.pointer_mask() & both) == both; }));
  input_->release_all();
  EXPECT_TRUE(client_.keys_down().empty());
  EXPECT_EQ(client_.pointer_mask(), 0U);
}

TEST_F(X11Input, GoingAwayLetsGoOfKeysAndGivesTheKeyboardBack) {
  auto mapping = [&] {
    auto* c = client_.connection().get();
    const auto& s = client_.connection().setup();
    auto map = x11::reply(xcb_get_keyboard_mapping_reply, c,
                          xcb_get_keyboard_mapping(c, s.min_keycode,
                                                   static_cast<std::uint8_t>(s.max_keycode - s.min_keycode + 1)),
                          "m")
                   .value();
    const auto* symbols = xcb_get_keyboard_mapping_keysyms(map.get());
    std::vector<std::pair<int, std::uint32_t>> out;  // which keysyms which key makes
    for (int i = 0; i < xcb_get_keyboard_mapping_keysyms_length(map.get()); ++i)
      if (symbols[i] != 0) out.emplace_back(i / map->keysyms_per_keycode, symbols[i]);
    return out;
  };
  auto before = mapping();
  ASSERT_TRUE(input_->key(desktop::kKeyShiftL, true));
  ASSERT_TRUE(input_->text("Ж"));
  EXPECT_TRUE(eventually([&] { return mapping() != before; }));
  input_.reset();
  EXPECT_TRUE(client_.keys_down().empty());
  EXPECT_EQ(mapping(), before);
}

TEST_F(X11Input, MovesAndClicksWhereToldAndReportsTheWheel) {
  ASSERT_TRUE(input_->pointer(321, 234, desktop::kButtonLeft));
  ASSERT_TRUE(input_->pointer(330, 240, 0));
  ASSERT_TRUE(input_->wheel(0, -2));
  ASSERT_TRUE(input_->wheel(1, 0));
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) { return seen.size() >= 8; }));
  EXPECT_EQ(all[0].button, 1U);
  EXPECT_TRUE(all[0].down);
  EXPECT_EQ(all[0].x, 321);
  EXPECT_EQ(all[0].y, 234);
  EXPECT_FALSE(all[1].down);
  EXPECT_EQ(all[1].x, 330);
  EXPECT_EQ(all[2].button, 5U);
  EXPECT_EQ(all[4].button, 5U);
  EXPECT_EQ(all[6].button, 7U);
}

TEST_F(X11Input, PointerOutsideTheScreenStaysOnIt) {
  ASSERT_TRUE(input_->pointer(-50, 100'000, 0));
  ASSERT_TRUE(input_->pointer(2'000'000'000, -2'000'000'000, 0));
  EXPECT_TRUE(client_.events().empty());
}

TEST_F(X11Input, RepeatedPressAndStrayReleaseAreIgnored) {
  ASSERT_TRUE(input_->key('x', false));
  ASSERT_TRUE(input_->key('x', true));
  ASSERT_TRUE(input_->key('x', true));
  ASSERT_TRUE(input_->key('x', false));
  tap(desktop::kKeyReturn);
  EXPECT_EQ(receive_line(), U"x");
}

TEST_F(X11Input, FunctionKeysArriveAsThemselves) {
  tap(kLeft);
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) { return seen.size() >= 2; }));
  EXPECT_EQ(all[0].keysym, kLeft);
}

TEST_F(X11Input, NothingReachesTheAppletsOwnWindows) {
  XClient applet_window(server_, {500, 400, 200, 100});
  own_.set({applet_window.window()});
  auto key = input_->key('y', true);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, base::Errc::denied);
  EXPECT_FALSE(input_->text("yes"));
  auto click = input_->pointer(550, 450, desktop::kButtonLeft);
  ASSERT_FALSE(click);
  EXPECT_EQ(click.error().code, base::Errc::denied);
  EXPECT_FALSE(input_->wheel(0, 1));
  EXPECT_TRUE(applet_window.events().empty());
  // Beside it all goes on.
  client_.focus();
  ASSERT_TRUE(input_->pointer(100, 100, desktop::kButtonLeft));
  ASSERT_TRUE(input_->pointer(100, 100, 0));
  ASSERT_TRUE(input_->text("n\n"));
  EXPECT_EQ(receive_line(), U"n");
}

TEST_F(X11Input, AWindowBelowThePointerGuardsKeysThatFollowThePointer) {
  XClient applet_window(server_, {500, 400, 200, 100});
  own_.set({applet_window.window()});
  ASSERT_TRUE(input_->pointer(550, 450, 0));
  xcb_set_input_focus(client_.connection().get(), XCB_INPUT_FOCUS_POINTER_ROOT, XCB_INPUT_FOCUS_POINTER_ROOT,
                      XCB_CURRENT_TIME);
  client_.sync();
  EXPECT_FALSE(input_->key('y', true));
  EXPECT_TRUE(applet_window.events().empty());
}

TEST_F(X11Input, LendsNoKeyToWhatIsNoCharacter) {
  auto* c = client_.connection().get();
  auto mapping = [&] {
    auto map = x11::reply(xcb_get_keyboard_mapping_reply, c, xcb_get_keyboard_mapping(c, 8, 248), "m").value();
    const auto* symbols = xcb_get_keyboard_mapping_keysyms(map.get());
    return std::vector<std::uint32_t>(symbols, symbols + xcb_get_keyboard_mapping_keysyms_length(map.get()));
  };
  const auto before = mapping();
  for (desktop::Keysym k :
       {0xfed5U /* Terminate_Server */, 0x1008fe01U /* XF86Switch_VT_1 */, 0U, 0xffffffffU, 0x0100d800U}) {
    auto key = input_->key(k, true);
    ASSERT_FALSE(key) << desktop::keysym_name(k);
    EXPECT_EQ(key.error().code, base::Errc::not_found);
  }
  EXPECT_EQ(mapping(), before);
  ASSERT_TRUE(input_->text("still here\n"));
  EXPECT_EQ(receive_line(), U"still here");
}

TEST_F(X11Input, SaysWhichCharacterCannotBeTyped) {
  auto result = input_->text("ok\x01");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Errc::not_found);
  EXPECT_NE(result.error().message().find("U+0001"), std::string::npos);
  ASSERT_TRUE(input_->text("\n"));
  EXPECT_EQ(receive_line(), U"ok") << "what stood before it was typed";
}

}  // namespace
}  // namespace rescue::applet
