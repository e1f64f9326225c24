// SPDX-License-Identifier: Apache-2.0
// The two cores against each other, over links: what technician, user and log see.
#include <gmock/gmock.h>

#include "session/impl/messages.hpp"
#include "session_pair.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using testing::content;
using testing::count_of;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;

TEST(Session, TheyChatAtOnce) {
  SessionPair p;
  ASSERT_TRUE(p.console.chat("Good morning", p.now));
  ASSERT_TRUE(p.applet.user_sends_chat("Hello, my printer …", p.now));
  p.settle();
  const auto* at_user = last_of<ShowChat>(p.actions);
  ASSERT_NE(at_user, nullptr);
  EXPECT_EQ(at_user->text, "Good morning");
  EXPECT_EQ(at_user->from, "Ada Lovelace");
  const auto* at_technician = last_of<ChatReceived>(p.events);
  ASSERT_NE(at_technician, nullptr);
  EXPECT_EQ(at_technician->text, "Hello, my printer …");
  EXPECT_EQ(p.applet.user_sends_chat("", p.now).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(p.console.chat(std::string(20'000, 'x'), p.now).error().code, base::Errc::too_large);
}

TEST(Session, CommandsWithoutConsentAreDeniedByName) {
  SessionPair p;
  EXPECT_EQ(p.console.start_view(0, 30, p.now).error().code, base::Errc::denied);
  EXPECT_EQ(p.console.start_control(p.now).error().code, base::Errc::denied);
  EXPECT_EQ(p.console.send_file("a", 1, {}, p.now).error().code, base::Errc::denied);
  EXPECT_EQ(p.console.request_file(p.now).error().code, base::Errc::denied);
  EXPECT_EQ(p.console.request_sysinfo({}, p.now).error().code, base::Errc::denied);
  EXPECT_EQ(p.console.recording(true, p.now).error().code, base::Errc::denied);
}

TEST(Session, AViewShowsDisplaysPicturesAndCursorUntilRevoked) {
  SessionPair p;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  ASSERT_NE(last_of<StartCapture>(p.actions), nullptr);
  EXPECT_EQ(last_of<StartCapture>(p.actions)->display, 1u) << "0 is the primary display";
  EXPECT_TRUE(p.console.viewing());
  EXPECT_EQ(p.console.displays(), testing::two_displays());
  const auto pixels = content(70'000);
  ASSERT_TRUE(p.applet.screen_packet(1, true, pixels, p.now));
  ASSERT_TRUE(p.applet.cursor_position(1, 10, 20, true, p.now));
  p.settle();
  const auto* arrived = last_of<ScreenArrived>(p.events);
  ASSERT_NE(arrived, nullptr);
  EXPECT_TRUE(arrived->data == pixels);
  EXPECT_TRUE(arrived->keyframe);
  ASSERT_NE(last_of<CursorMoved>(p.events), nullptr);

  p.applet.user_revokes(desktop_view, p.now);
  EXPECT_FALSE(p.applet.screen_packet(1, false, pixels, p.now)) << "not one picture after the user took it back";
  p.settle();
  EXPECT_FALSE(p.console.viewing());
  EXPECT_EQ(last_of<ViewChanged>(p.events)->reason, StopReason::revoked);
  EXPECT_NE(last_of<StopCapture>(p.actions), nullptr);
}

TEST(Session, TheAppletSendsNoMorePicturesThanTheConsoleKeepsUpWith) {
  SessionPair p;
  p.auto_decode = false;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  unsigned sent = 0;
  while (p.applet.can_send_screen(p.now)) {
    ASSERT_TRUE(p.applet.screen_packet(1, sent == 0, content(100), p.now));
    ++sent;
  }
  EXPECT_EQ(sent, kScreenPacketsInFlight);
  EXPECT_FALSE(p.applet.screen_packet(1, false, content(100), p.now));
  p.settle();
  EXPECT_FALSE(p.applet.can_send_screen(p.now)) << "arrived is not decoded";
  p.actions.clear();
  p.console.screen_decoded(2, p.now);
  p.settle();
  EXPECT_TRUE(p.applet.can_send_screen(p.now));
  EXPECT_EQ(count_of<ScreenWanted>(p.actions), 1u);
}

TEST(Session, APictureIsAskedForWhenWhatWaitedAtTheStartOfAViewHasGone) {
  SessionPair p;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  ASSERT_TRUE(p.applet.screen_packet(1, true, content(2 * kScreenBacklogMax), p.now));
  // The view begins anew, as after a change of the display's mode, and the old picture has not left yet.
  auto displays = testing::two_displays();
  displays[0].width += 16;
  p.applet.set_displays(displays, p.now);
  EXPECT_FALSE(p.applet.can_send_screen(p.now));
  p.actions.clear();
  p.settle();
  EXPECT_TRUE(p.applet.can_send_screen(p.now));
  EXPECT_GE(count_of<ScreenWanted>(p.actions), 1u) << "nobody else wakes the capture";
}

TEST(Session, AViewIsExactWhenTheTechnicianInsists) {
  SessionPair p;
  p.allow(desktop_view);
  for (const bool exact : {false, true, false}) {
    p.actions.clear();
    ASSERT_TRUE(p.console.start_view(0, 30, p.now, exact));
    p.settle();
    ASSERT_NE(last_of<StartCapture>(p.actions), nullptr);
    EXPECT_EQ(last_of<StartCapture>(p.actions)->exact, exact);
  }
}

TEST(Session, AViewThatStopsDrawingHoldsPicturesBackAndNotTheMemory) {
  ConsoleSession console(testing::console_options(), {});
  const Now now{};
  console.on_link_up(now);
  ASSERT_TRUE(console.on_message(Channel::control, messages::view_state(true, 1, StopReason::none), now));
  std::uint32_t n = 0;
  std::size_t taken = 0;
  while (console.wants_messages() && n < 200) {
    const auto packet = messages::screen_packet(++n, 1, false, {}, base::Bytes(4'000'000, 1));
    ASSERT_TRUE(console.on_message(Channel::screen, packet, now));
    taken += 4'000'000;
  }
  EXPECT_LT(taken, kConsolePictureBytesMax + 4'000'001);
  while (console.poll_event()) {
  }
  EXPECT_TRUE(console.wants_messages());
  EXPECT_FALSE(console.on_message(Channel::screen, messages::screen_packet(n, 1, false, {}, base::Bytes(5, 1)), now))
      << "picture numbers only go up";
}

TEST(Session, APictureThatIsTooLongForOneMessageArrivesWhole) {
  SessionPair p;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  // What a lossless keyframe of photos at 3840x2160 may have.
  const auto pixels = content(25'000'000);
  ASSERT_TRUE(p.applet.screen_packet(1, true, pixels, p.now));
  EXPECT_FALSE(p.applet.screen_packet(1, false, content(100), p.now)) << "no second one before it has left";
  p.actions.clear();
  p.settle();
  const auto* picture = last_of<ScreenArrived>(p.events);
  ASSERT_NE(picture, nullptr);
  EXPECT_TRUE(picture->data == pixels);
  EXPECT_EQ(count_of<ScreenArrived>(p.events), 1u);
  EXPECT_GE(count_of<ScreenWanted>(p.actions), 1u) << "the host hears that the next may come";
  EXPECT_TRUE(p.applet.screen_packet(1, false, content(100), p.now));
  EXPECT_FALSE(p.applet.screen_packet(1, true, base::Bytes(wire::kScreenPictureMax + 1), p.now));
}

TEST(Session, PartsOfAPictureEndAtItsCapAndAreForgottenWithTheNext) {
  ConsoleSession console(testing::console_options(), {});
  const Now now{};
  const auto hear = [&](std::uint32_t n, std::size_t bytes, bool more) {
    return console
        .on_message(Channel::screen, messages::screen_packet(n, 1, true, {}, base::Bytes(bytes, 7), more), now)
        .has_value();
  };
  console.on_link_up(now);
  ASSERT_TRUE(console.on_message(Channel::control, messages::view_state(true, 1, StopReason::none), now));
  ASSERT_TRUE(hear(1, 1000, true));
  ASSERT_TRUE(hear(3, 10, true)) << "the rest of the first was thrown away";
  ASSERT_TRUE(hear(3, 5, false));
  std::vector<std::size_t> sizes;
  while (auto e = console.poll_event())
    if (const auto* picture = std::get_if<ScreenArrived>(&*e)) sizes.push_back(picture->data.size());
  EXPECT_EQ(sizes, std::vector<std::size_t>{15});
  EXPECT_FALSE(hear(3, 5, false)) << "it is complete";
  ConsoleSession flooded(testing::console_options(), {});
  ASSERT_TRUE(flooded.on_message(Channel::control, messages::view_state(true, 1, StopReason::none), now));
  const auto part = messages::screen_packet(1, 1, true, {}, base::Bytes(8'000'000, 7), true);
  int taken = 0;
  while (taken < 100 && flooded.on_message(Channel::screen, part, now)) ++taken;
  EXPECT_EQ(taken, 8) << "64 MiB";
}

TEST(Session, ControlInjectsWhatTheTechnicianTypedAndReleasesItAtTheEnd) {
  SessionPair p;
  p.allow(remote_control);
  EXPECT_EQ(p.console.key('a', 0, true, p.now).error().code, base::Errc::conflict) << "control was not started";
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  ASSERT_TRUE(p.console.controlling());
  ASSERT_TRUE(p.console.key(0xffe1, 42, true, p.now));
  ASSERT_TRUE(p.console.type_text("Grüße", p.now));
  ASSERT_TRUE(p.console.pointer(2, 5000, -3, 0xffffffffu, 0, 1, p.now));
  p.settle();
  EXPECT_EQ(last_of<InjectKey>(p.actions)->keysym, 0xffe1u);
  EXPECT_EQ(last_of<InjectText>(p.actions)->text, "Grüße");
  const auto* pointer = last_of<InjectPointer>(p.actions);
  EXPECT_EQ(pointer->x, 1023) << "kept inside the display";
  EXPECT_EQ(pointer->y, 0);
  EXPECT_EQ(pointer->buttons, 0x1fu);
  p.actions.clear();
  p.console.stop_control(p.now);
  p.settle();
  EXPECT_GE(count_of<ReleaseInput>(p.actions), 1u);
  EXPECT_FALSE(p.console.controlling());
}

TEST(Session, TheLateAnswerToGivingControlBackDoesNotEndTheControlTakenAnew) {
  SessionPair p;
  p.allow(remote_control);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  p.events.clear();
  p.console.stop_control(p.now);
  EXPECT_FALSE(p.console.controlling()) << "over at once";
  EXPECT_EQ(p.console.key('a', 0, true, p.now).error().code, base::Errc::conflict);
  ASSERT_TRUE(p.console.start_control(p.now));
  EXPECT_FALSE(p.console.controlling()) << "the applet has not answered";
  p.settle();
  ASSERT_TRUE(p.console.controlling());
  ASSERT_TRUE(p.console.type_text("again", p.now));
  p.settle();
  ASSERT_NE(last_of<InjectText>(p.actions), nullptr);
  EXPECT_EQ(last_of<InjectText>(p.actions)->text, "again");
  std::vector<bool> told;
  for (const auto& e : p.events)
    if (const auto* c = std::get_if<ControlChanged>(&e)) told.push_back(c->active);
  EXPECT_THAT(told, ElementsAre(false, true)) << "one end and one beginning";
}

TEST(Session, TheConsoleHeedsOnlyTheAnswerToItsLastWishForControl) {
  ConsoleSession console(testing::console_options(), {});
  const Now now{};
  const auto hear = [&](const base::Bytes& message) {
    ASSERT_TRUE(console.on_message(Channel::control, message, now));
  };
  const auto news = [&] {
    int n = 0;
    while (auto e = console.poll_event())
      n += std::holds_alternative<ControlChanged>(*e) || std::holds_alternative<Refused>(*e);
    return n;
  };
  console.on_link_up(now);
  hear(messages::permission_state(remote_control, ConsentState::granted));
  hear(messages::control_state(true, false, StopReason::none, 0));
  EXPECT_FALSE(console.controlling()) << "nobody asked for it";
  ASSERT_TRUE(console.start_control(now));
  console.stop_control(now);
  ASSERT_TRUE(console.start_control(now));
  EXPECT_EQ(news(), 0);
  hear(messages::action_refused(Action::control, 1, RefusalReason::other));
  hear(messages::control_state(true, false, StopReason::none, 1));
  hear(messages::control_state(false, false, StopReason::requested, 2));
  EXPECT_EQ(news(), 0) << "all of it is about the past";
  EXPECT_FALSE(console.controlling());
  hear(messages::control_state(true, false, StopReason::none, 3));
  EXPECT_TRUE(console.controlling());
  hear(messages::action_refused(Action::control, 3, RefusalReason::lease_expired));
  EXPECT_FALSE(console.controlling()) << "a refusal of the last wish ends what an earlier one began";
  EXPECT_EQ(news(), 2);
}

TEST(Session, TheAppletAnswersEveryWishForControlByItsNumber) {
  testing::Applet a;
  const auto answered = [&] { return a.last_sent<wire::session::ControlState>(wire::session::Message::ControlState); };
  ASSERT_TRUE(a.give(messages::control_stop(7)));
  ASSERT_NE(answered(), nullptr) << "to give back what one does not have";
  EXPECT_EQ(answered()->request(), 7u);
  ASSERT_TRUE(a.give(messages::control_start(8)));
  const auto* refused = a.last_sent<wire::session::ActionRefused>(wire::session::Message::ActionRefused);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->id(), 8u);
  ASSERT_TRUE(a.give(messages::permission_ask(remote_control)));
  ASSERT_TRUE(a.answer(Answer::yes));
  a.wait(1s);
  for (std::uint32_t request : {9u, 10u}) {
    ASSERT_TRUE(a.give(messages::control_start(request)));
    EXPECT_TRUE(answered()->active());
    EXPECT_EQ(answered()->request(), request);
  }
  a.core.user_revokes(remote_control, a.now);
  a.wait(1ms);
  EXPECT_FALSE(answered()->active());
  EXPECT_EQ(answered()->request(), 10u);
}

TEST(Session, LongTextArrivesInOrder) {
  SessionPair p;
  p.allow(remote_control);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  std::string text;
  for (int i = 0; text.size() < 20'000; ++i) text += "Zeile " + std::to_string(i) + " ä€🙂\n";
  ASSERT_TRUE(p.console.type_text(text, p.now));
  p.settle();
  std::string typed;
  for (const auto& a : p.actions)
    if (const auto* t = std::get_if<InjectText>(&a)) typed += t->text;
  EXPECT_EQ(typed, text);
}

TEST(Session, WhileAPromptIsOpenAndHalfASecondAfterInputIsDropped) {
  SessionPair p;
  p.allow(remote_control);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  p.auto_allow = false;
  ASSERT_TRUE(p.console.key('x', 0, true, p.now));
  p.settle();
  p.actions.clear();
  ASSERT_TRUE(p.console.ask(send_files, p.now));
  p.settle();
  const auto* prompt = last_of<ShowPrompt>(p.actions);
  ASSERT_NE(prompt, nullptr);
  const auto prompt_id = prompt->prompt.id;
  EXPECT_EQ(count_of<ReleaseInput>(p.actions), 1u) << "the held key is let go";
  EXPECT_TRUE(p.console.control_held());
  ASSERT_TRUE(p.console.key(0xff0d, 0, true, p.now)) << "Enter, to answer the prompt in the user's place";
  p.wait(600ms);
  EXPECT_EQ(count_of<InjectKey>(p.actions), 0u);
  ASSERT_TRUE(p.applet.user_answers(prompt_id, false, p.now));
  ASSERT_TRUE(p.console.key('y', 0, true, p.now));
  p.step_console();
  p.step_applet();
  EXPECT_EQ(count_of<InjectKey>(p.actions), 0u) << "a click that was meant for the prompt may come late";
  p.wait(500ms);
  EXPECT_FALSE(p.console.control_held());
  ASSERT_TRUE(p.console.key('z', 0, true, p.now));
  p.settle();
  EXPECT_EQ(count_of<InjectKey>(p.actions), 1u);
}

TEST(Session, SystemInformationArrivesCutToItsCaps) {
  SessionPair p;
  p.allow(system_information);
  p.info = {{"os", {{"name", std::string(100'000, 'x')}}},
            {"many", std::vector<SysinfoItem>(10'000, {"key", "value"})}};
  const auto request = p.console.request_sysinfo({"os"}, p.now);
  ASSERT_TRUE(request);
  p.settle();
  const auto* collect = last_of<CollectSysinfo>(p.actions);
  ASSERT_NE(collect, nullptr);
  EXPECT_THAT(collect->sections, ElementsAre("os"));
  const auto* arrived = last_of<SysinfoArrived>(p.events);
  ASSERT_NE(arrived, nullptr);
  EXPECT_EQ(arrived->request, *request);
  EXPECT_EQ(arrived->sections[0].items[0].value.size(), 4096u);
  EXPECT_GT(arrived->sections[1].items.size(), 4000u);
}

TEST(Session, ALongBreakTakesControlBack) {
  SessionPair p;
  p.allow(remote_control);
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  p.actions.clear();
  p.down();
  EXPECT_GE(count_of<ReleaseInput>(p.actions), 1u) << "no key stays down while nobody can let go of it";
  p.wait(6min);
  p.up();
  p.settle();
  EXPECT_FALSE(p.console.controlling());
  EXPECT_EQ(p.console.state(remote_control), ConsentState::none);
  EXPECT_EQ(p.console.state(desktop_view), ConsentState::granted);
}

TEST(Session, AForcedRecordingStopsViewAndControlWhenItIsMissing) {
  SessionPair probe;
  auto terms = testing::all_granted(probe.now);
  terms.recording_forced = true;
  auto options = testing::console_options();
  options.recording_forced = true;
  SessionPair p(terms, options);
  p.allow(desktop_view);
  EXPECT_EQ(p.console.start_view(0, 30, p.now).error().code, base::Errc::denied);
  ASSERT_TRUE(p.console.recording(true, p.now));
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  ASSERT_TRUE(p.console.viewing());
  EXPECT_TRUE(last_of<ShowStatus>(p.actions)->recording) << "the user sees it";
  ASSERT_TRUE(p.console.recording(false, p.now));
  p.settle();
  EXPECT_FALSE(p.console.viewing());
  EXPECT_EQ(last_of<ViewChanged>(p.events)->reason, StopReason::recording_missing);
}

TEST(Session, TheUserEndsItAndBothLinksEndInOrder) {
  SessionPair p;
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  p.applet.user_ends("stop button", p.now);
  p.settle();
  const auto* ended = last_of<SessionEnded>(p.events);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->by, EndedBy::user);
  EXPECT_EQ(ended->reason, "stop button");
  ASSERT_TRUE(p.applet_closed && p.console_closed);
  EXPECT_TRUE(p.applet_closed->orderly && p.console_closed->orderly);
  EXPECT_EQ(p.console.chat("still there?", p.now).error().code, base::Errc::closed);
}

TEST(Session, TheTechnicianEndsItAndKeysAreReleased) {
  SessionPair p;
  p.allow(remote_control);
  ASSERT_TRUE(p.console.start_control(p.now));
  p.settle();
  ASSERT_TRUE(p.console.key('a', 0, true, p.now));
  p.settle();
  p.actions.clear();
  p.console.end("solved", p.now);
  p.settle();
  EXPECT_GE(count_of<ReleaseInput>(p.actions), 1u);
  const auto* ended = last_of<SessionEnded>(p.actions);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->by, EndedBy::technician);
  EXPECT_EQ(ended->reason, "solved");
}

TEST(Session, NothingHappeningEndsIt) {
  SessionPair p;
  p.wait(29min);
  // The lease is renewed by the site all the while; here only inactivity counts.
  auto terms = testing::all_granted(p.now);
  ASSERT_TRUE(p.applet.on_grant(terms, p.now));
  EXPECT_FALSE(p.applet.ended());
  p.wait(1min + 1s);
  EXPECT_TRUE(p.applet.ended());
  EXPECT_EQ(last_of<SessionEnded>(p.events)->by, EndedBy::applet);
}

TEST(Session, BothLogsTellTheSameStory) {
  SessionPair p;
  ASSERT_TRUE(p.console.chat("hi", p.now));
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  p.console.stop_view(p.now);
  p.settle();
  p.console.end("done", p.now);
  p.settle();
  const std::vector<std::string> story = {"link.up",      "chat.message", "consent.asked", "consent.granted",
                                          "view.started", "view.ended",   "link.down"};
  EXPECT_EQ(p.audit_types(p.console_audit), story);
  EXPECT_EQ(p.audit_types(p.applet_audit), story);
  for (const auto* log : {&p.applet_audit, &p.console_audit})
    for (std::size_t i = 0; i < log->size(); ++i) EXPECT_EQ((*log)[i].seq, i + 1) << "numbered without gaps";
  EXPECT_EQ(p.applet_audit[1].data_json(), R"({"text":"hi"})");
}

TEST(Session, OmittedChatTextNeverReachesTheLog) {
  SessionPair probe;
  auto terms = testing::all_granted(probe.now);
  terms.omit_chat_text = true;
  auto options = testing::console_options();
  options.omit_chat_text = true;
  SessionPair p(terms, options);
  ASSERT_TRUE(p.console.chat("my secret", p.now));
  ASSERT_TRUE(p.applet.user_sends_chat("another secret", p.now));
  p.settle();
  for (const auto* log : {&p.applet_audit, &p.console_audit}) {
    EXPECT_GE(log->size(), 3u);
    for (const auto& e : *log) EXPECT_EQ(e.data_json().find("secret"), std::string::npos);
  }
}

TEST(Session, ChatTextIsOmittedFromTheGrantOnThatSaysSo) {
  SessionPair p;
  ASSERT_TRUE(p.console.chat("kept", p.now));
  p.settle();
  auto terms = testing::all_granted(p.now);
  terms.omit_chat_text = true;
  terms.generation = 100;
  ASSERT_TRUE(p.applet.on_grant(terms, p.now));
  p.console.on_grant(terms.permissions, false, true, p.now);
  ASSERT_TRUE(p.console.chat("my secret", p.now));
  ASSERT_TRUE(p.applet.user_sends_chat("another secret", p.now));
  p.settle();
  for (const auto* log : {&p.applet_audit, &p.console_audit}) {
    std::string all;
    for (const auto& e : *log) all += e.data_json();
    EXPECT_NE(all.find("kept"), std::string::npos);
    EXPECT_EQ(all.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace rescue::session
