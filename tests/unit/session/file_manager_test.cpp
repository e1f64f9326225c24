// SPDX-License-Identifier: Apache-2.0
// The rules of the file manager between both ends, with a peer that does not keep them.
#include "session/applet_file_manager.hpp"
#include "session/console_file_manager.hpp"
#include "session/file_name.hpp"
#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "session_pair.hpp"

namespace rescue::session {
namespace {
using testing::Applet;
using testing::file_actions;
using testing::SessionPair;
using enum wire::Permission;
namespace m = messages;
namespace msg = wire::session;

constexpr std::uint32_t kFirst = 0x4000'0001;  // the first transfer of a file manager

template <typename T>
std::vector<T> asked(const std::vector<AppletAction>& actions) {
  std::vector<T> out;
  for (const auto& a : actions)
    if (const auto* f = std::get_if<FileManagerAction>(&a))
      if (const auto* t = std::get_if<T>(f)) out.push_back(*t);
  return out;
}

struct Allowed : Applet {
  Allowed() {
    EXPECT_TRUE(give(m::permission_ask(file_manager)));
    EXPECT_TRUE(answer(Answer::yes));
    forget();
  }
  base::Result<void> ask(std::uint32_t request, msg::FsOp op, std::string path = "/home/ada") {
    m::FsRequestFields fields;
    fields.request = request;
    fields.op = op;
    fields.path = std::move(path);
    return give(m::fs_request(fields));
  }
  void begin_put() {
    ASSERT_TRUE(ask(1, msg::FsOp::put));
    core.with<AppletFileManager>(now, [](AppletFileManager& f) { f.put_ready(1); });
    drain();
  }
};

TEST(FileManagerRules, NothingIsAskedOfTheDiskWithoutPermission) {
  Applet a;
  for (const auto op : {msg::FsOp::list, msg::FsOp::remove, msg::FsOp::get, msg::FsOp::put}) {
    m::FsRequestFields fields;
    fields.request = 1;
    fields.op = op;
    fields.path = "/";
    a.forget();
    ASSERT_TRUE(a.give(m::fs_request(fields)));
    EXPECT_TRUE(asked<FsStart>(a.actions).empty());
    EXPECT_EQ(a.sent_of(msg::Message::ActionRefused), 1U);
  }
}

TEST(FileManagerRules, ManyAtATimeAreBusy) {
  Allowed a;
  for (std::uint32_t n = 1; n <= kFsRequestsMax + 5; ++n) ASSERT_TRUE(a.ask(n, msg::FsOp::list));
  EXPECT_EQ(asked<FsStart>(a.actions).size(), kFsRequestsMax);
  EXPECT_EQ(a.sent_of(msg::Message::ActionRefused), 5U);
  Allowed b;
  ASSERT_TRUE(b.ask(1, msg::FsOp::get));
  ASSERT_TRUE(b.ask(2, msg::FsOp::get));
  ASSERT_TRUE(b.ask(1, msg::FsOp::list)) << "a number that is in use";
  EXPECT_EQ(asked<FsStart>(b.actions).size(), 1U);
}

TEST(FileManagerRules, APathThatIsNoTextIsRefusedAndNotTheConsole) {
  Allowed a;
  ASSERT_TRUE(a.ask(1, msg::FsOp::list, "/\xff\xfe"));
  EXPECT_TRUE(asked<FsStart>(a.actions).empty());
  EXPECT_EQ(a.last_sent<msg::FsReply>(msg::Message::FsReply)->status(), msg::FsStatus::bad_name);
  EXPECT_FALSE(a.core.ended());
}

TEST(FileManagerRules, NoFileComesButForAPutThatRuns) {
  Allowed a;
  ASSERT_TRUE(a.give(m::file_offer(kFirst, 0, 10, a.now.wall, "x")));
  ASSERT_TRUE(a.give(m::file_offer(kFirst + 1, 77, 10, a.now.wall, "x")));
  ASSERT_TRUE(a.ask(1, msg::FsOp::put));
  ASSERT_TRUE(a.give(m::file_offer(kFirst + 2, 1, 10, a.now.wall, "x"))) << "the host has no folder for it yet";
  EXPECT_EQ(a.sent_of(msg::Message::FileReject), 3U);
  EXPECT_TRUE(file_actions<OpenForWrite>(a.actions).empty());
  a.core.with<AppletFileManager>(a.now, [](AppletFileManager& f) { f.put_ready(1); });
  a.drain();
  ASSERT_TRUE(a.give(m::file_offer(kFirst + 3, 1, 10, a.now.wall, ".profile", "sub/deep")));
  const auto opened = file_actions<OpenForWrite>(a.actions);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].name, ".profile") << "the name that was meant";
  EXPECT_EQ(opened[0].folder, "sub/deep");
}

TEST(FileManagerRules, NamesThatLeaveTheFolderAreRefused) {
  Allowed a;
  a.begin_put();
  std::uint32_t number = kFirst;
  const std::pair<std::string, std::string> kBad[] = {
      {"x", ".."},   {"x", "../up"}, {"x", "a/../.."}, {"x", "/etc"},   {"x", "a//b"}, {"x", "a/"},
      {"x", "a\\b"}, {"..", ""},     {"a/b", ""},      {"a\nb", ""},    {"", ""},      {"x", std::string("a\0b", 3)},
      {"x\xff", ""}, {"x", "\xff"},  {"a\\b", ""},     {"a\u202eb", ""}};
  for (const auto& [name, folder] : kBad)
    ASSERT_TRUE(a.give(m::file_offer(number++, 1, 10, a.now.wall, name, folder))) << name << " in " << folder;
  EXPECT_EQ(a.sent_of(msg::Message::FileReject), std::size(kBad));
  EXPECT_TRUE(file_actions<OpenForWrite>(a.actions).empty());
  std::string deep = "d";
  for (int n = 0; n < 300; ++n) deep += "/d";
  ASSERT_TRUE(a.give(m::file_offer(number++, 1, 10, a.now.wall, "x", deep)));
  EXPECT_TRUE(file_actions<OpenForWrite>(a.actions).empty());
}

