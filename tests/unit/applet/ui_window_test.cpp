// SPDX-License-Identifier: Apache-2.0
// The window as a person uses it: a real window on a real X server, clicked and typed at from outside.
#include <algorithm>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "applet/x11/host.hpp"
#include "desktop/keysym.hpp"
#include "support/paths.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using test::XClient;
using test::XServer;

// applet_ui_probe, spoken to by lines.
class Probe {
 public:
  explicit Probe(const XServer& server) {
    int in[2], out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    const auto path = (test::binary_dir() / "tests" / "applet_ui_probe").string();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      setenv("DISPLAY", server.display().c_str(), 1);
      dup2(in[0], 0);
      dup2(out[1], 1);
      execl(path.c_str(), path.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Probe() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(to_);
    close(from_);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  void tell(const std::string& line) {
    const auto text = line + "\n";
    EXPECT_EQ(write(to_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// The next line, "" when none comes in time.
  std::string line(base::Duration limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (buffer_.find('\n') == std::string::npos) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      pollfd p{from_, POLLIN, 0};
      char chunk[256];
      if (left <= 0 || poll(&p, 1, static_cast<int>(left)) <= 0) return "";
      const auto n = read(from_, chunk, sizeof chunk);
      if (n <= 0) return "";
      buffer_.append(chunk, static_cast<std::size_t>(n));
    }
    auto out = buffer_.substr(0, buffer_.find('\n'));
    buffer_.erase(0, out.size() + 1);
    return out;
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  std::string buffer_;
};

struct Window {
  xcb_window_t id = 0;
  screen::Rect area;
};

class UserWindow : public testing::Test {
 protected:
  std::optional<Window> find(const std::string& title) { return find(title, client_.connection().root()); }
  // A window manager puts windows into frames.
  std::optional<Window> find(const std::string& title, xcb_window_t above) {
    auto* c = client_.connection().get();
    auto tree = x11::reply(xcb_query_tree_reply, c, xcb_query_tree(c, above), "tree");
    if (!tree) return std::nullopt;
    const auto* all = xcb_query_tree_children(tree->get());
    for (int i = 0; i < xcb_query_tree_children_length(tree->get()); ++i) {
      if (auto inside = find(title, all[i])) return inside;
      auto name =
          x11::reply(xcb_get_property_reply, c,
                     xcb_get_property(c, 0, all[i], XCB_ATOM_WM_NAME, XCB_GET_PROPERTY_TYPE_ANY, 0, 64), "name");
      auto attributes =
          x11::reply(xcb_get_window_attributes_reply, c, xcb_get_window_attributes(c, all[i]), "attributes");
      auto area = x11::reply(xcb_get_geometry_reply, c, xcb_get_geometry(c, all[i]), "geometry");
      if (!name || !attributes || !area || (*attributes)->map_state != XCB_MAP_STATE_VIEWABLE) continue;
      const std::string_view text(static_cast<const char*>(xcb_get_property_value(name->get())),
                                  static_cast<std::size_t>(xcb_get_property_value_length(name->get())));
      if (text == title) return Window{all[i], {(*area)->x, (*area)->y, (*area)->width, (*area)->height}};
    }
    return std::nullopt;
  }
  std::optional<Window> wait_for(const std::string& title, bool there = true) {
    for (auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
      auto found = find(title);
      if (found.has_value() == there) return found;
      poll(nullptr, 0, 10);
    }
    ADD_FAILURE() << "window '" << title << "' " << (there ? "did not come" : "did not go");
    return std::nullopt;
  }
  void click(std::int32_t x, std::int32_t y) {
    ASSERT_TRUE(hand_->pointer(x, y, 0));
    ASSERT_TRUE(hand_->pointer(x, y, desktop::kButtonLeft));
    ASSERT_TRUE(hand_->pointer(x, y, 0));
  }
  // The person reads before answering; a question is deaf that long anyway.
  static void read_it() { poll(nullptr, 0, 700); }
  void focus(const Window& w) {
    xcb_set_input_focus(client_.connection().get(), XCB_INPUT_FOCUS_PARENT, w.id, XCB_CURRENT_TIME);
    client_.sync();
  }
  // Buttons stand side by side at the lower edge.
  screen::Point button(const Window& w, int index, int count) {
    const std::int32_t width = w.area.width / count;
    return {w.area.x + width * index + width / 2, w.area.y + w.area.height - 44};
  }

  xcb_window_t focused() {
    auto* c = client_.connection().get();
    return x11::reply(xcb_get_input_focus_reply, c, xcb_get_input_focus(c), "focus").value()->focus;
  }
  void type_slowly(std::string_view text) {
    for (const char c : text) {
      ASSERT_TRUE(hand_->text(std::string(1, c)));
      poll(nullptr, 0, 30);
    }
  }
  void tap(desktop::Keysym key) {
    ASSERT_TRUE(hand_->key(key, true));
    ASSERT_TRUE(hand_->key(key, false));
  }
  // Types into the chat; the question comes in the middle, and `meddle` is what a window manager does about it.
  void type_while_asked(const std::function<void()>& meddle) {
    auto window = wait_for(kMain).value();
    probe_.tell(std::string(kAda) + "1 0 0 0");
    poll(nullptr, 0, 300);  // until the line to type in has woken up with the link
    focus(window);
    type_slowly("yes, no ");
    probe_.tell("prompt 3 desktop_view 60");
    meddle();
    // Longer than the question is deaf, with every key that could mean an answer.
    type_slowly("y n o y n o  y n o y n o  y n o ok");
    EXPECT_EQ(focused(), window.id) << "the keyboard stays where it was";
    tap(0xff0d);
    EXPECT_EQ(probe_.line(), "says yes, no y n o y n o  y n o y n o  y n o ok");
    EXPECT_TRUE(find(kQuestion)) << "it waits for its answer";
    EXPECT_EQ(probe_.line(200ms), "");
  }

  static constexpr auto kMain = "Rescue: remote help";
  static constexpr auto kQuestion = "Rescue: your permission";
  static constexpr auto kSign = "Rescue: in progress";
  static constexpr auto kAda = "person Ada Lovelace|ada@example.org|Example Support|";
  desktop::OwnWindows none_;
  XServer server_{"1000x760x24"};
  XClient client_{server_, {0, 700, 10, 10}};
  std::unique_ptr<desktop::Input> hand_ = x11::make_input(server_.display(), none_).value();  // the person's
  Probe probe_{server_};
};

TEST_F(UserWindow, AQuestionIsAnsweredByMouse) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("prompt 3 desktop_view 60");
  auto question = wait_for(kQuestion).value();
  read_it();
  auto yes = button(question, 0, 2);
  click(yes.x, yes.y);
  EXPECT_EQ(probe_.line(), "answered 3 yes");
  wait_for(kQuestion, false);
  probe_.tell("prompt 4 remote_control 60");
  question = wait_for(kQuestion).value();
  read_it();
  auto no = button(question, 1, 2);
  click(no.x, no.y);
  EXPECT_EQ(probe_.line(), "answered 4 no");
}

TEST_F(UserWindow, AQuestionIsAnsweredByKeyboardOnlyByWhoTurnsToIt) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("single 5 60");
  auto question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  read_it();
  ASSERT_TRUE(hand_->key(0xffe9, true));  // Alt
  ASSERT_TRUE(hand_->key('o', true));
  ASSERT_TRUE(hand_->key('o', false));
  ASSERT_TRUE(hand_->key(0xffe9, false));
  EXPECT_EQ(probe_.line(), "answered 5 one_by_one");
  wait_for(kQuestion, false);
  probe_.tell("prompt 6 desktop_view 60");
  question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  ASSERT_TRUE(hand_->key(0xffe9, true));
  tap('y');
  ASSERT_TRUE(hand_->key(0xffe9, false));
  EXPECT_EQ(probe_.line(300ms), "") << "the keyboard has only just come";
  read_it();
  for (const auto key : {desktop::Keysym{' '}, desktop::Keysym{0xff0d}, desktop::Keysym{'y'}}) {
    tap(key);
    EXPECT_EQ(probe_.line(200ms), "") << "neither Space, Return nor a letter says anything";
  }
  read_it();
  tap(0xff09);
  tap('x');
  tap(' ');
  EXPECT_EQ(probe_.line(300ms), "") << "somebody types";
  read_it();
  tap(' ');
  EXPECT_EQ(probe_.line(), "answered 6 no") << "Tab comes to No first";
  wait_for(kQuestion, false);
  probe_.tell("prompt 7 desktop_view 60");
  question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  read_it();
  tap(0xff1b);
  EXPECT_EQ(probe_.line(), "answered 7 no");
}

TEST_F(UserWindow, AQuestionWithAScriptIsAnsweredByMouseAndByKeyboard) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("script 11 #!/bin/sh|echo one|echo two");
  auto question = wait_for(kQuestion).value();
  read_it();
  auto yes = button(question, 0, 2);
  click(yes.x, yes.y);
  EXPECT_EQ(probe_.line(), "question 11 yes");
  wait_for(kQuestion, false);
  probe_.tell("script 12 #!/bin/sh|echo one");
  question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  read_it();
  ASSERT_TRUE(hand_->key(0xffe9, true));  // Alt
  tap('n');
  ASSERT_TRUE(hand_->key(0xffe9, false));
  EXPECT_EQ(probe_.line(), "question 12 no") << "Alt+N is No whatever the buttons say";
  wait_for(kQuestion, false);
  probe_.tell("script 13 x");
  ASSERT_TRUE(wait_for(kQuestion));
  probe_.tell("close_question 13");
  wait_for(kQuestion, false);
  EXPECT_EQ(probe_.line(100ms), "");
}

TEST_F(UserWindow, DigitsAreTypedAndNothingElse) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("digits 14");
  auto question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  read_it();
  tap(0xff09);  // to No
  tap(0xff09);  // to the line
  type_slowly("04x29");
  tap(0xff0d);
  EXPECT_EQ(probe_.line(300ms), "") << "four digits are not six";
  ASSERT_TRUE(find(kQuestion));
  type_slowly("17");
  poll(nullptr, 0, 600);
  tap(0xff0d);
  EXPECT_EQ(probe_.line(), "question 14 yes 042917");
}

TEST_F(UserWindow, AnAccountIsTypedIntoTwoLines) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("account 15");
  auto question = wait_for(kQuestion).value();
  read_it();
  focus(question);
  read_it();
  tap(0xff09);
  tap(0xff09);
  type_slowly("root");
  tap(0xff09);
  type_slowly("secret");
  poll(nullptr, 0, 600);
  tap(0xff0d);
  EXPECT_EQ(probe_.line(), "question 15 yes root secret");
}

