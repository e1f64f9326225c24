// SPDX-License-Identifier: Apache-2.0
// The clipboard between the applet and programs that nobody here wrote: xclip copies and pastes.
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "applet/x11/atoms.hpp"
#include "applet/x11/file_list.hpp"
#include "applet/x11/host.hpp"
#include "support/temp_dir.hpp"
#include "unit/applet/x_server.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
using desktop::ClipboardContent;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class X11Clipboard : public testing::Test {
 protected:
  X11Clipboard() : clipboard_(x11::make_clipboard(server_.display()).value()) {
    clipboard_->on_change([this](ClipboardContent c) {
      std::lock_guard lock(mutex_);
      told_.push_back(std::move(c));
      changed_.notify_all();
    });
    clipboard_->watch(true);
  }
  ~X11Clipboard() override { clipboard_.reset(); }

  static ClipboardContent text(std::string s) {
    ClipboardContent c;
    c.text = std::move(s);
    return c;
  }
  /// What xclip prints of the format.
  [[nodiscard]] std::string pasted(const std::string& format = "UTF8_STRING") const {
    std::string out;
    const auto command =
        "DISPLAY=" + server_.display() + " timeout 60 xclip -selection clipboard -o -t '" + format + "'";
    std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
    char buffer[65536];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    ::pclose(pipe);
    return out;
  }
  /// Somebody copies: xclip keeps it until another program takes over.
  void copy(std::string_view content, const std::string& format = "UTF8_STRING") {
    const auto file = (dir_.path() / ("copied-" + std::to_string(++copies_))).string();
    std::ofstream(file, std::ios::binary) << content;
    programs_.push_back(std::make_unique<test::XProgram>(
        server_, std::vector<std::string>{"xclip", "-quiet", "-selection", "clipboard", "-t", format, "-i", file}));
  }
  /// Waits until so many changes were told; the last of them.
  ClipboardContent told(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    const bool enough = changed_.wait_for(lock, 40s, [&] { return told_.size() >= count; });
    EXPECT_TRUE(enough) << told_.size() << " of " << count << " changes were told";
    return told_.empty() ? ClipboardContent{} : told_.back();
  }
  [[nodiscard]] std::size_t told_so_far() {
    std::lock_guard lock(mutex_);
    return told_.size();
  }

  test::TempDir dir_;
  test::XServer server_{"320x200x24"};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ClipboardContent> told_;
  int copies_ = 0;
  std::vector<std::unique_ptr<test::XProgram>> programs_;
  std::unique_ptr<desktop::Clipboard> clipboard_;
};

std::string long_text(std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; out.size() < bytes; ++i) out += "line " + std::to_string(i) + " Zażółć gęślą jaźń\n";
  out.resize(bytes, 'x');
  while ((out.back() & 0x80) != 0) out.pop_back();
  out.resize(bytes, 'x');
  return out;
}

TEST_F(X11Clipboard, ProgramsPasteWhatWasSet) {
  ASSERT_TRUE(clipboard_->set(text("Grüße\n€")));
  EXPECT_EQ(pasted(), "Grüße\n€");
  EXPECT_EQ(pasted("text/plain;charset=utf-8"), "Grüße\n€");
  EXPECT_EQ(pasted("STRING"),
            "Gr\xfc\xdf"
            "e\n?")
      << "for programs that know Latin-1 alone";
  EXPECT_THAT(pasted("TARGETS"), HasSubstr("UTF8_STRING"));
  EXPECT_EQ(pasted("text/uri-list"), "");
  ASSERT_TRUE(clipboard_->set(text("second")));
  EXPECT_EQ(pasted(), "second");
}

TEST_F(X11Clipboard, AMegabyteIsPastedInParts) {
  const auto big = long_text(desktop::kClipboardTextBytesMax);
  ASSERT_TRUE(clipboard_->set(text(big)));
  EXPECT_TRUE(pasted() == big);
  EXPECT_EQ(clipboard_->set(text(big + "x")).error().code, base::Errc::too_large);
}

TEST_F(X11Clipboard, TellsWhatProgramsCopy) {
  copy("Привет");
  EXPECT_EQ(told(1).text, "Привет");
  const auto big = long_text(desktop::kClipboardTextBytesMax);
  copy(big);
  EXPECT_TRUE(told(2).text == big) << "in parts";
  copy("latin \xe9", "STRING");
  EXPECT_EQ(told(3).text, "latin é");
}

