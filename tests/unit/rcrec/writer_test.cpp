// SPDX-License-Identifier: Apache-2.0
#include "rcrec/writer.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {
using namespace samples;
using std::chrono::seconds;

TEST(Writer, WhatWasWrittenReadsBackInOrder) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  const auto finished = make(path);
  ASSERT_TRUE(finished) << finished.error().message();
  const auto items = items_of(path);
  for (std::size_t i = 1; i < items.size(); ++i) EXPECT_LE(items[i - 1].t, items[i].t) << i;
  EXPECT_EQ(only<VideoItem>(items).size(), 30u);
  // Both stand again behind the second checkpoint.
  EXPECT_EQ(only<CursorMove>(items).size(), 21u);
  EXPECT_EQ(only<CursorShape>(items), (std::vector{arrow(), arrow()}));
  EXPECT_EQ(only<ClockItem>(items).size(), 1u);
  EXPECT_TRUE(only<GapItem>(items).empty());
  const auto chat = only<ChatItem>(items);
  ASSERT_EQ(chat.size(), 2u);
  EXPECT_EQ(chat[1].from, "customer");
  EXPECT_EQ(chat[1].text, "Grüß Gott ☕");
  const auto events = only<EventItem>(items);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, "consent.granted");
  EXPECT_EQ(member(events[0].all, "permission"), "desktop_view");
  for (const auto& i : items) {
    if (const auto* e = std::get_if<EventItem>(&i.item); e != nullptr && e->type == "control.ended") {
      EXPECT_EQ(i.t, milliseconds(5000));
    }
  }
  base::SeededRandom random(99);
  for (const auto& v : only<VideoItem>(items)) EXPECT_EQ(v.packet, packet(random, 20 + random.below(120)));
  const auto checkpoints = std::ranges::count_if(items, [](const auto& i) {
    const auto* v = std::get_if<VideoItem>(&i.item);
    return v != nullptr && v->checkpoint;
  });
  EXPECT_EQ(checkpoints, 2);
}

TEST(Writer, FinishNamesTheFilesHashAndChainTip) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  const auto finished = make(path);
  ASSERT_TRUE(finished);
  const auto v = verify(path);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->verdict, Verdict::intact);
  EXPECT_EQ(v->sha256_hex, finished->sha256_hex);
  EXPECT_EQ(v->info.chain_tip, finished->chain_tip);
  EXPECT_EQ(v->info.file_bytes, finished->bytes);
  EXPECT_EQ(v->info.duration, milliseconds(6500));
  EXPECT_EQ(v->info.header.session, session_id());
  EXPECT_EQ(v->info.header.start, start_time());
  EXPECT_EQ(member(v->info.head, "software"), "rescue sample");
}

TEST(Writer, CreatesAPrivateFileAndNeverReplacesOne) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  ASSERT_TRUE(make(path));
  struct stat st{};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  const auto again = create_file_sink(path);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Errc::conflict);
  EXPECT_NE(again.error().message().find(path), std::string::npos);
  EXPECT_EQ(create_file_sink((dir / "none/a.rcrec").string()).error().code, base::Errc::not_found);
}

TEST(Writer, NothingWaitsLongerThanASecond) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  base::SeededRandom random(1);
  auto w = Writer::create(*create_file_sink(path), start(), random);
  ASSERT_TRUE(w);
  EXPECT_FALSE(w->flush_deadline());
  ASSERT_TRUE(w->video(packet(random, 50), true, milliseconds(200)));
  ASSERT_TRUE(w->cursor_move({1, 2, 3, true}, milliseconds(300)));
  ASSERT_EQ(w->flush_deadline(), milliseconds(1200));
  ASSERT_TRUE(w->flush_due(milliseconds(1199)));
  EXPECT_TRUE(items_of(path).empty());
  ASSERT_TRUE(w->flush_due(milliseconds(1200)));
  EXPECT_EQ(items_of(path).size(), 2u);
  ASSERT_TRUE(w->event("control.started", {}, milliseconds(1300)));
  EXPECT_EQ(only<EventItem>(items_of(path)).size(), 1u) << "an event does not wait";
  ASSERT_TRUE(w->video(packet(random, kFlushBytes), false, milliseconds(1400)));
  EXPECT_EQ(only<VideoItem>(items_of(path)).size(), 2u) << "much data does not wait";
  EXPECT_EQ(verify(path)->verdict, Verdict::unfinished);
}

