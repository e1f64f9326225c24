// SPDX-License-Identifier: Apache-2.0
// Clipboard and addresses through the applet's inside, with a real X server and xclip, and an opener that the test
// made.
#include <condition_variable>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "applet/headless/synthetic_desktop.hpp"
#include "applet/x11/host.hpp"
#include "unit/applet/session_rig.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using session::ConsoleClipboard;
using session::ConsoleUrls;
using wire::Permission;
using namespace std::chrono_literals;

/// A browser that writes down what it was given, first in $PATH while it lives.
class FakeBrowser {
 public:
  explicit FakeBrowser(const std::string& body = "") {
    std::ofstream(dir_ / "xdg-open") << "#!/bin/sh\necho \"$1|$#\" >> " << (dir_ / "opened").string() << "\n" << body;
    std::filesystem::permissions(dir_ / "xdg-open", std::filesystem::perms::owner_all);
    ::setenv("PATH", (dir_.path().string() + ":" + before_).c_str(), 1);
  }
  ~FakeBrowser() { ::setenv("PATH", before_.c_str(), 1); }
  [[nodiscard]] std::string opened() const {
    std::ifstream in(dir_ / "opened");
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  test::TempDir dir_;
  std::string before_ = std::getenv("PATH");
};

class Desk : public testing::Test {
 protected:
  Desk() {
    rig_.emplace([this] { return base::Result<std::unique_ptr<desktop::Capture>>(made_up_.make_capture()); }, nullptr);
    clipboard_.emplace(x11::make_clipboard(server_.display()).value(), rig_->deliver());
    urls_.emplace(open_with_browser(), rig_->deliver());
    rig_->services.desk = DeskServices{&*clipboard_, &*urls_};
    rig_->host.reset();
    rig_->host = std::make_unique<TechnicianHost>(
        PersonId(1), *rig_->core, PersonNames{"Ada Lovelace", "ada@example.org", "Example Support"}, rig_->services);
  }
  ~Desk() override {
    rig_->host.reset();
    clipboard_.reset();
    urls_.reset();
  }
  template <typename E>
  const E* last() {
    for (auto it = rig_->events.rbegin(); it != rig_->events.rend(); ++it)
      if (const auto* e = std::get_if<E>(&*it)) return e;
    return nullptr;
  }
  template <typename E>
  bool wait(const std::function<bool(const E&)>& wanted) {
    return rig_->until([&] {
      const auto* e = last<E>();
      return e != nullptr && wanted(*e);
    });
  }
  bool share(bool to_applet, bool to_console) {
    if (!rig_->ask(Permission::clipboard_sync, true)) return false;
    if (!rig_->console->with<ConsoleClipboard>(rig_->now(), [&](auto& f) { return f.share(to_applet, to_console); }))
      return false;
    return wait<session::ClipboardShared>(
        [&](const auto& e) { return e.to_applet == to_applet && e.to_console == to_console; });
  }
  [[nodiscard]] std::string pasted() const {
    std::string out;
    const auto command = "DISPLAY=" + server_.display() + " timeout 60 xclip -selection clipboard -o 2>/dev/null";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[65536];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    ::pclose(pipe);
    return out;
  }
  void copy(std::string_view text) {
    const auto file = (dir_.path() / "copied").string();
    std::ofstream(file, std::ios::binary) << text;
    programs_.push_back(std::make_unique<test::XProgram>(
        server_, std::vector<std::string>{"xclip", "-quiet", "-selection", "clipboard", "-i", file}));
  }
  void answer(bool yes) {
    ASSERT_TRUE(rig_->until([&] { return !rig_->ui.asked.empty(); }));
    ASSERT_TRUE(
        rig_->until([&] { return rig_->core->question_answered(rig_->ui.asked.back().ask.id, yes, {}, rig_->now()); }));
  }

