// SPDX-License-Identifier: Apache-2.0
// The shared clipboard between the two cores: each way by itself, nothing without the right, nothing twice.
#include <gmock/gmock.h>

#include "session/impl/action_messages.hpp"
#include "session_pair.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using testing::count_of;
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;
namespace msg = wire::session;

struct Clipboard : ::testing::Test {
  SessionPair p;
  template <typename Call>
  auto applet(Call&& f) {
    return p.applet.with<AppletClipboard>(p.now, f);
  }
  template <typename Call>
  auto console(Call&& f) {
    auto out = p.console.with<ConsoleClipboard>(p.now, f);
    p.settle();
    return out;
  }
  void share(bool to_applet, bool to_console) {
    ASSERT_TRUE(console([&](auto& f) { return f.share(to_applet, to_console); }));
  }
  base::Result<std::uint32_t> set(std::string text) {
    return console([&](auto& f) { return f.set_text(std::move(text)); });
  }
  void taken(bool ok = true) {
    applet([&](auto& f) { f.taken(last_of<SetClipboardText>(p.actions)->serial, ok); });
    p.settle();
  }
  /// The user copies.
  void copies(std::uint64_t version, std::string_view text) {
    applet([&](auto& f) { f.changed(version, text.size()); });
    p.wait(200ms);
    if (p.applet.next_deadline() && *p.applet.next_deadline() <= p.now.steady) p.applet.on_deadline(p.now);
    p.settle();
  }
  void inject(wire::Channel channel, base::Bytes message) {
    ASSERT_TRUE(p.applet.on_message(channel, message, p.now));
    p.settle();
  }
};

TEST_F(Clipboard, TextGoesToTheMachineAndTheTechnicianHearsWhenItIsThere) {
  p.allow(clipboard_sync);
  share(true, false);
  ASSERT_NE(last_of<ShareClipboard>(p.actions), nullptr);
  EXPECT_TRUE(last_of<ShareClipboard>(p.actions)->to_applet);
  EXPECT_FALSE(last_of<ShareClipboard>(p.actions)->to_console);
  ASSERT_NE(last_of<ShowStatus>(p.actions), nullptr);
  EXPECT_TRUE(last_of<ShowStatus>(p.actions)->on.has(Activity::clipboard));
  const auto serial = set("Grüße");
  ASSERT_TRUE(serial);
  ASSERT_NE(last_of<SetClipboardText>(p.actions), nullptr);
  EXPECT_EQ(last_of<SetClipboardText>(p.actions)->text, "Grüße");
  EXPECT_EQ(last_of<ClipboardTaken>(p.events), nullptr) << "it is not there yet";
  taken();
  ASSERT_NE(last_of<ClipboardTaken>(p.events), nullptr);
  EXPECT_EQ(last_of<ClipboardTaken>(p.events)->serial, *serial);
  EXPECT_TRUE(last_of<ClipboardTaken>(p.events)->set);
  for (const auto* log : {&p.applet_audit, &p.console_audit}) {
    const auto* sent = p.find_audit(*log, audit_type::kClipboardSent);
    ASSERT_NE(sent, nullptr);
    EXPECT_EQ(std::get<std::string>(*sent->find("direction")), "to_applet");
    EXPECT_EQ(std::get<std::int64_t>(*sent->find("bytes")), 7);
  }
}

TEST_F(Clipboard, AMegabyteGoesBothWaysAndOneByteMoreDoesNot) {
  p.allow(clipboard_sync);
  share(true, true);
  std::string big;
  while (big.size() < wire::kClipboardTextMax - 4) big += "Łódź ";
  big.resize(wire::kClipboardTextMax - 6);
  while (!big.empty() && (big.back() & 0x80) != 0) big.pop_back();
  big.resize(wire::kClipboardTextMax, 'x');
  ASSERT_TRUE(set(big));
  EXPECT_EQ(last_of<SetClipboardText>(p.actions)->text, big);
  taken();
  EXPECT_EQ(set(big + "x").error().code, base::Errc::too_large);
  copies(1, big);
  ASSERT_TRUE(console([](auto& f) { return f.request(); }));
  ASSERT_NE(last_of<ReadClipboard>(p.actions), nullptr);
  applet([&](auto& f) { f.text(1, big); });
  p.settle();
  ASSERT_NE(last_of<ClipboardArrived>(p.events), nullptr);
  EXPECT_EQ(last_of<ClipboardArrived>(p.events)->text, big);
}

