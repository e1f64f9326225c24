// SPDX-License-Identifier: Apache-2.0
#include "client/recorder.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <variant>

namespace rescue::client {
namespace {
using namespace std::chrono_literals;
constexpr auto kTick = 250ms;  // flushes and retries are looked at this often

struct Video {
  base::Bytes packet;
  bool keyframe = false;
};
struct Chat {
  std::string from, text;
};
struct Event {
  std::string type;
  boost::json::object data;
};
struct Item {
  rcrec::Time t{};
  std::variant<Video, rcrec::CursorShape, rcrec::CursorMove, Chat, Event> what;
  [[nodiscard]] std::size_t bytes() const {
    const auto* v = std::get_if<Video>(&what);
    return 64 + (v != nullptr ? v->packet.size() : 0);
  }
};
}  // namespace

/// Lives as long as the caller or the thread needs it: a thread that hangs in a dead disk is left behind.
struct Recorder::Shared {
  explicit Shared(RecorderOptions o) : options(std::move(o)), began(options.clock->steady()) {}

  rcrec::Time now() const { return std::chrono::duration_cast<rcrec::Time>(options.clock->steady() - began); }
  void push(std::variant<Video, rcrec::CursorShape, rcrec::CursorMove, Chat, Event> what);
  void run();
  void write(rcrec::Writer& writer, Item& item);
  void begin_step(std::optional<rcrec::Time> item);
  void publish(rcrec::Writer& writer, const base::Result<>& last);
  /// How long the oldest thing waits that the disk has not taken. With the mutex.
  base::Duration behind() const;