TEST(Writer, TimeNeverGoesBackAndOversizedItemsAreRefused) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  base::SeededRandom random(1);
  auto w = Writer::create(*create_file_sink(path), start(), random);
  ASSERT_TRUE(w);
  ASSERT_TRUE(w->chat("a", "first", seconds(5)));
  ASSERT_TRUE(w->chat("a", "second", seconds(3)));
  EXPECT_EQ(w->chat("a", std::string(kMaxJsonBytes, 'x'), seconds(6)).error().code, base::Errc::too_large);
  EXPECT_EQ(w->video(base::Bytes(kMaxPayloadBytes), true, seconds(6)).error().code, base::Errc::too_large);
  EXPECT_EQ(w->cursor_shape({1, 300, 1, 0, 0, std::vector<std::uint32_t>(300)}, seconds(6)).error().code,
            base::Errc::invalid_argument);
  ASSERT_TRUE(w->finish(seconds(1)));
  const auto items = items_of(path);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].t, seconds(5));
  EXPECT_EQ(verify(path)->verdict, Verdict::intact);
}

TEST(Writer, PacketsBeforeTheFirstKeyframeAreDropped) {
  const test::TempDir dir;
  const std::string path = (dir / "a.rcrec").string();
  base::SeededRandom random(1);
  auto w = Writer::create(*create_file_sink(path), start(), random);
  ASSERT_TRUE(w->needs_keyframe());
  ASSERT_TRUE(w->video(packet(random, 9), false, seconds(1)));
  ASSERT_TRUE(w->needs_keyframe());
  ASSERT_TRUE(w->video(packet(random, 9), true, seconds(2)));
  ASSERT_FALSE(w->needs_keyframe());
  EXPECT_FALSE(w->checkpoint_due(seconds(2) + kCheckpointEvery)) << "no video since";
  ASSERT_TRUE(w->video(packet(random, 9), false, seconds(3)));
  EXPECT_FALSE(w->checkpoint_due(seconds(1) + kCheckpointEvery));
  EXPECT_TRUE(w->checkpoint_due(seconds(2) + kCheckpointEvery));
  ASSERT_TRUE(w->finish(seconds(4)));
  EXPECT_EQ(only<VideoItem>(items_of(path)).size(), 2u);
}