TEST_F(Clipboard, WhatTheUserCopiesIsToldAndGoesOnlyWhenAskedFor) {
  p.allow(clipboard_sync);
  share(false, true);
  copies(1, "secret plan");
  ASSERT_NE(last_of<ClipboardOffered>(p.events), nullptr);
  EXPECT_EQ(last_of<ClipboardOffered>(p.events)->text_bytes, 11u);
  EXPECT_EQ(last_of<ReadClipboard>(p.actions), nullptr);
  EXPECT_EQ(p.find_audit(p.applet_audit, audit_type::kClipboardSent), nullptr);
  ASSERT_TRUE(console([](auto& f) { return f.request(); }));
  EXPECT_EQ(last_of<ReadClipboard>(p.actions)->version, 1u);
  applet([](auto& f) { f.text(1, "secret plan"); });
  p.settle();
  EXPECT_EQ(last_of<ClipboardArrived>(p.events)->text, "secret plan");
  EXPECT_NE(p.find_audit(p.applet_audit, audit_type::kClipboardSent), nullptr);
  // Copied anew while the old one was being fetched: the old one is gone.
  ASSERT_TRUE(console([](auto& f) { return f.request(); }));
  copies(2, "something else");
  applet([](auto& f) { f.text(1, "secret plan"); });
  p.settle();
  EXPECT_EQ(count_of<ClipboardArrived>(p.events), 1u);
}

TEST_F(Clipboard, ManyChangesAreToldAsTheLastOfThem) {
  p.allow(clipboard_sync);
  share(false, true);
  for (std::uint64_t version = 1; version <= 50; ++version) applet([&](auto& f) { f.changed(version, version); });
  p.wait(200ms);
  p.applet.on_deadline(p.now);
  p.settle();
  EXPECT_EQ(count_of<ClipboardOffered>(p.events), 2u);
  EXPECT_EQ(last_of<ClipboardOffered>(p.events)->text_bytes, 50u);
}

TEST_F(Clipboard, OneWayIsNotTheOther) {
  p.allow(clipboard_sync);
  share(true, false);
  copies(1, "mine");
  EXPECT_EQ(last_of<ClipboardOffered>(p.events), nullptr);
  EXPECT_EQ(console([](auto& f) { return f.request(); }).error().code, base::Errc::conflict);
  inject(Channel::files, messages::clipboard_request(1, false));
  EXPECT_EQ(last_of<ReadClipboard>(p.actions), nullptr) << "a changed console asked for what was never offered";
  share(false, true);
  EXPECT_EQ(set("yours").error().code, base::Errc::conflict);
  inject(Channel::files, messages::clipboard_offer(1, 5, 0));
  inject(Channel::files, messages::clipboard_text(1, base::as_bytes("yours"), false));
  EXPECT_EQ(last_of<SetClipboardText>(p.actions), nullptr);
  EXPECT_EQ(last_of<Refused>(p.events)->action, msg::Action::clipboard);
}

TEST_F(Clipboard, NothingWithoutConsent) {
  EXPECT_EQ(console([](auto& f) { return f.share(true, true); }).error().code, base::Errc::denied);
  inject(Channel::control, messages::clipboard_start(true, true));
  EXPECT_EQ(last_of<ShareClipboard>(p.actions), nullptr);
  ASSERT_NE(last_of<Refused>(p.events), nullptr);
  EXPECT_EQ(last_of<Refused>(p.events)->reason, msg::RefusalReason::no_consent);
  inject(Channel::files, messages::clipboard_offer(1, 5, 0));
  EXPECT_EQ(last_of<SetClipboardText>(p.actions), nullptr);
}

TEST_F(Clipboard, RevokingEndsItAtOnceAndDropsWhatIsUnderWay) {
  p.allow(clipboard_sync);
  share(true, true);
  inject(Channel::files, messages::clipboard_offer(1, 10, 0));
  inject(Channel::files, messages::clipboard_text(1, base::as_bytes("hello"), true));
  p.applet.user_revokes(clipboard_sync, p.now);
  p.settle();
  EXPECT_FALSE(last_of<ShareClipboard>(p.actions)->to_applet);
  EXPECT_FALSE(last_of<ClipboardShared>(p.events)->to_console);
  inject(Channel::files, messages::clipboard_text(1, base::as_bytes("world"), false));
  EXPECT_EQ(last_of<SetClipboardText>(p.actions), nullptr);
  const auto* ended = p.find_audit(p.applet_audit, audit_type::kClipboardEnded);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(std::get<std::string>(*ended->find("reason")), "no_consent");
  EXPECT_NE(p.find_audit(p.console_audit, audit_type::kClipboardEnded), nullptr);
  EXPECT_FALSE(last_of<ShowStatus>(p.actions)->on.has(Activity::clipboard));
  copies(1, "later");
  EXPECT_EQ(last_of<ClipboardOffered>(p.events), nullptr);
}

