// SPDX-License-Identifier: Apache-2.0
#include "rcrec/writer.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "base/utf8.hpp"
#include "rcrec/impl/chunk_appender.hpp"
#include "rcrec/impl/items.hpp"

namespace rescue::rcrec {
namespace {

/// A chunk that is being gathered.
struct Open {
  ChunkType type{};
  base::Bytes payload;
  Time t0{};
  Time last{};
  std::uint64_t items = 0;

  void add(base::ByteView bytes, Time t) {
    if (payload.empty()) t0 = last = t;
    append_item(payload, t - last, bytes);
    last = t;
    ++items;
  }
  void clear() {
    payload.clear();
    items = 0;
  }
};

std::string reason_of(const base::Error& e) { return e.code == base::Errc::no_space ? "no space" : "write failed"; }
}  // namespace

struct Writer::State {
  explicit State(std::unique_ptr<Sink> sink) : file(std::move(sink)) {}

  ChunkAppender file;
  Open events{ChunkType::event, {}, {}, {}, 0};
  Open chats{ChunkType::chat, {}, {}, {}, 0};
  Open cursor{ChunkType::cursor, {}, {}, {}, 0};
  Open pictures{ChunkType::video, {}, {}, {}, 0};
  Time last_t{};  // no item is earlier

  std::vector<IndexEntry> index;
  std::uint64_t last_index = 0;
  Time last_clock = -kClockEvery;
  Time last_sync{};
  Time last_checkpoint{};
  std::uint64_t keyframe_bytes = 0;
  std::uint64_t bytes_since_checkpoint = 0;  // of video, without the keyframe
  bool unsynced = false;

  // After a failed write.
  bool fails = false;
  Time retry_at{};
  Time gap_from{};
  std::string gap_reason;
  std::uint64_t lost_packets = 0;
  std::uint64_t lost_items = 0;  // chat and events beyond kMaxHeldBytes
  bool wants_keyframe = true;

  // The cursor's pictures come once from the other end, so they are kept here: they must outlive a failed write, and
  // stand again behind each checkpoint where they are used.
  std::map<std::uint32_t, base::Bytes> shapes;
  std::set<std::uint32_t> told_shapes;  // since the last checkpoint
  std::optional<CursorMove> position;

  std::optional<Time> keys_written;  // of an encrypted file: when KEYS was repeated