  const RecorderOptions options;
  const base::SteadyTime began;
  std::mutex mutex;
  std::condition_variable work;  // for the thread
  std::condition_variable done;  // for the caller
  std::deque<Item> queue;
  std::size_t queued_bytes = 0;
  bool lost_video = false;  // dropped here: the file has not got it, and nothing until a keyframe helps
  bool finishing = false, abandoned = false;
  std::optional<base::Result<>> started;
  bool ended = false;  // run() has returned
  std::thread thread;  // joined or detached by the Recorder
  std::optional<base::Result<rcrec::Finished>> finished;
  RecorderState state;
  bool stalled = false;
  std::optional<base::SteadyTime> busy_since;  // the thread is in the file system
  std::optional<rcrec::Time> at_item;          // the oldest one that it has taken from the queue and not written
};

void Recorder::Shared::push(std::variant<Video, rcrec::CursorShape, rcrec::CursorMove, Chat, Event> what) {
  std::lock_guard lock(mutex);
  Item item{now(), std::move(what)};
  if (auto* video = std::get_if<Video>(&item.what)) {
    if (queued_bytes + item.bytes() > kRecorderQueueBytes)
      lost_video = true;
    else if (video->keyframe)
      lost_video = false;
    if (lost_video) {
      state.wants_keyframe = true;
      return;
    }
  }
  queued_bytes += item.bytes();
  queue.push_back(std::move(item));
  work.notify_one();
}

void Recorder::Shared::begin_step(std::optional<rcrec::Time> item) {
  std::lock_guard lock(mutex);
  busy_since = options.clock->steady();
  at_item = item;
}

base::Duration Recorder::Shared::behind() const {
  base::Duration out{};
  const auto at = options.clock->steady();
  if (busy_since) out = std::chrono::duration_cast<base::Duration>(at - *busy_since);
  const auto oldest = at_item ? at_item : queue.empty() ? std::nullopt : std::optional(queue.front().t);
  if (oldest) out = std::max(out, std::chrono::duration_cast<base::Duration>(now() - *oldest));
  return out;
}

void Recorder::Shared::write(rcrec::Writer& writer, Item& item) {
  begin_step(item.t);
  base::Result<> result;
  if (auto* v = std::get_if<Video>(&item.what))
    result = writer.video(v->packet, v->keyframe, item.t);
  else if (auto* s = std::get_if<rcrec::CursorShape>(&item.what))
    result = writer.cursor_shape(*s, item.t);
  else if (auto* m = std::get_if<rcrec::CursorMove>(&item.what))
    result = writer.cursor_move(*m, item.t);
  else if (auto* c = std::get_if<Chat>(&item.what))
    result = writer.chat(c->from, c->text, item.t);
  else if (auto* e = std::get_if<Event>(&item.what))
    result = writer.event(e->type, std::move(e->data), item.t);
  publish(writer, result);
}

void Recorder::Shared::publish(rcrec::Writer& writer, const base::Result<>& last) {
  std::lock_guard lock(mutex);
  const bool was = state.failing, asked = state.wants_keyframe;
  state.failing = writer.failing();
  if (!last) state.why = last.error().message();
  state.wants_keyframe = lost_video || writer.needs_keyframe() || writer.checkpoint_due(now());
  state.chain_tip = writer.chain_tip();
  state.chunks = writer.chunks_written();
  state.bytes = writer.bytes_written();
  busy_since.reset();
  if (was != state.failing || (state.wants_keyframe && !asked)) options.on_change();
}

void Recorder::Shared::run() {
  {
    std::lock_guard lock(mutex);
    busy_since = options.clock->steady();
  }
  auto sink = options.open(options.path);
  auto writer = sink ? rcrec::Writer::create(std::move(*sink), options.start, *options.random)
                     : base::Result<rcrec::Writer>(base::fail(sink.error()));
  std::unique_lock lock(mutex);
  busy_since.reset();
  started = writer ? base::Result<>() : base::Result<>(base::fail(writer.error()));
  done.notify_all();
  if (!writer) return;
  for (;;) {
    work.wait_for(lock, kTick, [&] { return !queue.empty() || finishing || abandoned; });
    std::deque<Item> batch;
    batch.swap(queue);
    queued_bytes = 0;
    const bool last = finishing || abandoned, give_up = abandoned;
    if (!batch.empty()) at_item = batch.front().t;
    lock.unlock();
    for (auto& item : batch) write(*writer, item);
    begin_step(std::nullopt);
    if (!last) {
      const auto t = now();
      if (writer->clock_due(t)) static_cast<void>(writer->clock(options.clock->wall(), t));
      publish(*writer, writer->flush_due(t));
      lock.lock();
      continue;
    }
    auto result =
        give_up ? base::Result<rcrec::Finished>(base::fail(base::Errc::canceled, options.path)) : writer->finish(now());
    if (give_up) static_cast<void>(writer->flush());
    lock.lock();
    finished = std::move(result);
    done.notify_all();
    if (give_up || *finished) return;
    finishing = false;  // finish() may be tried again
  }
}

Recorder::Recorder(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

base::Result<std::unique_ptr<Recorder>> Recorder::start(RecorderOptions options) {
  auto shared = std::make_shared<Shared>(std::move(options));
  std::unique_lock lock(shared->mutex);
  shared->thread = std::thread([shared] {
    shared->run();
    std::lock_guard ending(shared->mutex);
    shared->ended = true;
    shared->done.notify_all();
  });
  if (!shared->done.wait_for(lock, kRecorderPatience, [&] { return shared->started.has_value(); })) {
    shared->abandoned = true;
    shared->thread.detach();
    return base::fail(base::Errc::timed_out, "the disk of '" + shared->options.path + "' does not answer");
  }
  const auto started = *shared->started;
  lock.unlock();
  if (!started) {
    shared->thread.join();  // it ended with the failed open
    return base::fail(started.error());
  }
  return std::unique_ptr<Recorder>(new Recorder(std::move(shared)));
}

Recorder::~Recorder() {
  std::unique_lock lock(shared_->mutex);
  if (!shared_->finished || !*shared_->finished) {
    shared_->abandoned = true;
    shared_->finished.reset();
    shared_->work.notify_one();
  }
  const bool ended = shared_->done.wait_for(lock, kRecorderPatience, [&] { return shared_->ended; });
  lock.unlock();
  // A thread that hangs in a write to a dead disk cannot be waited for; it keeps its state alive by itself.
  if (ended)
    shared_->thread.join();
  else
    shared_->thread.detach();
}

void Recorder::video(base::ByteView packet, bool keyframe) { shared_->push(Video{base::to_bytes(packet), keyframe}); }
void Recorder::cursor_shape(rcrec::CursorShape shape) { shared_->push(std::move(shape)); }
void Recorder::cursor_move(rcrec::CursorMove move) { shared_->push(move); }
void Recorder::chat(std::string from, std::string text) { shared_->push(Chat{std::move(from), std::move(text)}); }
void Recorder::event(std::string type, boost::json::object data) {
  shared_->push(Event{std::move(type), std::move(data)});
}

RecorderState Recorder::state() {
  std::lock_guard lock(shared_->mutex);
  auto& s = *shared_;
  const auto behind = s.behind();
  if (behind > kRecorderStall && !s.stalled) {
    s.stalled = true;
    const bool hangs = s.busy_since && s.options.clock->steady() - *s.busy_since > kRecorderStall;
    s.state.why = "the disk of '" + s.options.path + (hangs ? "' does not answer" : "' does not keep up");
  } else if (behind < kRecorderCaughtUp) {
    s.stalled = false;
  }
  auto out = s.state;
  out.failing = out.failing || s.stalled;
  return out;
}

const std::string& Recorder::path() const { return shared_->options.path; }
rcrec::Time Recorder::elapsed() const { return shared_->now(); }

base::Result<rcrec::Finished> Recorder::finish() {
  std::unique_lock lock(shared_->mutex);
  shared_->finished.reset();
  shared_->finishing = true;
  shared_->work.notify_one();
  if (!shared_->done.wait_for(lock, kRecorderPatience, [&] { return shared_->finished.has_value(); }))
    return base::fail(base::Errc::timed_out, "the disk of '" + shared_->options.path + "' does not answer");
  return *shared_->finished;
}

}  // namespace rescue::client