TEST_F(X11Clipboard, WhatIsTooLargeComesAsNothing) {
  copy(long_text(desktop::kClipboardTextBytesMax + 1));
  EXPECT_TRUE(told(1).empty());
  copy(long_text(9 * desktop::kClipboardTextBytesMax));
  EXPECT_TRUE(told(2).empty());
  copy("small");
  EXPECT_EQ(told(3).text, "small");
}

TEST_F(X11Clipboard, DoesNotTellWhatItWasToldToSet) {
  ASSERT_TRUE(clipboard_->set(text("from the technician")));
  EXPECT_EQ(pasted(), "from the technician");
  copy("from the user");
  EXPECT_EQ(told(1).text, "from the user");
  EXPECT_EQ(told_so_far(), 1u);
}

TEST_F(X11Clipboard, WhatWasThereBeforeIsNotTold) {
  clipboard_->watch(false);
  copy("a password of an hour ago");
  // The program has it: another one can paste.
  for (int i = 0; i < 500 && pasted() != "a password of an hour ago"; ++i) std::this_thread::sleep_for(10ms);
  ASSERT_EQ(pasted(), "a password of an hour ago");
  clipboard_->watch(true);
  copy("now");
  EXPECT_EQ(told(1).text, "now");
  EXPECT_EQ(told_so_far(), 1u);
}

TEST_F(X11Clipboard, FilesGoBothWays) {
  const std::vector<std::filesystem::path> files = {"/tmp/a b.txt", "/tmp/ü#1"};
  ClipboardContent content;
  content.files = files;
  ASSERT_TRUE(clipboard_->set(content));
  EXPECT_EQ(pasted("text/uri-list"), "file:///tmp/a%20b.txt\r\nfile:///tmp/%C3%BC%231\r\n");
  EXPECT_EQ(pasted("x-special/gnome-copied-files"), "copy\nfile:///tmp/a%20b.txt\nfile:///tmp/%C3%BC%231");
  copy("copy\nfile:///tmp/a%20b.txt\nfile:///tmp/%C3%BC%231", "x-special/gnome-copied-files");
  EXPECT_EQ(told(1).files, files);
  copy("# by hand\r\nfile:///tmp/a%20b.txt\r\n", "text/uri-list");
  EXPECT_THAT(told(2).files, ElementsAre("/tmp/a b.txt"));
}

