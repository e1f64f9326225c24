// SPDX-License-Identifier: Apache-2.0
#include "session/file_transfer.hpp"

#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "session_pair.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using testing::file_actions;
using testing::last_of;
using testing::SessionPair;
using namespace std::chrono_literals;
using enum wire::Permission;
namespace m = messages;
namespace msg = wire::session;

const FileFinished* finished(const std::vector<ConsoleEvent>& events) {
  const FileFinished* last = nullptr;
  for (const auto& e : events)
    if (const auto* f = std::get_if<FileEvent>(&e))
      if (const auto* done = std::get_if<FileFinished>(f)) last = done;
  return last;
}

TEST(FileTransfer, AFullDiskEndsItAtBothEndsWithoutAFile) {
  SessionPair p;
  p.allow(send_files);
  p.applet_files.fail_writes_after = 200'000;
  const auto id = p.console.send_file("a.bin", 1'000'000, {}, p.now);
  p.console_files.sources[*id] = base::Bytes(1'000'000, 1);
  p.settle();
  ASSERT_NE(finished(p.events), nullptr);
  EXPECT_EQ(finished(p.events)->reason, FileStop::disk);
  EXPECT_TRUE(finished(p.events)->accepted);
  EXPECT_TRUE(p.applet_files.final_files.empty());
  EXPECT_TRUE(p.applet_files.partial.empty()) << "the partial file is deleted";
  EXPECT_NE(SessionPair::find_audit(p.applet_audit, audit_type::kFileFailed), nullptr);
}

