// SPDX-License-Identifier: Apache-2.0
// The two cores against each other, over links: files both ways.
#include <gmock/gmock.h>

#include "session/impl/messages.hpp"
#include "session_pair.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using testing::content;
using testing::count_of;
using ::testing::IsSupersetOf;
using testing::last_of;
using testing::SessionPair;
using enum wire::Permission;

TEST(Session, AFileReachesTheUserWithEqualHashesAtBothEnds) {
  SessionPair p;
  p.allow(send_files);
  const auto bytes = content(5'000'001);
  const auto id = p.console.send_file("setup.bin", bytes.size(), {}, p.now);
  ASSERT_TRUE(id);
  p.console_files.sources[*id] = bytes;
  p.settle();
  ASSERT_TRUE(p.applet_files.final_files.contains("setup.bin"));
  EXPECT_TRUE(p.applet_files.final_files["setup.bin"] == bytes);
  const auto* sent = SessionPair::find_audit(p.console_audit, audit_type::kFileSent);
  const auto* received = SessionPair::find_audit(p.applet_audit, audit_type::kFileReceived);
  ASSERT_TRUE(sent != nullptr && received != nullptr);
  for (const auto* key : {"name", "size", "md5", "sha256", "direction"}) {
    ASSERT_NE(sent->find(key), nullptr) << key;
    EXPECT_EQ(*sent->find(key), *received->find(key)) << key;
  }
  EXPECT_EQ(*sent->find("size"), AuditValue(std::int64_t{5'000'001}));
}

TEST(Session, TheUserChoosesAFileForTheTechnician) {
  SessionPair p;
  p.allow(receive_files);
  const auto request = p.console.request_file(p.now);
  ASSERT_TRUE(request);
  p.settle();
  const auto* choose = last_of<ChooseFile>(p.actions);
  ASSERT_NE(choose, nullptr);
  EXPECT_EQ(choose->request, *request);
  const auto bytes = content(100'000);
  const auto id = p.applet.file_chosen(*request, "error.log", bytes.size(), {}, p.now);
  ASSERT_TRUE(id);
  p.applet_files.sources[*id] = bytes;
  p.settle();
  EXPECT_TRUE(p.console_files.final_files["error.log"] == bytes);
  EXPECT_EQ(p.applet.file_chosen(*request, "more", 1, {}, p.now).error().code, base::Errc::denied)
      << "one request, one file";
}

TEST(Session, WhatTheUserTakesBackDoesNotLeaveTheLinksQueueAnyMore) {
  SessionPair p;
  p.allow(receive_files);
  p.allow(send_files);
  ASSERT_TRUE(p.console.request_file(p.now));
  p.settle();
  const auto bytes = content(8'000'000);
  const auto id = p.applet.file_chosen(last_of<ChooseFile>(p.actions)->request, "secret.bin", bytes.size(), {}, p.now);
  ASSERT_TRUE(id);
  p.applet_files.sources[*id] = bytes;
  const auto written = [&] {
    return p.console_files.partial.empty() ? 0 : p.console_files.partial.begin()->second.bytes.size();
  };
  while (written() == 0) {
    p.step_applet();
    p.step_console();
  }
  // The path takes nothing more for a moment; the link's queue fills.
  p.path_is_up = false;
  while (p.step_applet()) continue;
  ASSERT_GT(p.applet_link.queued_bytes(Channel::files), 200'000u);
  ASSERT_TRUE(p.console.send_file("other.txt", 0, {}, p.now));
  p.applet.user_revokes(receive_files, p.now);
  (void)pump(p.applet_link, p.applet, p.now);
  EXPECT_LT(p.applet_link.queued_bytes(Channel::files), 1'000u) << "word of the end, and no content";
  const auto before = written();
  p.path_is_up = true;
  // Every chunk that still arrives was in the path before; none is written after the end was heard.
  p.settle();
  EXPECT_TRUE(p.console_files.partial.empty());
  EXPECT_FALSE(p.console_files.final_files.contains("secret.bin"));
  std::size_t late = 0;
  for (const auto& e : p.events)
    if (const auto* action = std::get_if<FileAction>(&e))
      if (const auto* write = std::get_if<WriteChunk>(action))
        late += write->offset >= before ? write->bytes.size() : 0;
  EXPECT_LE(late, wire::kFileChunkMax) << "at most the rest of what was half out";
  EXPECT_TRUE(p.applet_files.final_files.contains("other.txt")) << "the other direction goes on";
  const auto* failed = SessionPair::find_audit(p.applet_audit, audit_type::kFileFailed);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(*failed->find("reason"), AuditValue(std::string("revoked")));
}

TEST(Session, TheUserMayDeclineToChoose) {
  SessionPair p;
  p.allow(receive_files);
  const auto request = p.console.request_file(p.now);
  p.settle();
  p.applet.file_not_chosen(*request, p.now);
  p.settle();
  const auto* refused = last_of<Refused>(p.events);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->id, *request);
  EXPECT_EQ(refused->reason, RefusalReason::user_declined);
}

TEST(Session, EmptyFilesArriveToo) {
  SessionPair p;
  p.allow(send_files);
  const auto id = p.console.send_file("empty", 0, {}, p.now);
  p.console_files.sources[*id] = {};
  p.settle();
  ASSERT_TRUE(p.applet_files.final_files.contains("empty"));
  EXPECT_TRUE(p.applet_files.final_files["empty"].empty());
}

TEST(Session, ABreakInTheMiddleOfAFileRepeatsAndLosesNothing) {
  SessionPair p;
  p.allow(send_files);
  p.allow(desktop_view);
  ASSERT_TRUE(p.console.start_view(0, 30, p.now));
  p.settle();
  const auto bytes = content(3'000'000);
  const auto id = p.console.send_file("big.iso", bytes.size(), {}, p.now);
  p.console_files.sources[*id] = bytes;
  for (int i = 0; i < 20; ++i) p.step_console(), p.step_applet();
  EXPECT_FALSE(p.applet_files.final_files.contains("big.iso")) << "no partial file under its final name";
  p.actions.clear();
  p.down();
  EXPECT_GE(count_of<StopCapture>(p.actions), 1u);
  EXPECT_FALSE(p.applet.can_send_screen(p.now));
  p.wait(30s);
  p.up();
  p.settle();
  EXPECT_TRUE(p.applet_files.final_files["big.iso"] == bytes);
  EXPECT_EQ(count_of<StartCapture>(p.actions), 1u) << "the view goes on by itself, with a keyframe";
  EXPECT_TRUE(p.console.viewing());
  EXPECT_THAT(p.audit_types(p.applet_audit), IsSupersetOf({"link.down", "link.up"}));
}

}  // namespace
}  // namespace rescue::session