TEST_F(Clipboard, ALongBreakEndsIt) {
  p.allow(clipboard_sync);
  share(true, true);
  p.down();
  p.wait(6min);
  p.up();
  p.settle();
  EXPECT_FALSE(last_of<ShareClipboard>(p.actions)->to_applet);
  EXPECT_FALSE(last_of<ClipboardShared>(p.events)->to_applet);
}

TEST_F(Clipboard, AMachineWithoutOneSaysSo) {
  p.allow(clipboard_sync);
  share(true, true);
  applet([](auto& f) { f.unavailable(); });
  p.settle();
  EXPECT_EQ(last_of<Refused>(p.events)->reason, msg::RefusalReason::unavailable);
  EXPECT_FALSE(last_of<ClipboardShared>(p.events)->to_applet);
}

TEST_F(Clipboard, WhatTheDesktopDoesNotTakeIsNotReportedAsThere) {
  p.allow(clipboard_sync);
  share(true, false);
  ASSERT_TRUE(set("text"));
  taken(false);
  ASSERT_NE(last_of<ClipboardTaken>(p.events), nullptr);
  EXPECT_FALSE(last_of<ClipboardTaken>(p.events)->set);
  EXPECT_EQ(p.find_audit(p.applet_audit, audit_type::kClipboardSent), nullptr);
}

TEST_F(Clipboard, AFloodIsRefusedAndNotLoggedLineByLine) {
  p.allow(clipboard_sync);
  share(true, false);
  for (std::uint32_t n = 1; n <= 200; ++n) {
    ASSERT_TRUE(p.applet.on_message(Channel::files, messages::clipboard_offer(n, 1, 0), p.now));
    ASSERT_TRUE(p.applet.on_message(Channel::files, messages::clipboard_text(n, base::as_bytes("x"), false), p.now));
  }
  EXPECT_LE(count_of<SetClipboardText>(p.actions), 1u);
  p.settle();
  taken();
  EXPECT_LE(std::ranges::count(p.audit_types(p.applet_audit), std::string(audit_type::kActionRefused)), 1);
  ASSERT_NE(last_of<Refused>(p.events), nullptr);
  EXPECT_EQ(last_of<Refused>(p.events)->reason, msg::RefusalReason::busy);
}

struct Malformed {
  const char* what;
  std::vector<base::Bytes> files_messages;
};
TEST_F(Clipboard, BrokenPromisesEndTheLink) {
  const Malformed rows[] = {
      {"more than offered",
       {messages::clipboard_offer(1, 4, 0), messages::clipboard_text(1, base::as_bytes("12345"), false)}},
      {"not UTF-8", {messages::clipboard_offer(1, 4, 0), messages::clipboard_text(1, base::as_bytes("ab\xff"), false)}},
      {"empty", {messages::clipboard_offer(1, 4, 0), messages::clipboard_text(1, base::as_bytes(""), false)}},
      {"an old number", {messages::clipboard_offer(5, 4, 0), messages::clipboard_offer(5, 4, 0)}},
  };
  for (const auto& row : rows) {
    SessionPair q;
    q.allow(clipboard_sync);
    ASSERT_TRUE(q.console.with<ConsoleClipboard>(q.now, [](auto& f) { return f.share(true, true); }));
    q.settle();
    base::Result<void> result;
    for (const auto& m : row.files_messages) {
      ASSERT_TRUE(result) << row.what;
      result = q.applet.on_message(Channel::files, m, q.now);
    }
    EXPECT_FALSE(result) << row.what;
    EXPECT_TRUE(q.applet.ended()) << row.what;
    q.settle();
    EXPECT_EQ(last_of<SetClipboardText>(q.actions), nullptr) << row.what;
  }
}

}  // namespace
}  // namespace rescue::session