TEST(FileTransfer, ASourceThatShrinksIsNoCompleteFile) {
  SessionPair p;
  p.allow(send_files);
  const auto id = p.console.send_file("a.bin", 1'000'000, {}, p.now);
  p.console_files.sources[*id] = base::Bytes(700'000, 1);
  p.settle();
  EXPECT_EQ(finished(p.events)->reason, FileStop::source);
  EXPECT_TRUE(p.applet_files.final_files.empty());
}

TEST(FileTransfer, RevokingStopsAFileInTheMiddle) {
  SessionPair p;
  p.allow(send_files);
  const auto id = p.console.send_file("a.bin", 50'000'000, {}, p.now);
  p.console_files.sources[*id] = base::Bytes(50'000'000, 1);
  for (int i = 0; i < 30; ++i) p.step_console(), p.step_applet();
  ASSERT_FALSE(p.applet_files.partial.empty());
  p.applet.user_revokes(send_files, p.now);
  p.settle();
  EXPECT_TRUE(p.applet_files.partial.empty());
  EXPECT_TRUE(p.applet_files.final_files.empty());
  EXPECT_EQ(finished(p.events)->reason, FileStop::revoked);
}

TEST(FileTransfer, EitherEndMayCancel) {
  for (const bool by_user : {true, false}) {
    SessionPair p;
    p.allow(send_files);
    const auto id = p.console.send_file("a.bin", 50'000'000, {}, p.now);
    p.console_files.sources[*id] = base::Bytes(50'000'000, 1);
    for (int i = 0; i < 30; ++i) p.step_console(), p.step_applet();
    if (by_user)
      p.applet.user_cancels_file(*id, p.now);
    else
      p.console.cancel_file(*id, p.now);
    p.settle();
    EXPECT_EQ(finished(p.events)->reason, FileStop::canceled);
    EXPECT_TRUE(p.applet_files.partial.empty());
  }
}

TEST(FileTransfer, SeveralFilesRunSideBySideAndOneTooManyIsBusy) {
  SessionPair p;
  p.allow(send_files);
  for (std::size_t i = 0; i < kTransfersMax; ++i) {
    const auto id = p.console.send_file("f" + std::to_string(i), 300'000, {}, p.now);
    ASSERT_TRUE(id);
    p.console_files.sources[*id] = base::Bytes(300'000, static_cast<std::uint8_t>(i));
  }
  EXPECT_EQ(p.console.send_file("more", 1, {}, p.now).error().code, base::Errc::conflict);
  p.settle();
  EXPECT_EQ(p.applet_files.final_files.size(), kTransfersMax);
  for (std::size_t i = 0; i < kTransfersMax; ++i)
    EXPECT_TRUE(p.applet_files.final_files["f" + std::to_string(i)] ==
                base::Bytes(300'000, static_cast<std::uint8_t>(i)));
}

TEST(FileTransfer, AFileNobodyAskedForIsRefusedByTheConsole) {
  SessionPair p;
  p.allow(receive_files);
  ASSERT_TRUE(p.console.on_message(Channel::files, m::file_offer(1, 77, 5, {}, "gift.exe"), p.now));
  p.settle();
  EXPECT_TRUE(file_actions<OpenForWrite>(p.events).empty());
}

// ---- a hostile sender against the applet

struct Receiver : testing::Applet {
  Receiver() {
    (void)give(m::permission_ask(send_files));
    (void)answer(Answer::yes);
    wait(1s);
    forget();
  }
  void open(std::uint32_t number) {
    core.file_opened({FileDirection::to_applet, number}, now);
    drain();
  }
};

TEST(FileTransfer, HostileNamesAreRefusedWithoutOpeningAnything) {
  Receiver r;
  std::uint32_t n = 0;
  for (const char* name : {"", "..", "../../.bashrc", "/etc/passwd", "C:\\x", "a\nb", "\xff", "evil\u202etxt.exe"}) {
    ASSERT_TRUE(r.give(m::file_offer(++n, 0, 10, {}, name)));
    const auto* reject = r.last_sent<msg::FileReject>(msg::Message::FileReject);
    ASSERT_NE(reject, nullptr) << name;
    EXPECT_EQ(reject->transfer(), n);
    EXPECT_EQ(reject->reason(), FileStop::bad_name);
  }
  EXPECT_TRUE(file_actions<OpenForWrite>(r.actions).empty());
  ASSERT_TRUE(r.give(m::file_offer(++n, 0, wire::kFileSizeMax + 1, {}, "big")));
  EXPECT_EQ(r.last_sent<msg::FileReject>(msg::Message::FileReject)->reason(), FileStop::too_large);
}

TEST(FileTransfer, AwkwardNamesAreOpenedUnderASafeOne) {
  Receiver r;
  ASSERT_TRUE(r.give(m::file_offer(1, 0, 10, {}, "nul.txt")));
  ASSERT_EQ(file_actions<OpenForWrite>(r.actions).size(), 1u);
  EXPECT_EQ(file_actions<OpenForWrite>(r.actions)[0].name, "_nul.txt");
}

TEST(FileTransfer, EachBreachOfOrderDropsThePeer) {
  const base::Bytes data(10, 1);
  const FileDigests wrong;
  struct Case {
    const char* name;
    std::function<base::Result<void>(Receiver&)> act;
  };
  const Case cases[] = {
      {"chunk never offered", [&](Receiver& r) { return r.give(m::file_chunk(9, 0, data)); }},
      {"chunk before it was accepted",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 10, {}, "a"));
         return r.give(m::file_chunk(1, 0, data));
       }},
      {"gap",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 100, {}, "a"));
         r.open(1);
         return r.give(m::file_chunk(1, 5, data));
       }},
      {"beyond the size",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 9, {}, "a"));
         r.open(1);
         return r.give(m::file_chunk(1, 0, data));
       }},
      {"done too early",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 20, {}, "a"));
         r.open(1);
         (void)r.give(m::file_chunk(1, 0, data));
         return r.give(m::file_done(1, 20, wrong));
       }},
      {"number used twice",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 20, {}, "a"));
         return r.give(m::file_offer(1, 0, 20, {}, "b"));
       }},
      {"window ignored",
       [&](Receiver& r) {
         (void)r.give(m::file_offer(1, 0, 100'000'000, {}, "a"));
         r.open(1);
         const base::Bytes chunk(wire::kFileChunkMax, 1);
         base::Result<void> ok;
         std::uint64_t at = 0;
         while ((ok = r.give(m::file_chunk(1, at, chunk)))) {
           at += chunk.size();
           if (at > kFileWindow) {
             ADD_FAILURE() << at << " bytes taken without one being written";
             break;
           }
         }
         return ok;
       }},
  };
  for (const auto& c : cases) {
    Receiver r;
    const auto ok = c.act(r);
    EXPECT_FALSE(ok) << c.name;
    EXPECT_TRUE(r.core.ended()) << c.name;
    EXPECT_TRUE(file_actions<CommitFile>(r.actions).empty()) << c.name;
  }
}

