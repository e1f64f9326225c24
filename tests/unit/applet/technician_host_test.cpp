// SPDX-License-Identifier: Apache-2.0
// Sessions between the applet's inside and a console core, at the synthetic desktop and at a real X server.
#include <algorithm>
#include <fstream>

#include "applet/headless/synthetic_desktop.hpp"
#include "applet/x11/host.hpp"
#include "unit/applet/session_rig.hpp"
#include "unit/applet/x_server.hpp"
#include "wire/session_messages.hpp"

namespace rescue::applet {
namespace {
using test::Rig;
using wire::Permission;
using namespace std::chrono_literals;

class AtSyntheticDesktop : public testing::Test {
 protected:
  SyntheticDesktop desktop_{{5, {{640, 400}, {320, 200}}, 10ms},
                            [this](std::string_view what, const std::string& value) {
                              std::lock_guard lock(mutex_);
                              seen_[std::string(what)] = value;
                            }};
  Rig rig_{[this] { return base::Result<std::unique_ptr<desktop::Capture>>(desktop_.make_capture()); },
           desktop_.make_input()};
  std::string seen(const std::string& what) {
    std::lock_guard lock(mutex_);
    return seen_[what];
  }
  std::mutex mutex_;
  std::map<std::string, std::string> seen_;
};

TEST_F(AtSyntheticDesktop, TheConsoleSeesTheDesktopExactly) {
  ASSERT_TRUE(rig_.view());
  ASSERT_TRUE(rig_.until([&] { return rig_.frames >= 20 && !rig_.picture.empty(); }));
  rig_.console->stop_view(rig_.now());
  ASSERT_TRUE(rig_.until([&] { return !rig_.ui.person.status.viewing; }));
  // The last picture decoded must be one of those that the desktop makes. Where the machine is slow they come in parts.
  SyntheticDesktop same({5, {{640, 400}, {320, 200}}, 1ms});
  auto capture = same.make_capture();
  ASSERT_TRUE(capture->start(1));
  screen::Frame frame;
  bool found = false;
  for (int i = 0; i < 2000 && !found; ++i) {
    ASSERT_TRUE(capture->grab(frame));
    found = frame == rig_.picture;
  }
  EXPECT_TRUE(found);
}

TEST_F(AtSyntheticDesktop, OldPicturesNeverQueueUp) {
  rig_.decode_screens = false;
  ASSERT_TRUE(rig_.ask(Permission::desktop_view, true));
  ASSERT_TRUE(rig_.console->start_view(0, 60, rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return rig_.held.size() >= session::kScreenPacketsInFlight; }));
  rig_.run_for(400ms);
  EXPECT_EQ(rig_.held.size(), session::kScreenPacketsInFlight) << "a console that does not keep up gets no more";
  // Once it does, the picture goes on.
  for (const auto& s : rig_.held) rig_.show(s);
  rig_.decode_screens = true;
  EXPECT_TRUE(rig_.until([&] { return rig_.frames > 12; }));
}

TEST_F(AtSyntheticDesktop, SwitchesTheDisplay) {
  ASSERT_TRUE(rig_.view());
  EXPECT_EQ(rig_.decoder.canvas().size(), (screen::Size{640, 400}));
  ASSERT_EQ(rig_.console->displays().size(), 2U);
  ASSERT_TRUE(rig_.console->start_view(rig_.console->displays()[1].id, 30, rig_.now()));
  EXPECT_TRUE(rig_.until([&] { return rig_.decoder.canvas().size() == screen::Size{320, 200}; }));
}

TEST_F(AtSyntheticDesktop, TypesAndClicksOnTheDisplayThatIsMeant) {
  ASSERT_TRUE(rig_.view());
  ASSERT_TRUE(rig_.control());
  ASSERT_TRUE(rig_.console->type_text("hello äЖ", rig_.now()));
  EXPECT_TRUE(rig_.until([&] { return seen("text") == "hello äЖ"; })) << seen("text");
  const auto second = rig_.console->displays()[1].id;
  ASSERT_TRUE(rig_.console->pointer(second, 10, 20, 0, 0, 0, rig_.now()));
  EXPECT_TRUE(rig_.until([&] { return seen("pointer") == "650,20,0"; })) << seen("pointer");
}

TEST_F(AtSyntheticDesktop, NothingIsInjectedAfterTheUserTakesControlBack) {
  ASSERT_TRUE(rig_.control());
  ASSERT_TRUE(rig_.console->type_text("a", rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return seen("text") == "a"; }));
  rig_.core->user_revokes_all(rig_.now());
  rig_.host->drain(rig_.now());
  std::ignore = rig_.console->type_text("b", rig_.now());
  rig_.run_for(200ms);
  EXPECT_EQ(seen("text"), "a");
  EXPECT_FALSE(rig_.ui.person.status.controlling);
}

TEST_F(AtSyntheticDesktop, RevokingStopsThePictureAtOnce) {
  ASSERT_TRUE(rig_.view());
  rig_.core->user_revokes(Permission::desktop_view, rig_.now());
  rig_.host->drain(rig_.now());
  EXPECT_FALSE(rig_.ui.person.status.viewing);
  ASSERT_TRUE(rig_.until([&] { return !rig_.console->viewing(); }));
  rig_.run_for(100ms);
  const auto frames = rig_.frames;
  rig_.run_for(300ms);
  EXPECT_EQ(rig_.frames, frames);
}