TEST_F(UserWindow, WhatIsTypedElsewhereFillsNoLine) {
  auto window = wait_for(kMain).value();
  probe_.tell(std::string(kAda) + "1 0 0 0");
  poll(nullptr, 0, 300);
  focus(window);
  probe_.tell("account 16");
  ASSERT_TRUE(wait_for(kQuestion));
  type_slowly("typed into the chat");
  tap(0xff0d);
  EXPECT_EQ(probe_.line(), "says typed into the chat");
  EXPECT_TRUE(find(kQuestion));
}

TEST_F(UserWindow, TheSignGrowsUntilItNamesEverythingThatIsOn) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell(std::string(kAda) + "1 1 0 0");
  const auto small = wait_for(kSign).value().area;
  probe_.tell(std::string(kAda) + "1 1 1 1 files_in files_out file_manager clipboard script reboot");
  auto sign = small;
  for (int i = 0; i < 500 && sign.height <= small.height; ++i) {
    poll(nullptr, 0, 20);
    sign = find(kSign).value().area;
  }
  EXPECT_GT(sign.height, small.height);
  EXPECT_EQ(sign.width, small.width);
  // Its button is where it was.
  click(small.x + small.width - 60, small.y + small.height / 2);
  EXPECT_EQ(probe_.line(), "revokes_all");
}