TEST(FileManagerRules, ARevocationStopsAllOfItAndSaysSoInTheLog) {
  Allowed a;
  a.begin_put();
  ASSERT_TRUE(a.give(m::file_offer(kFirst, 1, 100, a.now.wall, "x")));
  a.core.file_opened({FileDirection::to_applet, kFirst}, a.now);
  ASSERT_TRUE(a.ask(2, msg::FsOp::remove, "/home/ada/tree"));
  a.drain();
  a.forget();
  a.core.user_revokes(file_manager, a.now);
  a.drain();
  EXPECT_EQ(file_actions<DropFile>(a.actions).size(), 1U);
  EXPECT_EQ(asked<FsStop>(a.actions).size(), 2U);
  EXPECT_EQ(a.sent_of(msg::Message::FsReply), 0U) << "nothing of the disk leaves any more";
  std::size_t ended = 0;
  for (const auto& e : a.audit)
    if (e.type == audit_type::kFilesEnded) {
      ++ended;
      EXPECT_EQ(std::get<std::string>(*e.find("outcome")), "revoked");
    }
  EXPECT_EQ(ended, 2U);
  // What the host says later goes nowhere.
  a.core.with<AppletFileManager>(a.now, [](AppletFileManager& f) { f.answer(2, {}); });
  a.drain();
  EXPECT_EQ(a.sent_of(msg::Message::FsReply), 0U);
}

TEST(FileManagerRules, TheWholeOfATreeIsOfferedAFewAtATime) {
  SessionPair p;
  p.allow(file_manager);
  FsCall call;
  call.op = FsOp::get;
  call.path = "/home/ada/tree";
  const auto request = p.console.with<ConsoleFileManager>(p.now, [&](auto& f) { return f.ask(call); }).value();
  p.settle();
  constexpr std::size_t kFiles = 100;
  std::size_t made = 0;
  std::size_t most = 0;
  const auto give = [&](std::size_t count) {
    AppletFileManager::Walked walked;
    for (; count > 0 && made < kFiles; --count, ++made)
      walked.files.push_back({"f" + std::to_string(made), "tree", 10, p.now.wall});
    walked.end = made == kFiles;
    most = std::max(most, walked.files.size());
    const auto ids = p.applet.with<AppletFileManager>(p.now, [&](auto& f) { return f.found(request, walked); });
    for (const auto& id : ids)
      if (id) p.applet_files.sources[*id] = testing::content(10);
  };
  give(kTreeTransfersMax);
  for (int round = 0; round < 200 && made < kFiles; ++round) {
    p.settle();
    const auto next = asked<FsNext>(p.actions);
    p.actions.clear();
    for (const auto& n : next) give(n.files);
  }
  p.settle();
  EXPECT_EQ(made, kFiles);
  EXPECT_LE(most, kTreeTransfersMax);
  const auto* done = testing::last_of<FsReplied>(p.events);
  ASSERT_NE(done, nullptr);
  EXPECT_FALSE(done->answer.more);
  EXPECT_EQ(done->answer.status, FsStatus::ok);
  EXPECT_EQ(done->answer.files, kFiles);
  EXPECT_EQ(done->answer.bytes, 10 * kFiles);
  EXPECT_EQ(p.console_files.final_files.size(), kFiles);
}

TEST(FileManagerRules, AConsoleTakesOnlyWhatItHasAskedFor) {
  SessionPair p;
  p.allow(file_manager);
  FsCall call;
  call.op = FsOp::get;
  call.path = "/home/ada/tree/";
  const auto request = p.console.with<ConsoleFileManager>(p.now, [&](auto& f) { return f.ask(call); }).value();
  p.settle();
  std::uint32_t number = kFirst;
  const auto offer = [&](std::uint32_t of, std::string_view name, std::string_view folder) {
    return p.console.on_message(Channel::files, m::file_offer(number++, of, 10, p.now.wall, name, folder), p.now);
  };
  ASSERT_TRUE(offer(request, ".bashrc", ""));
  ASSERT_TRUE(offer(request, ".bashrc", "treehouse"));
  ASSERT_TRUE(offer(request, "x", "tree/../.."));
  ASSERT_TRUE(offer(request + 1, "tree", ""));
  EXPECT_TRUE(p.console_files.opened.empty());
  p.step_console();
  EXPECT_TRUE(p.console_files.opened.empty());
  ASSERT_TRUE(offer(request, "x", "tree"));
  ASSERT_TRUE(offer(request, "x", "tree/sub"));
  p.step_console();
  EXPECT_EQ(p.console_files.opened.size(), 2U);
  m::FsReplyFields folders;
  folders.request = request;
  folders.more = true;
  folders.entries = {{"evil", msg::FsKind::folder, 0, 0, 0, "../../home"}};
  EXPECT_FALSE(p.console.on_message(Channel::files, m::fs_reply(folders), p.now));
}

TEST(FileNames, OfAFileManagerAreTakenAsTheyAre) {
  for (const std::string name : {".profile", "-rf", "a:b", "nul.txt", "x.", " x"})
    EXPECT_TRUE(check_file_name(name)) << name;
  EXPECT_TRUE(check_folder_name(""));
  EXPECT_TRUE(check_folder_name(".config/a b"));
}

}  // namespace
}  // namespace rescue::session