TEST(FileTransfer, AWrongHashNeverBecomesAFile) {
  Receiver r;
  (void)r.give(m::file_offer(1, 0, 10, {}, "a"));
  r.open(1);
  (void)r.give(m::file_chunk(1, 0, base::Bytes(10, 1)));
  r.core.file_written({FileDirection::to_applet, 1}, 10, r.now);
  ASSERT_TRUE(r.give(m::file_done(1, 10, FileDigests{})));
  EXPECT_EQ(r.last_sent<msg::FileReject>(msg::Message::FileReject)->reason(), FileStop::hash_mismatch);
  EXPECT_TRUE(file_actions<CommitFile>(r.actions).empty());
  EXPECT_EQ(file_actions<DropFile>(r.actions).size(), 1u);
  const auto* failed = r.last_audit(audit_type::kFileFailed);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(*failed->find("reason"), AuditValue(std::string("hash_mismatch")));
}

TEST(FileTransfer, ChunksThatCrossACancelAreIgnored) {
  Receiver r;
  (void)r.give(m::file_offer(1, 0, 100, {}, "a"));
  r.open(1);
  r.core.user_cancels_file({FileDirection::to_applet, 1}, r.now);
  r.drain();
  r.forget();
  EXPECT_TRUE(r.give(m::file_chunk(1, 0, base::Bytes(10, 1)))) << "they were on their way; no offence";
  EXPECT_TRUE(file_actions<WriteChunk>(r.actions).empty());
}

// ---- going on with what broke

/// A file of which the applet has the first bytes from an earlier try.
struct Resumed : SessionPair {
  static constexpr std::size_t kSize = 1'000'000;
  static constexpr std::size_t kHad = 600'000;
  base::Bytes whole = testing::content(kSize);
  TransferId id;

  explicit Resumed(base::Bytes had) {
    allow(send_files);
    applet_files.kept["a.bin"] = std::move(had);
    id = console.send_file("a.bin", kSize, now.wall, now).value();
    console_files.sources[id] = whole;
  }
  [[nodiscard]] base::Bytes first(std::size_t n) const { return base::to_bytes(base::ByteView(whole).first(n)); }
};

TEST(FileResume, SendsOnlyWhatIsMissing) {
  Resumed p(base::to_bytes(base::ByteView(testing::content(Resumed::kSize)).first(Resumed::kHad)));
  p.settle();
  ASSERT_NE(finished(p.events), nullptr);
  EXPECT_EQ(finished(p.events)->reason, FileStop::none);
  EXPECT_EQ(finished(p.events)->resumed_at, Resumed::kHad);
  EXPECT_EQ(p.applet_files.final_files["a.bin"], p.whole);
  const auto* received = SessionPair::find_audit(p.applet_audit, audit_type::kFileReceived);
  ASSERT_NE(received, nullptr);
  EXPECT_EQ(std::get<std::int64_t>(*received->find("resumed_at")), std::int64_t{Resumed::kHad});
  std::vector<std::uint64_t> progress;
  for (const auto& e : p.events) {
    const auto* f = std::get_if<FileEvent>(&e);
    if (const auto* at = f != nullptr ? std::get_if<FileProgress>(f) : nullptr) progress.push_back(at->done);
  }
  ASSERT_FALSE(progress.empty());
  EXPECT_GT(progress.front(), Resumed::kHad) << "nothing of the first part was sent again";
}

TEST(FileResume, BeginsAnewWhereTheBytesAreOthers) {
  auto other = testing::content(Resumed::kHad);
  other[17] ^= 1;
  Resumed p(std::move(other));
  p.settle();
  EXPECT_EQ(finished(p.events)->reason, FileStop::none);
  EXPECT_EQ(finished(p.events)->resumed_at, 0U);
  EXPECT_EQ(p.applet_files.final_files["a.bin"], p.whole);
}

TEST(FileResume, AWholeFileIsCheckedAndNotSent) {
  Resumed p(testing::content(Resumed::kSize));
  p.settle();
  EXPECT_EQ(finished(p.events)->reason, FileStop::none);
  EXPECT_EQ(finished(p.events)->resumed_at, Resumed::kSize);
  EXPECT_EQ(p.applet_files.final_files["a.bin"], p.whole);
}