TEST_F(UserWindow, ChatGoesOnWhileAQuestionAppears) {
  type_while_asked([] {});
}

TEST_F(UserWindow, ChatGoesOnWhereAWindowManagerGivesTheKeyboardToNewWindows) {
  test::XProgram manager(server_, {"openbox"});
  ASSERT_TRUE(wait_for(kMain));
  auto* c = client_.connection().get();
  const auto root = client_.connection().root();
  const auto framed = [&] {
    auto window = find(kMain);
    if (!window) return false;
    auto tree = x11::reply(xcb_query_tree_reply, c, xcb_query_tree(c, window->id), "tree");
    return tree && (*tree)->parent != root;
  };
  for (auto end = std::chrono::steady_clock::now() + 20s; !framed() && std::chrono::steady_clock::now() < end;)
    poll(nullptr, 0, 20);
  ASSERT_TRUE(framed()) << "the window manager is at work";
  type_while_asked([] {});
}

TEST_F(UserWindow, ChatGoesOnEvenWhereTheKeyboardIsForcedUponTheQuestion) {
  type_while_asked([this] { focus(wait_for(kQuestion).value()); });
}

TEST_F(UserWindow, AQuestionIsDeafInItsFirstHalfSecond) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("prompt 3 desktop_view 60");
  const auto shown = std::chrono::steady_clock::now();
  auto question = wait_for(kQuestion).value();
  auto yes = button(question, 0, 2);
  bool early = false;
  while (std::chrono::steady_clock::now() < shown + 350ms) {
    click(yes.x, yes.y);
    early = early || !probe_.line(20ms).empty();
  }
  EXPECT_FALSE(early);
  read_it();
  click(yes.x, yes.y);
  EXPECT_EQ(probe_.line(), "answered 3 yes");
}