TEST_F(X11Clipboard, ClearTakesBackOnlyItsOwn) {
  ASSERT_TRUE(clipboard_->set(text("mine")));
  clipboard_->clear();
  for (int i = 0; i < 500 && !pasted().empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(pasted(), "");
  ASSERT_TRUE(clipboard_->set(text("mine again")));
  const auto before = told_so_far();
  copy("the user's");
  EXPECT_EQ(told(before + 1).text, "the user's");
  clipboard_->clear();
  ASSERT_TRUE(clipboard_->set(text("x")));  // done behind the clear
  copy("the user's, still");
  EXPECT_EQ(told(before + 2).text, "the user's, still");
  EXPECT_EQ(pasted(), "the user's, still");
}

TEST_F(X11Clipboard, AReaderThatDiesInTheMiddleHoldsNothingUp) {
  ASSERT_TRUE(clipboard_->set(text(long_text(desktop::kClipboardTextBytesMax))));
  {
    // Asks for everything and takes nothing of it.
    test::XClient reader(server_, {0, 0, 10, 10});
    const auto atoms = x11::ClipboardAtoms::read(reader.connection()).value();
    for (int i = 0; i < 40; ++i)
      xcb_convert_selection(reader.connection().get(), reader.window(), atoms.clipboard, atoms.utf8_string,
                            atoms.transfer + static_cast<xcb_atom_t>(i % 3), XCB_CURRENT_TIME);
    reader.sync();
    EXPECT_EQ(pasted().size(), desktop::kClipboardTextBytesMax);
  }
  EXPECT_EQ(pasted().size(), desktop::kClipboardTextBytesMax);
}

TEST_F(X11Clipboard, AnswersSeveralQuestionsAtOnce) {
  ASSERT_TRUE(clipboard_->set(text("both")));
  test::XClient reader(server_, {0, 0, 10, 10});
  auto* c = reader.connection().get();
  const auto atoms = x11::ClipboardAtoms::read(reader.connection()).value();
  const xcb_atom_t pairs[] = {atoms.utf8_string, atoms.clock, atoms.uri_list, atoms.transfer};
  xcb_change_property(c, XCB_PROP_MODE_REPLACE, reader.window(), atoms.multiple, atoms.atom_pair, 32, 4, pairs);
  xcb_convert_selection(c, reader.window(), atoms.clipboard, atoms.multiple, atoms.multiple, XCB_CURRENT_TIME);
  const auto property = [&](xcb_atom_t name) {
    auto got = x11::reply(xcb_get_property_reply, c,
                          xcb_get_property(c, 0, reader.window(), name, XCB_ATOM_ANY, 0, 100), "read")
                   .value();
    return std::string(static_cast<const char*>(xcb_get_property_value(got.get())),
                       static_cast<std::size_t>(xcb_get_property_value_length(got.get())));
  };
  for (int i = 0; i < 500 && property(atoms.clock).empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(property(atoms.clock), "both");
  std::string after;
  for (int i = 0; i < 500; ++i) {
    after = property(atoms.multiple);
    if (after.size() == 16 && after.substr(12) == std::string(4, '\0')) break;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(after.substr(12), std::string(4, '\0')) << "what it does not have is taken out of the list";
}

TEST_F(X11Clipboard, APasswordManagersSecretStaysWhereItIs) {
  test::XClient keeper(server_, {0, 0, 10, 10});
  auto* c = keeper.connection().get();
  const auto atoms = x11::ClipboardAtoms::read(keeper.connection()).value();
  xcb_set_selection_owner(c, keeper.window(), atoms.clipboard, XCB_CURRENT_TIME);
  xcb_flush(c);
  int asked_for_text = 0;
  for (const auto end = std::chrono::steady_clock::now() + 40s;
       told_so_far() == 0 && std::chrono::steady_clock::now() < end;) {
    x11::Owned<xcb_generic_event_t> event{xcb_poll_for_event(c)};
    if (!event || (event->response_type & 0x7f) != XCB_SELECTION_REQUEST) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(*event);
    xcb_selection_notify_event_t answer{};
    answer.response_type = XCB_SELECTION_NOTIFY;
    answer.time = request.time;
    answer.requestor = request.requestor;
    answer.selection = request.selection;
    answer.target = request.target;
    if (request.target == atoms.targets) {
      const xcb_atom_t formats[] = {atoms.utf8_string, atoms.secret_hint};
      xcb_change_property(c, XCB_PROP_MODE_REPLACE, request.requestor, request.property, XCB_ATOM_ATOM, 32, 2, formats);
      answer.property = request.property;
    } else {
      ++asked_for_text;
    }
    xcb_send_event(c, 0, request.requestor, 0, reinterpret_cast<const char*>(&answer));
    xcb_flush(c);
  }
  EXPECT_EQ(told_so_far(), 1u);
  EXPECT_TRUE(told(1).empty());
  EXPECT_EQ(asked_for_text, 0);
}

TEST_F(X11Clipboard, SaysThatTheServerIsGone) {
  server_.kill();
  base::Result<> result;
  for (int i = 0; i < 500 && (result = clipboard_->set(text("x"))); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(result.error().code, base::Errc::unreachable);
}

TEST(FileList, TakesFilesOfThisMachineAndNothingElse) {
  using x11::read_file_list;
  EXPECT_THAT(read_file_list("file:///a\r\nfile://localhost/b%25\r\nfile:/c\r\n"), ElementsAre("/a", "/b%", "/c"));
  EXPECT_THAT(read_file_list("cut\nfile:///a\n"), ElementsAre("/a"));
  for (const auto* bad : {"https://example.org/", "file:///a\nhttps://example.org/", "file://elsewhere/a", "a.txt",
                          "file:///a%00b", "file:///a%", "file:///a%zz", "file:////evil/share"})
    EXPECT_TRUE(read_file_list(bad).empty()) << bad;
}

}  // namespace
}  // namespace rescue::applet