  test::TempDir dir_;
  test::XServer server_{"320x200x24"};
  SyntheticDesktop made_up_{SyntheticOptions{}};
  std::optional<test::Rig> rig_;
  std::optional<MachineClipboard> clipboard_;
  std::optional<UrlOpener> urls_;
  std::vector<std::unique_ptr<test::XProgram>> programs_;
};

TEST_F(Desk, TextOfTheTechnicianIsPastedByProgramsUntilSharingEnds) {
  ASSERT_TRUE(share(true, true));
  const std::string text(300'000, 'x');
  ASSERT_TRUE(rig_->console->with<ConsoleClipboard>(rig_->now(), [&](auto& f) { return f.set_text(text); }));
  ASSERT_TRUE(wait<session::ClipboardTaken>([](const auto& e) { return e.set; }));
  EXPECT_TRUE(pasted() == text);
  EXPECT_EQ(last<session::ClipboardOffered>(), nullptr) << "it is not told to the one who put it there";
  rig_->core->user_revokes(Permission::clipboard_sync, rig_->now());
  ASSERT_TRUE(rig_->until([&] { return pasted().empty(); }));
}

TEST_F(Desk, WhatTheUserCopiesReachesTheTechnicianWhenHeAsks) {
  ASSERT_TRUE(share(false, true));
  copy("Fehler 0x80070057 – Grüße");
  ASSERT_TRUE(wait<session::ClipboardOffered>([](const auto& e) { return e.text_bytes > 0; }));
  ASSERT_TRUE(rig_->console->with<ConsoleClipboard>(rig_->now(), [](auto& f) { return f.request(); }));
  ASSERT_TRUE(wait<session::ClipboardArrived>([](const auto&) { return true; }));
  EXPECT_EQ(last<session::ClipboardArrived>()->text, "Fehler 0x80070057 – Grüße");
}

TEST_F(Desk, WhatTheUserCopiedStaysHisWhenSharingEnds) {
  ASSERT_TRUE(share(true, true));
  ASSERT_TRUE(rig_->console->with<ConsoleClipboard>(rig_->now(), [](auto& f) { return f.set_text("theirs"); }));
  ASSERT_TRUE(wait<session::ClipboardTaken>([](const auto& e) { return e.set; }));
  copy("mine");
  ASSERT_TRUE(wait<session::ClipboardOffered>([](const auto& e) { return e.text_bytes == 4; }));
  rig_->core->user_ends("done", rig_->now());
  ASSERT_TRUE(rig_->until([&] { return rig_->core->ended(); }));
  rig_->turn();
  rig_->host.reset();
  clipboard_.reset();  // has done all that was asked of it
  EXPECT_EQ(pasted(), "mine");
}

TEST_F(Desk, TheBrowserGetsExactlyTheAddressThatWasShown) {
  FakeBrowser browser;
  ASSERT_TRUE(rig_->ask(Permission::send_urls, true));
  const auto sent = rig_->console->with<ConsoleUrls>(
      rig_->now(), [](auto& f) { return f.send("https://example.org/?a=$(id)&b='\"`;#é"); });
  ASSERT_TRUE(sent);
  answer(true);
  ASSERT_TRUE(wait<session::UrlChanged>([](const auto& e) { return e.outcome != wire::session::Outcome::asked; }));
  EXPECT_EQ(last<session::UrlChanged>()->outcome, wire::session::Outcome::done);
  EXPECT_EQ(rig_->ui.asked.back().ask.question.detail + "|1\n", browser.opened());
  EXPECT_EQ(browser.opened(), "https://example.org/?a=$(id)&b='%22%60;#%C3%A9|1\n");
}

TEST_F(Desk, ABrowserThatFailsOrStaysIsToldApart) {
  ASSERT_TRUE(rig_->ask(Permission::send_urls, true));
  const auto outcome = [&] {
    const auto before = rig_->ui.asked.size();
    EXPECT_TRUE(rig_->console->with<ConsoleUrls>(rig_->now(), [](auto& f) { return f.send("https://example.org/"); }));
    EXPECT_TRUE(rig_->until([&] { return rig_->ui.asked.size() > before; }));
    answer(true);
    EXPECT_TRUE(wait<session::UrlChanged>([](const auto& e) { return e.outcome != wire::session::Outcome::asked; }));
    return *last<session::UrlChanged>();
  };
  {
    FakeBrowser browser("exit 3\n");
    const auto e = outcome();
    EXPECT_EQ(e.outcome, wire::session::Outcome::failed);
    EXPECT_THAT(e.detail, testing::HasSubstr("exit code 3"));
  }
  FakeBrowser browser("exec sleep 30\n");
  EXPECT_EQ(outcome().outcome, wire::session::Outcome::done) << "the browser itself";
}

}  // namespace
}  // namespace rescue::applet