TEST(FileResume, WhatTheSiteBrokeIsKeptAndWhatAPersonStoppedIsNot) {
  for (const bool by_site : {true, false}) {
    SessionPair p;
    p.allow(send_files);
    const auto id = p.console.send_file("a.bin", 50'000'000, p.now.wall, p.now);
    p.console_files.sources[*id] = base::Bytes(50'000'000, 1);
    for (int i = 0; i < 30; ++i) p.step_console(), p.step_applet();
    ASSERT_FALSE(p.applet_files.partial.empty());
    if (by_site)
      p.applet.on_site_ends(wire::session::EndedBy::broker, "the technician's program began again", p.now);
    else
      p.applet.user_ends("enough", p.now);
    p.settle();
    EXPECT_TRUE(p.applet_files.partial.empty());
    EXPECT_EQ(p.applet_files.kept.contains("a.bin"), by_site);
  }
}

/// A console played by hand that breaks the rules of going on.
TEST(FileResume, ASenderMayBeginAnewOnlyBeforeItsFirstChunk) {
  const auto begin = [](testing::Applet& a) {
    a.core.on_deadline(a.now);
    ASSERT_TRUE(a.give(m::permission_ask(send_files)));
    ASSERT_TRUE(a.answer(Answer::yes));
    ASSERT_TRUE(a.give(m::file_offer(1, 0, 100, a.now.wall, "a.bin")));
  };
  testing::Applet early;
  begin(early);
  EXPECT_FALSE(early.give(m::file_restart(1))) << "before it is open";
  testing::Applet fresh;
  begin(fresh);
  fresh.core.file_opened({FileDirection::to_applet, 1}, fresh.now, 0);
  EXPECT_FALSE(fresh.give(m::file_restart(1))) << "nothing was there";
  testing::Applet late;
  begin(late);
  late.core.file_opened({FileDirection::to_applet, 1}, late.now, 10);
  late.core.file_chunk({FileDirection::to_applet, 1}, base::Bytes(10, 1), late.now);
  late.drain();
  ASSERT_TRUE(late.give(m::file_chunk(1, 10, base::Bytes(5, 1))));
  EXPECT_FALSE(late.give(m::file_restart(1))) << "after a chunk";
  testing::Applet once;
  begin(once);
  once.core.file_opened({FileDirection::to_applet, 1}, once.now, 10);
  once.core.file_chunk({FileDirection::to_applet, 1}, base::Bytes(10, 1), once.now);
  once.drain();
  ASSERT_TRUE(once.give(m::file_restart(1)));
  EXPECT_EQ(file_actions<RestartFile>(once.actions).size(), 1U);
  ASSERT_TRUE(once.give(m::file_chunk(1, 0, base::Bytes(5, 1))));
  EXPECT_FALSE(once.give(m::file_restart(1)));
}

TEST(FileResume, AReceiverThatClaimsMoreThanThereIsIsDropped) {
  SessionPair p;
  p.allow(receive_files);
  testing::Applet a;
  ASSERT_TRUE(a.give(m::permission_ask(receive_files)));
  ASSERT_TRUE(a.answer(Answer::yes));
  ASSERT_TRUE(a.give(m::file_request(1)));
  ASSERT_TRUE(a.core.file_chosen(1, "a.bin", 100, a.now.wall, a.now));
  a.drain();
  EXPECT_FALSE(a.give(m::file_accept(1, 101, base::Bytes(32, 1))));
}

TEST(FileTransfer, ANumberSaysWhatAFileIsFor) {
  EXPECT_EQ(purpose_of(1), FilePurpose::file);
  EXPECT_EQ(purpose_of(0x4000'0001), FilePurpose::file_manager);
  EXPECT_EQ(purpose_of(0x8000'0001), FilePurpose::clipboard);
  for (const std::uint32_t number : {0u, 0x4000'0000u, 0x8000'0000u, 0xc000'0001u}) EXPECT_FALSE(purpose_of(number));
  testing::Applet a;
  ASSERT_TRUE(a.give(m::permission_ask(send_files)));
  ASSERT_TRUE(a.answer(Answer::yes));
  // With leave to send files, nothing comes in as a file manager's or a clipboard's.
  for (const std::uint32_t number : {0x4000'0001u, 0x8000'0001u}) {
    a.forget();
    ASSERT_TRUE(a.give(m::file_offer(number, 0, 100, a.now.wall, "a.bin")));
    EXPECT_EQ(a.sent_of(msg::Message::FileReject), 1U);
    EXPECT_TRUE(file_actions<OpenForWrite>(a.actions).empty());
  }
  EXPECT_FALSE(a.give(m::file_offer(0xc000'0001u, 0, 100, a.now.wall, "a.bin")));
}

}  // namespace
}  // namespace rescue::session