  /// In the order in which chunks with one t0 are written: who enters the file at a checkpoint misses nothing of its
  /// time.
  std::array<Open*, 4> all() {
    if (pictures.type == ChunkType::ckpt) return {&pictures, &events, &chats, &cursor};
    return {&events, &chats, &cursor, &pictures};
  }
  Time clamp(Time t) {
    last_t = std::clamp(t, last_t, kMaxTime);
    return last_t;
  }
  [[nodiscard]] std::optional<Time> oldest() {
    std::optional<Time> t;
    for (const Open* o : all()) {
      if (o->items > 0 && (!t || o->t0 < *t)) t = o->t0;
    }
    return t;
  }
  base::Result<> add(Open& chunk, base::ByteView bytes, Time t);
  base::Result<> add_json(Open& chunk, const boost::json::object& o, Time t);
  base::Result<> flush_group();
  base::Result<> write_one(Open& chunk);
  base::Result<> write_index();
  base::Result<> repeat_keys();
  base::Result<> add_move(const CursorMove& move, Time t);
  base::Result<> repeat_cursor();
  base::Result<> after_failure(base::Error e);
  base::Result<> retry();
  base::Result<> sync(Time now);
  [[nodiscard]] bool hold(Open& chunk, std::size_t bytes);
};

/// While writes fail: whether an item of this size is kept for later.
bool Writer::State::hold(Open& chunk, std::size_t bytes) {
  if (&chunk == &cursor || &chunk == &pictures) return false;
  if (events.payload.size() + chats.payload.size() + bytes <= kMaxHeldBytes) return true;
  ++lost_items;
  return false;
}

base::Result<> Writer::State::add(Open& chunk, base::ByteView bytes, Time t) {
  constexpr std::size_t kMax = kMaxPayloadBytes - kSealBytes;
  if (bytes.size() + kMaxItemHeadBytes > kMax)
    return base::fail(base::Errc::too_large,
                      fmt::format("item of {} bytes for recording '{}'", bytes.size(), file.name()));
  t = clamp(t);
  if (fails) {
    if (hold(chunk, bytes.size() + kMaxItemHeadBytes)) chunk.add(bytes, t);
    return {};
  }
  if (chunk.payload.size() + bytes.size() + kMaxItemHeadBytes > kMax) RESCUE_CHECK(flush_group());
  chunk.add(bytes, t);
  return chunk.payload.size() >= kFlushBytes ? flush_group() : base::Result<>{};
}

base::Result<> Writer::State::add_json(Open& chunk, const boost::json::object& o, Time t) {
  const std::string text = boost::json::serialize(o);
  if (text.size() > kMaxJsonBytes)
    return base::fail(base::Errc::too_large,
                      fmt::format("{} of {} bytes for recording '{}'",
                                  chunk_type_name(static_cast<std::uint8_t>(chunk.type)), text.size(), file.name()));
  return add(chunk, base::as_bytes(text), t);
}

base::Result<> Writer::State::write_one(Open& chunk) {
  RESCUE_TRY(const std::uint64_t offset, file.append(chunk.type, chunk.t0, chunk.last - chunk.t0, chunk.payload));
  unsynced = true;
  if (chunk.type == ChunkType::ckpt || chunk.type == ChunkType::event)
    index.push_back({chunk.t0, offset, static_cast<std::uint8_t>(chunk.type)});
  chunk.clear();
  return {};
}

/// Writes all open chunks together, ordered by their first item: so t0 never decreases in the file, and a reader that
/// meets a chunk knows that everything earlier than its t0 has come.
base::Result<> Writer::State::flush_group() {
  if (fails) return {};
  auto order = all();
  std::stable_sort(order.begin(), order.end(), [](const Open* a, const Open* b) { return a->t0 < b->t0; });
  for (Open* chunk : order) {
    if (chunk->items == 0) continue;
    if (auto written = write_one(*chunk); !written) return after_failure(std::move(written).error());
  }
  pictures.type = ChunkType::video;
  if (index.size() >= kMaxIndexEntries / 2) {
    if (auto written = write_index(); !written) return after_failure(std::move(written).error());
  }
  return {};
}

base::Result<> Writer::State::after_failure(base::Error e) {
  fails = true;
  retry_at = last_t + kRetryAfter;
  gap_from = last_t;
  for (const Open* o : {&cursor, &pictures}) {
    if (o->items > 0) gap_from = std::min(gap_from, o->t0);
  }
  gap_reason = reason_of(e);
  lost_packets += pictures.items;
  wants_keyframe = true;
  cursor.clear();
  told_shapes.clear();
  pictures.clear();
  pictures.type = ChunkType::video;
  return base::fail(std::move(e));
}

/// Tries to write what was held, with the account of what was not. It says that there is space again.
base::Result<> Writer::State::retry() {
  fails = false;
  const Open events_before = events;
  const Time from = gap_from;
  events.add(base::as_bytes(boost::json::serialize(boost::json::object{{"type", "gap"},
                                                                       {"reason", gap_reason},
                                                                       {"from_us", gap_from.count()},
                                                                       {"to_us", last_t.count()},
                                                                       {"lost_video_packets", lost_packets},
                                                                       {"lost_items", lost_items}})),
             last_t);
  auto done = flush_group();
  if (events.items == 0) {
    lost_packets = 0;
    lost_items = 0;
  } else {  // the account did not get out; the next try makes a new one
    events = events_before;
    gap_from = from;
  }
  return done;
}

base::Result<> Writer::State::write_index() {
  if (index.empty()) return {};
  RESCUE_TRY(const std::uint64_t offset,
             file.append(ChunkType::index, last_t, Time(0), encode_index({last_index, index})));
  last_index = offset;
  unsynced = true;
  index.clear();
  return {};
}

/// A damaged first chunk must not cost an encrypted recording: KEYS stands again after a minute, every ten minutes, and
/// at the end.
base::Result<> Writer::State::repeat_keys() {
  if (!file.encrypts()) return {};
  RESCUE_CHECK(file.repeat_keys(last_t));
  keys_written = last_t;
  unsynced = true;
  return {};
}

/// A position, and before it the picture that it uses, unless that stands behind the last checkpoint already. While no
/// picture of the screen is there to draw it on, it waits for the checkpoint.
base::Result<> Writer::State::add_move(const CursorMove& move, Time t) {
  if (wants_keyframe) return {};
  if (const auto shape = shapes.find(move.shape);
      shape != shapes.end() && !told_shapes.contains(move.shape) && !fails) {
    RESCUE_CHECK(add(cursor, shape->second, t));
    told_shapes.insert(move.shape);
  }
  return add(cursor, encode_cursor(move), t);
}

/// Behind a checkpoint: where the cursor is, and its picture.
base::Result<> Writer::State::repeat_cursor() {
  told_shapes.clear();
  return position ? add_move(*position, last_t) : base::Result<>{};
}

base::Result<> Writer::State::sync(Time now) {
  if (!unsynced) return {};
  last_sync = now;
  RESCUE_CHECK(file.sync());
  unsynced = false;
  return {};
}

Writer::Writer(std::unique_ptr<State> s) : state_(std::move(s)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() {
  if (state_) static_cast<void>(state_->flush_group());
}

base::Result<Writer> Writer::create(std::unique_ptr<Sink> sink, RecordingStart start, base::RandomSource& random) {
  auto s = std::make_unique<State>(std::move(sink));
  const std::string head = boost::json::serialize(start.head);
  if (head.size() > kMaxJsonBytes)
    return base::fail(base::Errc::too_large, fmt::format("HEAD of recording '{}'", s->file.name()));
  FileHeader header;
  header.session = start.session;
  header.start = start.start;
  header.file_id = base::Guid::random(random);
  if (!start.recipients.empty()) header.flags |= kFileFlagEncrypted;
  RESCUE_CHECK(s->file.begin(header));
  if (!start.recipients.empty()) RESCUE_CHECK(s->file.encrypt(header, start.recipients, random));
  RESCUE_TRY(const auto offset, s->file.append(ChunkType::head, Time(0), Time(0), base::as_bytes(head)));
  static_cast<void>(offset);
  RESCUE_CHECK(s->file.sync());
  return Writer(std::move(s));
}

base::Result<> Writer::video(base::ByteView packet, bool keyframe, Time t) {
  State& s = *state_;
  if (s.fails || (s.wants_keyframe && !keyframe)) {
    ++s.lost_packets;
    s.clamp(t);
    return {};
  }
  if (keyframe) {
    if (auto done = s.flush_group(); !done) {  // a checkpoint begins its chunk
      ++s.lost_packets;
      return done;
    }
    s.pictures.type = ChunkType::ckpt;
  }
  RESCUE_CHECK(s.add(s.pictures, packet, t));
  if (keyframe) {
    s.last_checkpoint = s.last_t;
    s.keyframe_bytes = packet.size();
    s.bytes_since_checkpoint = 0;
  } else {
    s.bytes_since_checkpoint += packet.size();
  }
  s.wants_keyframe = false;
  return keyframe ? s.repeat_cursor() : base::Result<>{};
}

base::Result<> Writer::cursor_shape(const CursorShape& shape, Time t) {
  if (shape.width > kMaxCursorSide || shape.height > kMaxCursorSide ||
      shape.argb.size() != std::size_t{shape.width} * shape.height)
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("cursor of {}x{} for recording '{}'", shape.width, shape.height, name()));
  State& s = *state_;
  if (s.shapes.size() >= kMaxCursorShapes && !s.shapes.contains(shape.id)) {
    const bool first_in_use = s.position && s.position->shape == s.shapes.begin()->first;
    s.shapes.erase(first_in_use ? std::next(s.shapes.begin()) : s.shapes.begin());
  }
  s.clamp(t);
  s.shapes[shape.id] = encode_cursor(shape);
  s.told_shapes.erase(shape.id);
  return {};  // it is written when it is used
}

base::Result<> Writer::cursor_move(const CursorMove& move, Time t) {
  state_->position = move;
  return state_->add_move(move, t);
}

base::Result<> Writer::chat(std::string_view from, std::string_view text, Time t, boost::json::object more) {
  more["from"] = base::to_valid_utf8(from);
  more["text"] = base::to_valid_utf8(text);
  return state_->add_json(state_->chats, more, t);
}

base::Result<> Writer::event(std::string_view type, boost::json::object data, Time t) {
  data["type"] = base::to_valid_utf8(type);
  RESCUE_CHECK(state_->add_json(state_->events, data, t));
  return state_->flush_group();
}

base::Result<> Writer::clock(base::WallTime utc, Time t) {
  State& s = *state_;
  s.clamp(t);
  s.last_clock = s.last_t;
  if (s.fails) return {};
  RESCUE_CHECK(s.flush_group());
  if (auto done = s.file.append(ChunkType::clock, s.last_t, Time(0), encode_clock(utc)); !done)
    return s.after_failure(std::move(done).error());
  s.unsynced = true;
  if (auto done = s.write_index(); !done) return s.after_failure(std::move(done).error());
  const bool keys_due = s.keys_written ? s.last_t - *s.keys_written >= kKeysEvery : s.last_t >= kClockEvery;
  if (!keys_due) return {};
  if (auto done = s.repeat_keys(); !done) return s.after_failure(std::move(done).error());
  return {};
}

base::Result<> Writer::flush_due(Time now) {
  State& s = *state_;
  if (s.fails) {
    s.clamp(now);
    if (now < s.retry_at) return {};
    RESCUE_CHECK(s.retry());
  }
  const auto oldest = s.oldest();
  if (oldest && now - *oldest >= kFlushAfter) RESCUE_CHECK(s.flush_group());
  return now - s.last_sync >= kSyncEvery ? s.sync(now) : base::Result<>{};
}

std::optional<Time> Writer::flush_deadline() const {
  State& s = *state_;
  if (s.fails) return s.retry_at;
  std::optional<Time> due;
  if (const auto oldest = s.oldest()) due = *oldest + kFlushAfter;
  if (s.unsynced) due = due ? std::min(*due, s.last_sync + kSyncEvery) : s.last_sync + kSyncEvery;
  return due;
}

base::Result<> Writer::flush() {
  if (state_->fails) RESCUE_CHECK(state_->retry());
  RESCUE_CHECK(state_->flush_group());
  return state_->sync(state_->last_t);
}

bool Writer::clock_due(Time now) const { return now - state_->last_clock >= kClockEvery; }
bool Writer::needs_keyframe() const { return state_->wants_keyframe && !state_->fails; }
bool Writer::checkpoint_due(Time now) const {
  const State& s = *state_;
  if (s.bytes_since_checkpoint == 0) return false;
  return now - s.last_checkpoint >= kCheckpointEvery ||
         s.bytes_since_checkpoint >= std::max(kCheckpointBytes, kCheckpointShare * s.keyframe_bytes);
}
bool Writer::failing() const { return state_->fails; }
ChainHash Writer::chain_tip() const { return state_->file.tip(); }
std::uint64_t Writer::bytes_written() const { return state_->file.bytes(); }
std::uint32_t Writer::chunks_written() const { return state_->file.chunks(); }
const std::string& Writer::name() const { return state_->file.name(); }

base::Result<Finished> Writer::finish(Time duration) {
  State& s = *state_;
  s.clamp(duration);
  if (s.fails) RESCUE_CHECK(s.retry());
  RESCUE_CHECK(s.flush_group());
  if (auto done = s.write_index(); !done) return base::fail(s.after_failure(std::move(done).error()).error());
  if (auto done = s.repeat_keys(); !done) return base::fail(s.after_failure(std::move(done).error()).error());
  const EndChunk end{s.last_t, s.last_index, s.file.chunks()};
  if (auto done = s.file.append(ChunkType::end, s.last_t, Time(0), encode_end(end)); !done)
    return base::fail(s.after_failure(std::move(done).error()).error());
  RESCUE_CHECK(s.file.sync());
  return Finished{s.file.sha256_hex(), s.file.tip(), s.file.bytes(), s.last_t};
}

}  // namespace rescue::rcrec