TEST(Writer, MuchVideoWantsACheckpointSoonerButNeverMoreThanAnEighthOfIt) {
  const test::TempDir dir;
  base::SeededRandom random(1);
  auto w = Writer::create(*create_file_sink((dir / "a.rcrec").string()), start(), random);
  const auto due_after = [&](std::size_t keyframe) {
    EXPECT_TRUE(w->video(packet(random, keyframe), true, seconds(1)));
    std::uint64_t bytes = 0;
    for (; !w->checkpoint_due(seconds(1)) && bytes < 64 * kCheckpointBytes; bytes += 50'000)
      EXPECT_TRUE(w->video(packet(random, 50'000), false, seconds(1)));
    return bytes;
  };
  const auto small = due_after(10);
  EXPECT_GE(small, kCheckpointBytes);
  EXPECT_LE(small, kCheckpointBytes + 50'000);
  const auto large = due_after(500'000);
  EXPECT_GE(large, kCheckpointShare * 500'000);
  EXPECT_LE(large, kCheckpointShare * 500'000 + 50'000);
  EXPECT_TRUE(w->finish(seconds(4)));
}

TEST(Writer, AKilledRecordersFileOpensAndVerifiesUpToTheLastSecond) {
  const test::TempDir dir;
  const std::string path = (dir / "killed.rcrec").string();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    base::SeededRandom random(1);
    auto w = Writer::create(*create_file_sink(path), start(), random);
    for (int i = 0;; ++i) {
      const Time t = milliseconds(10 * i);
      static_cast<void>(w->video(packet(random, 3000), i == 0, t));
      static_cast<void>(w->flush_due(t));
      if (i == 1000 && ::write(ready[1], "x", 1) != 1) ::_exit(1);
    }
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto v = verify(path);
  ASSERT_TRUE(v);
  EXPECT_EQ(v->verdict, Verdict::unfinished);
  EXPECT_GE(v->info.duration, milliseconds(9000)) << "ten seconds were recorded; at most the last one may be lost";
  EXPECT_GE(only<VideoItem>(items_of(path)).size(), 900u);
}

/// A disk that takes `capacity` bytes; a write that passes it is torn, as write(2) tears it.
class SmallDisk final : public Sink {
 public:
  explicit SmallDisk(std::uint64_t capacity) : capacity_(capacity) {}
  base::Result<> append(base::ByteView b) override {
    const std::size_t fits =
        std::min<std::uint64_t>(b.size(), capacity_ - std::min<std::uint64_t>(capacity_, data->size()));
    base::append(*data, b.first(fits));
    if (fits < b.size()) {
      ++failures;
      return base::fail(base::Errc::no_space, "write recording '/small/disk.rcrec'");
    }
    return {};
  }
  base::Result<> truncate(std::uint64_t size) override {
    if (truncate_fails) return base::fail(base::Errc::io, "truncate");
    data->resize(size);
    return {};
  }
  base::Result<> sync() override { return {}; }
  const std::string& name() const override { return name_; }
  void grow() { capacity_ = UINT64_MAX; }

  std::shared_ptr<base::Bytes> data = std::make_shared<base::Bytes>();
  bool truncate_fails = false;
  int failures = 0;

 private:
  std::uint64_t capacity_;
  std::string name_ = "/small/disk.rcrec";
};

TEST(Writer, AFullDiskAtAnyByteLeavesWholeChunksAndTheRecordingGoesOn) {
  const test::TempDir dir;
  const std::string path = (dir / "x.rcrec").string();
  ASSERT_TRUE(make((dir / "whole.rcrec").string()));
  const std::size_t whole = read_file(dir / "whole.rcrec").size();
  std::size_t full = 0;
  for (std::size_t capacity = 300; capacity < whole; capacity += 37) {
    SCOPED_TRACE(capacity);
    auto sink = std::make_unique<SmallDisk>(capacity);
    SmallDisk* disk = sink.get();
    const auto data = disk->data;
    base::SeededRandom random(1);
    auto w = Writer::create(std::move(sink), start(), random);
    if (!w) continue;  // HEAD did not fit: nothing was promised
    play(*w);
    if (disk->failures == 0) continue;
    ++full;
    const bool stuck = w->failing();  // a smaller chunk may have fitted after one that did not
    EXPECT_FALSE(stuck && w->needs_keyframe()) << "a keyframe is of no use while nothing can be written";
    EXPECT_LE(data->size(), capacity);
    write_file(path, *data);
    EXPECT_EQ(verify(path)->verdict, Verdict::unfinished) << "what is there is whole";

    disk->grow();
    ASSERT_TRUE(w->flush_due(seconds(8)));
    EXPECT_FALSE(w->failing());
    EXPECT_EQ(w->needs_keyframe(), stuck);
    play(*w, seconds(10));
    ASSERT_TRUE(w->finish(seconds(17)));
    write_file(path, *data);
    const auto v = verify(path);
    EXPECT_EQ(v->verdict, Verdict::intact) << (v->first_bad ? v->first_bad->what : "");
    const auto items = items_of(path);
    EXPECT_EQ(only<ChatItem>(items).size(), 4u) << "no chat is lost";
    const auto events = only<EventItem>(items);
    EXPECT_EQ(std::ranges::count(events, "consent.granted", &EventItem::type), 2) << "no event is lost";
    const auto gap = std::ranges::find(events, "gap", &EventItem::type);
    ASSERT_NE(gap, events.end());
    EXPECT_EQ(member(gap->all, "reason"), "no space");
    EXPECT_GT(gap->all.at("lost_video_packets").to_number<int>() + gap->all.at("to_us").to_number<int>(), 0);
    EXPECT_FALSE(only<CursorShape>(items).empty()) << "the cursor's picture outlives the gap";
  }
  EXPECT_GT(full, 20u);
}

TEST(Writer, AFailedWriteNamesTheFileAndATornTailIsCutBeforeTheNextChunk) {
  auto sink = std::make_unique<SmallDisk>(600);
  SmallDisk* disk = sink.get();
  const auto data = disk->data;
  base::SeededRandom random(1);
  auto w = Writer::create(std::move(sink), start(), random);
  ASSERT_TRUE(w);
  disk->truncate_fails = true;
  const auto failed = w->video(packet(random, kFlushBytes), true, seconds(1));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, base::Errc::no_space);
  EXPECT_NE(failed.error().message().find("/small/disk.rcrec"), std::string::npos);
  EXPECT_EQ(data->size(), 600u) << "torn, and it could not be cut off";
  disk->grow();
  EXPECT_FALSE(w->flush_due(seconds(3))) << "still torn";
  disk->truncate_fails = false;
  ASSERT_TRUE(w->flush_due(seconds(5)));
  ASSERT_TRUE(w->finish(seconds(6)));
  const test::TempDir dir;
  write_file(dir / "x.rcrec", *data);
  EXPECT_EQ(verify((dir / "x.rcrec").string())->verdict, Verdict::intact);
}

}  // namespace
}  // namespace rescue::rcrec
