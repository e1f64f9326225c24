// SPDX-License-Identifier: Apache-2.0
// Keyboards of several countries at both ends: what the technician means is what the machine's programs get.
#include <gtest/gtest.h>

#include "applet/x11/host.hpp"
#include "base/utf8.hpp"
#include "desktop/keysym.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using desktop::Keysym;
using test::SeenEvent;
using test::typed;

/// A key as a console sends it: place (linux/input-event-codes.h) and what it makes there.
struct Stroke {
  std::uint32_t code;
  Keysym keysym;
  bool shift = false;  // held at the technician's end
  bool altgr = false;
};
constexpr std::uint32_t kLeftShift = 42, kRightAlt = 100, kEnter = 28;
constexpr Keysym kShiftL = 0xffe1, kReturn = 0xff0d;

struct Row {
  const char* layout;  // of the machine
  std::vector<Stroke> strokes;
  std::u32string_view arrives;
  std::string_view text;  // typed as text, and arrives as it is
};
void PrintTo(const Row& r, std::ostream* out) { *out << r.layout; }

class X11Layouts : public testing::TestWithParam<Row> {
 protected:
  void use(const std::string& layout) {
    const auto command = "DISPLAY=" + server_.display() + " setxkbmap " + layout + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    client_.sync();
  }
  void press(const Stroke& s) {
    if (s.shift) {
      ASSERT_TRUE(input_->key_at(kLeftShift, kShiftL, true));
    }
    if (s.altgr) {
      ASSERT_TRUE(input_->key_at(kRightAlt, desktop::kKeyLevel3Shift, true));
    }
    const auto down = input_->key_at(s.code, s.keysym, true);
    ASSERT_TRUE(down) << down.error().message();
    ASSERT_TRUE(input_->key_at(s.code, s.keysym, false));
    if (s.altgr) {
      ASSERT_TRUE(input_->key_at(kRightAlt, desktop::kKeyLevel3Shift, false));
    }
    if (s.shift) {
      ASSERT_TRUE(input_->key_at(kLeftShift, kShiftL, false));
    }
  }
  std::u32string line() {
    std::vector<SeenEvent> all;
    EXPECT_TRUE(client_.wait_events(all, [](const auto& seen) { return typed(seen).ends_with(U'\n'); }));
    auto text = typed(all);
    if (!text.empty()) text.pop_back();
    return text;
  }

  desktop::OwnWindows own_;
  test::XServer server_{"320x200x24"};
  test::XClient client_{server_, {0, 0, 320, 200}};
  std::unique_ptr<desktop::Input> input_ = x11::make_input(server_.display(), own_, 0xffc9).value();
};

// The technician's keyboard is American in the first strokes of each row, then one of the machine's kind.
INSTANTIATE_TEST_SUITE_P(
    Matrix, X11Layouts,
    testing::Values(
        Row{"us", {{21, 'y'}, {3, '@', true}, {16, 'q'}, {39, 0xf6}}, U"y@qö", "y@|{}~\\"},
        Row{"de",
            {{21, 'y'}, {44, 'z'}, {3, '@', true}, {12, '-'}, {16, '@', false, true}, {39, 0xf6}},
            U"yz@-@ö",
            "z@{[]}\\~|äöüß€µ"},
        Row{"fr",
            {{16, 'q'}, {30, 'a'}, {2, '1'}, {50, 'm'}, {3, '2', true}, {3, 0xe9}},
            U"qa1m2é",
            "azerty 123 éèçà@#{}€"},
        Row{"ru", {{30, 'a'}, {30, 0x6c6}, {30, 0x6e6, true}, {3, '@', true}}, U"aфФ@", "Привет, мир! ёЁ№ abc @"},
        Row{"jp", {{3, '@', true}, {26, '['}, {13, '=', true}, {26, '@'}}, U"@[=@", "@[]^_\\{}~ あ"}));

TEST_P(X11Layouts, CharactersArriveWhateverTheKeyboardsAre) {
  use(GetParam().layout);
  for (const auto& stroke : GetParam().strokes) press(stroke);
  press({kEnter, kReturn});
  EXPECT_EQ(line(), GetParam().arrives);
  ASSERT_TRUE(input_->text(std::string(GetParam().text) + "\n"));
  std::u32string wanted;
  for (std::size_t at = 0; at < GetParam().text.size();) wanted.push_back(base::next_code_point(GetParam().text, at));
  EXPECT_EQ(line(), wanted);
  client_.sync();
  EXPECT_TRUE(client_.keys_down().empty());
}