TEST_F(UserWindow, AQuestionThatTheCoreClosesIsGone) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("prompt 3 desktop_view 60");
  ASSERT_TRUE(wait_for(kQuestion));
  probe_.tell("close 3");
  wait_for(kQuestion, false);
  EXPECT_EQ(probe_.line(100ms), "");
}

TEST_F(UserWindow, TheSignStandsWhileSomethingIsOnAndStopsIt) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell(std::string(kAda) + "1 0 0 0");
  EXPECT_FALSE(find(kSign));
  probe_.tell(std::string(kAda) + "1 1 1 0");
  auto sign = wait_for(kSign).value();
  // Another program that covers the top of the screen does not hide it for long.
  XClient rude(server_, {0, 0, 1000, 100});
  auto on_top = [&] {
    auto* c = client_.connection().get();
    auto tree = x11::reply(xcb_query_tree_reply, c, xcb_query_tree(c, client_.connection().root()), "tree").value();
    const auto count = xcb_query_tree_children_length(tree.get());
    return count > 0 && xcb_query_tree_children(tree.get())[count - 1] == sign.id;
  };
  for (auto end = std::chrono::steady_clock::now() + 10s; !on_top() && std::chrono::steady_clock::now() < end;)
    poll(nullptr, 0, 20);
  EXPECT_TRUE(on_top());
  click(sign.area.x + sign.area.width - 60, sign.area.y + sign.area.height / 2);
  EXPECT_EQ(probe_.line(), "revokes_all");
  probe_.tell(std::string(kAda) + "1 0 0 0");
  wait_for(kSign, false);
}

TEST_F(UserWindow, TheRevokeKeyWorksWhereverTheFocusIs) {
  ASSERT_TRUE(wait_for(kMain));
  client_.focus();
  ASSERT_TRUE(hand_->key(0xffc9, true));
  ASSERT_TRUE(hand_->key(0xffc9, false));
  EXPECT_EQ(probe_.line(), "revokes_all");
}

TEST_F(UserWindow, ChatIsTypedAndSpaceStopsNothing) {
  auto window = wait_for(kMain).value();
  probe_.tell(std::string(kAda) + "1 0 0 0");
  probe_.tell("own");
  EXPECT_EQ(probe_.line(), "own 1") << "the window knows itself as its own";
  focus(window);
  poll(nullptr, 0, 300);  // until the line to type in has woken up with the link
  ASSERT_TRUE(hand_->text("my printer is stuck\n"));
  EXPECT_EQ(probe_.line(), "says my printer is stuck");
}

TEST_F(UserWindow, ClosesAfterTheLastWords) {
  ASSERT_TRUE(wait_for(kMain));
  probe_.tell("prompt 3 desktop_view 60");
  ASSERT_TRUE(wait_for(kQuestion));
  probe_.tell("end The session was closed by the technician.");
  wait_for(kQuestion, false);
  EXPECT_EQ(probe_.line(20s), "over");
}

TEST(UserWindowWithoutDisplay, SaysSo) {
  const auto command = "DISPLAY=:9998 " + (test::binary_dir() / "tests" / "applet_ui_probe").string() + " 2>/dev/null";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

}  // namespace
}  // namespace rescue::applet
