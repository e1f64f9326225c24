// SPDX-License-Identifier: Apache-2.0
// By hand: every action of a console against every single permission. One X per row, except for chat.
#include "fakes.hpp"
#include "session/impl/messages.hpp"

namespace rescue::session {
namespace {
using testing::Applet;
using testing::count_of;
using testing::file_actions;
using namespace std::chrono_literals;
using enum wire::Permission;
namespace m = messages;
namespace msg = wire::session;

struct ActionRow {
  const char* name;
  std::optional<Permission> needs;
  std::function<void(Applet&)> attempt;
  std::function<bool(const Applet&)> happened;
};

const std::vector<SysinfoSection> kInfo = {{"os", {{"name", "Debian"}}}};

std::vector<ActionRow> rows() {
  const base::Bytes pixels = {1, 2, 3};
  const base::Bytes rgba(4, 0xff);
  const auto view = [](Applet& a) { ASSERT_TRUE(a.give(m::view_start(0, 30))); };
  const auto control = [](Applet& a) { ASSERT_TRUE(a.give(m::control_start(1))); };
  const auto offer = [](Applet& a) { ASSERT_TRUE(a.give(m::file_offer(1, 0, 3, {}, "a.txt"))); };
  const auto request = [](Applet& a) { ASSERT_TRUE(a.give(m::file_request(1))); };
  const auto file_out = [request](Applet& a) {
    request(a);
    const auto id = a.core.file_chosen(1, "b.txt", 3, {}, a.now);
    a.drain();
    if (!id) return;
    ASSERT_TRUE(a.give(m::file_accept(1)));
    a.core.file_chunk(*id, base::Bytes{7, 8, 9}, a.now);
    a.drain();
  };
  return {
      {"chat", std::nullopt, [](Applet& a) { ASSERT_TRUE(a.give(m::chat({}, "hello"))); },
       [](const Applet& a) { return count_of<ShowChat>(a.actions) == 1; }},
      {"start of capture", desktop_view, view, [](const Applet& a) { return count_of<StartCapture>(a.actions) == 1; }},
      {"list of displays", desktop_view, view,
       [](const Applet& a) { return a.sent_of(msg::Message::DisplayList) == 1; }},
      {"screen packet", desktop_view,
       [=](Applet& a) {
         view(a);
         (void)a.core.screen_packet(1, true, pixels, a.now);
         a.drain();
       },
       [](const Applet& a) { return a.sent_of(msg::Message::ScreenPacket) == 1; }},
      {"cursor shape", desktop_view,
       [=](Applet& a) {
         view(a);
         (void)a.core.cursor_shape(1, 1, 0, 0, rgba, a.now);
         a.drain();
       },
       [](const Applet& a) { return a.sent_of(msg::Message::CursorShape) == 1; }},
      {"cursor position", desktop_view,
       [=](Applet& a) {
         view(a);
         (void)a.core.cursor_position(1, 5, 5, true, a.now);
         a.drain();
       },
       [](const Applet& a) { return a.sent_of(msg::Message::CursorPosition) == 1; }},
      {"keyframe", desktop_view,
       [=](Applet& a) {
         view(a);
         ASSERT_TRUE(a.give(m::keyframe_request(0)));
       },
       [](const Applet& a) { return count_of<KeyframeWanted>(a.actions) == 1; }},
      {"key", remote_control,
       [=](Applet& a) {
         control(a);
         ASSERT_TRUE(a.give(m::input_key('a', 0, true)));
       },
       [](const Applet& a) { return count_of<InjectKey>(a.actions) == 1; }},
      {"typed text", remote_control,
       [=](Applet& a) {
         control(a);
         ASSERT_TRUE(a.give(m::input_text("abc")));
       },
       [](const Applet& a) { return count_of<InjectText>(a.actions) == 1; }},
      {"pointer", remote_control,
       [=](Applet& a) {
         control(a);
         ASSERT_TRUE(a.give(m::input_pointer(1, 5, 5, 1, 0, 0)));
       },
       [](const Applet& a) { return count_of<InjectPointer>(a.actions) == 1; }},
      {"file to the user: opened", send_files, offer,
       [](const Applet& a) { return file_actions<OpenForWrite>(a.actions).size() == 1; }},
      {"file to the user: written", send_files,
       [=](Applet& a) {
         offer(a);
         a.core.file_opened({FileDirection::to_applet, 1}, a.now);
         (void)a.give(m::file_chunk(1, 0, base::Bytes{1, 2, 3}));
       },
       [](const Applet& a) { return file_actions<WriteChunk>(a.actions).size() == 1; }},
      {"file from the user: chosen", receive_files, request,
       [](const Applet& a) { return count_of<ChooseFile>(a.actions) == 1; }},
      {"file from the user: name sent", receive_files, file_out,
       [](const Applet& a) { return a.sent_of(msg::Message::FileOffer) == 1; }},
      {"file from the user: read", receive_files, file_out,
       [](const Applet& a) { return file_actions<ReadChunk>(a.actions).size() == 1; }},
      {"file from the user: content sent", receive_files, file_out,
       [](const Applet& a) { return a.sent_of(msg::Message::FileChunk) == 1; }},
      {"system information: collected", system_information,
       [](Applet& a) { ASSERT_TRUE(a.give(m::sysinfo_request(1, {}))); },
       [](const Applet& a) { return count_of<CollectSysinfo>(a.actions) == 1; }},
      {"system information: sent", system_information,
       [](Applet& a) {
         ASSERT_TRUE(a.give(m::sysinfo_request(1, {})));
         (void)a.core.sysinfo_collected(1, kInfo, a.now);
         a.drain();
       },
       [](const Applet& a) { return a.sent_of(msg::Message::SysinfoReply) == 1; }},
  };
}

void allow(Applet& a, Permission p) {
  ASSERT_TRUE(a.give(m::permission_ask(p)));
  ASSERT_TRUE(a.answer(Answer::yes)) << wire::name(p);
  a.wait(1s);  // past the hold after the prompt
  a.forget();
}

TEST(PermissionTable, EachActionNeedsItsOwnPermissionAndNoOther) {
  for (const auto& row : rows()) {
    for (auto p : wire::all_permissions()) {
      Applet a;
      ASSERT_NO_FATAL_FAILURE(allow(a, p));
      ASSERT_NO_FATAL_FAILURE(row.attempt(a)) << row.name;
      EXPECT_EQ(row.happened(a), !row.needs || *row.needs == p) << row.name << " with " << wire::name(p);
    }
  }
}

TEST(PermissionTable, ConsentWithoutGrantIsNothing) {
  for (const auto& row : rows()) {
    Applet a;
    for (auto p : wire::all_permissions()) ASSERT_NO_FATAL_FAILURE(allow(a, p));
    auto terms = testing::all_granted(a.now);
    terms.generation += 1;
    if (row.needs) terms.permissions.remove(*row.needs);
    ASSERT_TRUE(a.core.on_grant(terms, a.now));
    a.drain();
    a.forget();
    ASSERT_NO_FATAL_FAILURE(row.attempt(a));
    EXPECT_EQ(row.happened(a), !row.needs) << row.name;
  }
}

TEST(PermissionTable, EverythingWorksWithAllAndNothingAfterTheEndOrTheLease) {
  for (const auto& row : rows()) {
    for (const char* how : {"all", "ended", "lease", "revoked", "site"}) {
      Applet a;
      for (auto p : wire::all_permissions()) ASSERT_NO_FATAL_FAILURE(allow(a, p));
      const std::string end = how;
      if (end == "ended") a.core.user_ends("bye", a.now);
      if (end == "lease") a.wait(16min);
      if (end == "revoked") a.core.user_revokes_all(a.now);
      if (end == "site") a.core.on_site_ends(msg::EndedBy::broker, "account disabled", a.now);
      a.drain();
      a.forget();
      row.attempt(a);
      const bool chat_lives = !row.needs && (end == "lease" || end == "revoked");
      EXPECT_EQ(row.happened(a), end == "all" || chat_lives) << row.name << " after " << how;
    }
  }
}

TEST(PermissionTable, ARefusedActionIsAnsweredWithItsReason) {
  auto terms = testing::all_granted({base::SteadyTime(1h), {}});
  terms.permissions.remove(desktop_view);
  Applet a(terms);
  ASSERT_TRUE(a.give(m::view_start(0, 30)));
  const auto* refused = a.last_sent<msg::ActionRefused>(msg::Message::ActionRefused);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->reason(), msg::RefusalReason::not_in_grant);
  ASSERT_TRUE(a.give(m::control_start(1)));
  refused = a.last_sent<msg::ActionRefused>(msg::Message::ActionRefused);
  EXPECT_EQ(refused->action(), msg::Action::control);
  EXPECT_EQ(refused->reason(), msg::RefusalReason::no_consent);
}

}  // namespace
}  // namespace rescue::session