TEST_F(X11Layouts, AnotherLayoutInMidSessionIsFollowed) {
  for (const auto& [layout, text] : {std::pair{"us", U"y"}, {"de", U"y"}, {"fr", U"y"}, {"us", U"y"}}) {
    use(layout);
    press({21, 'y'});
    press({kEnter, kReturn});
    EXPECT_EQ(line(), text) << layout;
  }
}

TEST_F(X11Layouts, APlaceAloneMakesWhatTheMachinesKeyboardMakesOfIt) {
  for (const auto& [layout, text] : {std::pair{"us", U"yY"}, {"de", U"zZ"}, {"ru", U"нН"}}) {
    use(layout);
    press({21, 0});
    press({21, 0, true});
    press({kEnter, 0});
    EXPECT_EQ(line(), text) << layout;
  }
  EXPECT_EQ(input_->key_at(700, 0, true).error().code, base::Errc::not_found);
  EXPECT_TRUE(client_.keys_down().empty());
}

TEST_F(X11Layouts, TheKeyOfThatPlaceIsPressedAndNotItsNamesake) {
  // "1" of the keypad, and the right Shift.
  ASSERT_TRUE(input_->key_at(54, 0xffe2, true));
  for (int i = 0; i < 500 && client_.keys_down().empty(); ++i) client_.sync();
  EXPECT_EQ(client_.keys_down(), std::vector<std::uint8_t>{54 + 8});
  ASSERT_TRUE(input_->key_at(54, 0xffe2, false));
}

TEST_F(X11Layouts, ModifiersGoDownAndUpInTheOrderInWhichTheyCame) {
  for (const auto& [code, keysym] : {std::pair{29u, 0xffe3u}, {56u, 0xffe9u}, {42u, 0xffe1u}, {111u, 0xffffu}})
    ASSERT_TRUE(input_->key_at(code, keysym, true));
  for (const auto& [code, keysym] : {std::pair{111u, 0xffffu}, {42u, 0xffe1u}, {56u, 0xffe9u}, {29u, 0xffe3u}})
    ASSERT_TRUE(input_->key_at(code, keysym, false));
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) { return seen.size() >= 8; }));
  std::vector<std::pair<bool, std::uint32_t>> order;
  for (const auto& e : all)
    if (e.key) order.emplace_back(e.down, e.down ? e.state & 0xd : 0);
  const std::vector<std::pair<bool, std::uint32_t>> wanted = {{true, 0},  {true, 4},  {true, 12}, {true, 13},
                                                              {false, 0}, {false, 0}, {false, 0}, {false, 0}};
  EXPECT_EQ(order, wanted);
}

TEST_F(X11Layouts, AReleaseFindsItsPressWhateverTheKeyMakesByThen) {
  ASSERT_TRUE(input_->key_at(kLeftShift, kShiftL, true));
  ASSERT_TRUE(input_->key_at(3, '@', true));
  ASSERT_TRUE(input_->key_at(kLeftShift, kShiftL, false));
  ASSERT_TRUE(input_->key_at(3, '2', false));
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) { return seen.size() >= 4; }));
  EXPECT_TRUE(client_.keys_down().empty());
}

TEST_F(X11Layouts, TheUsersKeyIsReachedByNeitherNameNorPlace) {
  EXPECT_EQ(input_->key(0xffc9, true).error().code, base::Errc::denied);
  EXPECT_EQ(input_->key_at(88, 0, true).error().code, base::Errc::denied);
  EXPECT_EQ(input_->key_at(88, 0xffc9, true).error().code, base::Errc::denied);
  // Another symbol of the same key: XF86Switch_VT_12 on its fifth level is not found, and nothing is pressed.
  EXPECT_FALSE(input_->key(0x1008fe0c, true));
  ASSERT_TRUE(input_->key_at(87, 0xffc8, true)) << "the key beside it";
  EXPECT_TRUE(input_->key_at(87, 0xffc8, false));
  std::vector<SeenEvent> all;
  ASSERT_TRUE(client_.wait_events(all, [](const auto& seen) { return seen.size() >= 2; }));
  EXPECT_EQ(all.front().keysym, 0xffc8u);
}

}  // namespace
}  // namespace rescue::applet