TEST_F(AtSyntheticDesktop, ReceivesAFileOnlyUnderItsNameAndWithEqualHashes) {
  rig_.to_send.resize(700'000);
  rig_.random.fill(rig_.to_send);
  ASSERT_TRUE(rig_.ask(Permission::send_files, true));
  ASSERT_TRUE(rig_.console->send_file("driver.bin", rig_.to_send.size(), rig_.now().wall, rig_.now()));
  const auto path = rig_.dir.path() / "downloads" / "driver.bin";
  ASSERT_TRUE(rig_.until([&] { return std::filesystem::exists(path); }));
  std::ifstream in(path, std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(content, base::as_text(rig_.to_send));
  ASSERT_TRUE(
      rig_.until([&] { return !rig_.audit.empty() && rig_.audit.back().type == session::audit_type::kFileReceived; }));
  auto hasher = file_hasher()();
  hasher->update(rig_.to_send);
  const auto digests = hasher->finish();
  EXPECT_EQ(std::get<std::string>(*rig_.audit.back().find("sha256")), base::to_hex(digests.sha256));
  EXPECT_EQ(std::get<std::string>(*rig_.audit.back().find("md5")), base::to_hex(digests.md5));
}

TEST_F(AtSyntheticDesktop, ABrokenOffFileLeavesNothingBehind) {
  rig_.to_send.resize(8'000'000);
  ASSERT_TRUE(rig_.ask(Permission::send_files, true));
  auto id = rig_.console->send_file("driver.bin", rig_.to_send.size(), rig_.now().wall, rig_.now()).value();
  const auto folder = rig_.dir.path() / "downloads";
  ASSERT_TRUE(rig_.until([&] { return std::filesystem::exists(folder) && !std::filesystem::is_empty(folder); }));
  rig_.console->cancel_file(id, rig_.now());
  EXPECT_TRUE(rig_.until([&] { return std::filesystem::is_empty(folder); }));
}

TEST_F(AtSyntheticDesktop, SendsTheFileThatTheUserPicks) {
  const auto path = rig_.dir.path() / "my report.txt";
  std::ofstream(path) << std::string(300'000, 'r');
  ASSERT_TRUE(rig_.ask(Permission::receive_files, true));
  ASSERT_TRUE(rig_.console->request_file(rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return !rig_.ui.questions.empty(); }));
  EXPECT_EQ(rig_.ui.questions[0].email, "ada@example.org");
  rig_.store.offer(PersonId(1), rig_.ui.questions[0].request, path);
  ASSERT_TRUE(rig_.until([&] { return rig_.file_done; }));
  EXPECT_EQ(rig_.received_name, "my report.txt");
  EXPECT_EQ(rig_.received.size(), 300'000U);
}

TEST_F(AtSyntheticDesktop, AFileThatShrinksWhileItIsSentIsBrokenOff) {
  const auto path = rig_.dir.path() / "log.txt";
  std::ofstream(path) << std::string(6'000'000, 'r');
  ASSERT_TRUE(rig_.ask(Permission::receive_files, true));
  ASSERT_TRUE(rig_.console->request_file(rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return !rig_.ui.questions.empty(); }));
  rig_.store.offer(PersonId(1), rig_.ui.questions[0].request, path);
  ASSERT_TRUE(rig_.until([&] { return !rig_.received.empty(); }));
  std::filesystem::resize_file(path, 10);
  ASSERT_TRUE(rig_.until([&] {
    return std::ranges::any_of(rig_.ui.files, [](const auto& e) {
      const auto* done = std::get_if<session::FileFinished>(&e);
      return done != nullptr && done->reason == session::FileStop::source;
    });
  }));
  EXPECT_FALSE(rig_.file_done);
}

TEST_F(AtSyntheticDesktop, SystemInformationGoesOutAfterConsentOnly) {
  EXPECT_FALSE(rig_.console->request_sysinfo({}, rig_.now()));
  ASSERT_TRUE(rig_.ask(Permission::system_information, true));
  ASSERT_TRUE(rig_.console->request_sysinfo({"system", "memory"}, rig_.now()));
  const session::SysinfoArrived* info = nullptr;
  ASSERT_TRUE(rig_.until([&] {
    for (const auto& e : rig_.events)
      if (const auto* i = std::get_if<session::SysinfoArrived>(&e)) info = i;
    return info != nullptr;
  }));
  ASSERT_EQ(info->sections.size(), 2U);
  EXPECT_EQ(info->sections[0].name, "system");
}

TEST_F(AtSyntheticDesktop, ShowsWhoHelpsAndWhoTalks) {
  ASSERT_TRUE(rig_.until([&] { return rig_.ui.person.status.linked; }));
  EXPECT_EQ(rig_.ui.person.name, "Ada Lovelace");
  ASSERT_TRUE(rig_.console->chat("hello", rig_.now()));
  ASSERT_TRUE(rig_.until([&] { return !rig_.ui.chat.empty(); }));
  EXPECT_EQ(rig_.ui.chat[0].text, "hello");
  rig_.host.reset();
  EXPECT_TRUE(rig_.ui.removed);
}

// A console that sends whatever it likes, without asking. Seen from outside: a client of the same X server.
TEST(AHostileConsole, MovesNothingOnARealDesktopBeforeConsent) {
  test::XServer server("640x480x24");
  test::XClient client(server, {0, 0, 640, 480});
  client.warp(50, 60);
  desktop::OwnWindows own;
  Rig rig([&] { return x11::make_capture({server.display(), true}); }, x11::make_input(server.display(), own).value());
  ASSERT_TRUE(rig.until([&] { return rig.ui.person.status.linked; }));
  auto attack = [&] {
    namespace m = wire::session;
    auto send = [&](wire::Channel channel, auto make) {
      flatbuffers::FlatBufferBuilder b;
      auto body = make(b);
      ASSERT_TRUE(rig.console_link.send(channel, wire::finish(b, body)));
    };
    send(wire::Channel::control, [](auto& b) { return m::CreateViewStart(b, 0, 60); });
    send(wire::Channel::control, [](auto& b) { return m::CreateControlStart(b, 1); });
    send(wire::Channel::control, [](auto& b) { return m::CreateKeyframeRequest(b, 0); });
    send(wire::Channel::input, [](auto& b) { return m::CreateInputKey(b, 'x', 0, true); });
    send(wire::Channel::input, [](auto& b) { return m::CreateInputKey(b, 'x', 0, false); });
    send(wire::Channel::input, [](auto& b) { return m::CreateInputTextDirect(b, "rm -rf"); });
    send(wire::Channel::input, [](auto& b) { return m::CreateInputPointer(b, 0, 300, 200, 1, 0, 1); });
  };
  attack();
  rig.run_for(300ms);
  attack();  // while the prompt that the console now rightly asks for is open
  ASSERT_TRUE(rig.console->ask(Permission::remote_control, rig.now()));
  ASSERT_TRUE(rig.until([&] { return !rig.ui.prompts.empty(); }));
  attack();
  rig.run_for(300ms);
  EXPECT_TRUE(client.events().empty()) << "no key, no button";
  EXPECT_TRUE(client.keys_down().empty());
  auto* c = client.connection().get();
  auto pointer = x11::reply(xcb_query_pointer_reply, c, xcb_query_pointer(c, client.connection().root()), "p").value();
  EXPECT_EQ(pointer->root_x, 50);
  EXPECT_EQ(pointer->root_y, 60);
  EXPECT_EQ(rig.frames, 0);
  EXPECT_TRUE(std::ranges::none_of(rig.events, [](const auto& e) {
    return std::holds_alternative<session::ScreenArrived>(e) || std::holds_alternative<session::CursorMoved>(e) ||
           std::holds_alternative<session::CursorShapeChanged>(e) ||
           std::holds_alternative<session::DisplaysChanged>(e);
  })) << "no frame, no cursor, no display list";
  // The same console, once the user has said yes.
  rig.run_for(session::kPromptDeafTime);
  ASSERT_TRUE(rig.core->user_answers(rig.ui.prompts.back().show.prompt.id, true, rig.now()));
  rig.host->drain(rig.now());
  ASSERT_TRUE(rig.until([&] { return rig.state(Permission::remote_control) == session::ConsentState::granted; }));
  ASSERT_TRUE(rig.console->start_control(rig.now()));
  ASSERT_TRUE(rig.until([&] { return rig.console->controlling() && !rig.console->control_held(); }));
  ASSERT_TRUE(rig.console->type_text("ok", rig.now()));
  std::vector<test::SeenEvent> seen;
  ASSERT_TRUE(rig.until([&] {
    for (auto& e : client.events()) seen.push_back(e);
    return test::typed(seen) == U"ok";
  }));
}

TEST(TheRealDesktop, ReachesTheConsoleToThePixel) {
  test::XServer server("640x480x24");
  test::XClient client(server, {0, 0, 640, 480});
  desktop::OwnWindows own;
  Rig rig([&] { return x11::make_capture({server.display(), true}); }, x11::make_input(server.display(), own).value());
  client.fill({100, 100, 200, 50}, 0x2277cc);
  ASSERT_TRUE(rig.view());
  for (int i = 0; i < 10; ++i) {
    client.fill({i * 50, i * 40, 60, 45}, static_cast<screen::Pixel>(0x100000 * i + 0x4433));
    EXPECT_TRUE(rig.until([&] { return rig.decoder.canvas() == client.screenshot(); })) << "drawing " << i;
  }
}

TEST(TheRealDesktop, ThatGoesAwayEndsTheView) {
  test::XServer server("640x480x24");
  desktop::OwnWindows own;
  Rig rig([&] { return x11::make_capture({server.display(), true}); }, nullptr);
  ASSERT_TRUE(rig.view());
  server.kill();
  EXPECT_TRUE(rig.until([&] { return !rig.console->viewing(); }));
}

}  // namespace
}  // namespace rescue::applet
