// SPDX-License-Identifier: Apache-2.0
// Sending an address: what the user is asked, what opens, and what the log says.
#include <gmock/gmock.h>

#include "session/impl/action_messages.hpp"
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::last_of;
using ::testing::Not;
using testing::SessionPair;
using enum wire::Permission;
namespace msg = wire::session;

struct Urls : ::testing::Test {
  SessionPair p;
  base::Result<std::uint32_t> send(std::string_view address) {
    auto sent = p.console.with<ConsoleUrls>(p.now, [&](ConsoleUrls& f) { return f.send(address); });
    p.settle();
    return sent;
  }
  void opened(std::uint32_t request, bool ok, std::string_view detail = "") {
    p.applet.with<AppletUrls>(p.now, [&](AppletUrls& f) { f.opened(request, ok, detail); });
    p.settle();
  }
  void answer(bool yes) {
    p.wait(1s);
    ASSERT_TRUE(p.applet.question_answered(last_of<AskUser>(p.actions)->id, yes, {}, p.now));
    p.settle();
  }
  [[nodiscard]] msg::Outcome outcome() const { return last_of<UrlChanged>(p.events)->outcome; }
  [[nodiscard]] std::string logged(const std::vector<AuditEvent>& log, std::string_view key) const {
    const AuditEvent* last = nullptr;
    for (const auto& e : log)
      if (e.type == audit_type::kUrlEnded) last = &e;
    const auto* value = last == nullptr ? nullptr : last->find(key);
    return value == nullptr ? "" : std::get<std::string>(*value);
  }
};

TEST_F(Urls, TheUserSeesTheWholeAddressAndNothingOpensBeforeTheYes) {
  p.allow(send_urls);
  const auto request = send("https://bücher.example/?a=1");
  ASSERT_TRUE(request);
  const auto* asked = last_of<AskUser>(p.actions);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->question.kind, QuestionKind::url);
  EXPECT_EQ(asked->question.detail, "https://xn--bcher-kva.example/?a=1");
  EXPECT_THAT(asked->question.text, HasSubstr("bücher.example"));
  EXPECT_THAT(asked->question.text, Not(HasSubstr("Careful")));
  EXPECT_EQ(asked->technician_name, "Ada Lovelace");
  EXPECT_EQ(last_of<OpenUrl>(p.actions), nullptr);
  EXPECT_EQ(outcome(), msg::Outcome::asked);
  answer(true);
  ASSERT_NE(last_of<OpenUrl>(p.actions), nullptr);
  EXPECT_EQ(last_of<OpenUrl>(p.actions)->address, "https://xn--bcher-kva.example/?a=1");
  opened(*request, true);
  EXPECT_EQ(outcome(), msg::Outcome::done);
  EXPECT_EQ(logged(p.applet_audit, "outcome"), "done");
  EXPECT_EQ(logged(p.console_audit, "outcome"), "done");
  EXPECT_EQ(logged(p.applet_audit, "url"), "https://xn--bcher-kva.example/?a=1");
}

TEST_F(Urls, WarnsOfForgedNames) {
  p.allow(send_urls);
  ASSERT_TRUE(send("https://pаypal.example/"));
  const auto& text = last_of<AskUser>(p.actions)->question.text;
  EXPECT_THAT(text, HasSubstr("several alphabets"));
  EXPECT_THAT(text, Not(HasSubstr("\n"))) << "a window shows one paragraph, and what is no letter in it as U+FFFD";
  ASSERT_TRUE(send("https://аррӏе.example/"));
  answer(false);
  EXPECT_THAT(last_of<AskUser>(p.actions)->question.text, HasSubstr("only look like Latin"));
}

TEST_F(Urls, NoIsNoAndNoAnswerIsNo) {
  p.allow(send_urls);
  ASSERT_TRUE(send("https://example.org/"));
  answer(false);
  EXPECT_EQ(outcome(), msg::Outcome::declined);
  ASSERT_TRUE(send("https://example.org/"));
  p.advance(5min);
  p.applet.on_deadline(p.now);
  p.settle();
  EXPECT_EQ(outcome(), msg::Outcome::timed_out);
  EXPECT_EQ(last_of<OpenUrl>(p.actions), nullptr);
  EXPECT_EQ(logged(p.applet_audit, "outcome"), "timed_out");
}

TEST_F(Urls, TakingTheRightBackClosesTheQuestion) {
  p.allow(send_urls);
  ASSERT_TRUE(send("https://example.org/"));
  const auto id = last_of<AskUser>(p.actions)->id;
  p.applet.user_revokes(send_urls, p.now);
  p.settle();
  ASSERT_NE(last_of<CloseQuestion>(p.actions), nullptr);
  EXPECT_EQ(last_of<CloseQuestion>(p.actions)->id, id);
  EXPECT_EQ(outcome(), msg::Outcome::canceled);
  p.wait(1s);
  EXPECT_FALSE(p.applet.question_answered(id, true, {}, p.now));
  EXPECT_EQ(last_of<OpenUrl>(p.actions), nullptr);
}

TEST_F(Urls, ABrowserThatDoesNotStartIsNamed) {
  p.allow(send_urls);
  const auto request = send("https://example.org/");
  answer(true);
  opened(*request, false, "xdg-open: exit code 3");
  EXPECT_EQ(outcome(), msg::Outcome::failed);
  EXPECT_EQ(last_of<UrlChanged>(p.events)->detail, "xdg-open: exit code 3");
}

TEST_F(Urls, WithoutConsentNobodyIsAsked) {
  EXPECT_EQ(send("https://example.org/").error().code, base::Errc::denied);
  // A changed console asks all the same.
  ASSERT_TRUE(p.applet.on_message(Channel::control, messages::url_send(9, "https://example.org/"), p.now));
  p.settle();
  EXPECT_EQ(last_of<AskUser>(p.actions), nullptr);
  EXPECT_NE(p.find_audit(p.applet_audit, audit_type::kActionRefused), nullptr);
}

TEST_F(Urls, AChangedConsoleCanNeitherSendOtherAddressesNorPileThemUp) {
  p.allow(send_urls);
  for (const char* bad : {"file:///etc/passwd", "javascript:alert(1)", "https://a@b/", "https://x y/"}) {
    ASSERT_TRUE(p.applet.on_message(Channel::control, messages::url_send(1, bad), p.now));
    p.settle();
    EXPECT_EQ(last_of<AskUser>(p.actions), nullptr) << bad;
  }
  EXPECT_EQ(last_of<Refused>(p.events)->reason, msg::RefusalReason::bad_name);
  for (std::uint32_t n = 10; n < 40; ++n)
    ASSERT_TRUE(p.applet.on_message(Channel::control, messages::url_send(n, "https://example.org/"), p.now));
  p.settle();
  EXPECT_EQ(testing::count_of<AskUser>(p.actions), 1u);
  const auto log = p.audit_types(p.applet_audit);
  EXPECT_EQ(std::ranges::count(log, std::string(audit_type::kUrlSent)), 2) << "one is asked, one waits";
  EXPECT_EQ(last_of<Refused>(p.events)->reason, msg::RefusalReason::busy);
  // Nor take what was refused for allowed.
  opened(39, true);
  EXPECT_EQ(last_of<OpenUrl>(p.actions), nullptr);
}

}  // namespace
}  // namespace rescue::session
