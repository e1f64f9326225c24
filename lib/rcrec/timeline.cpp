// SPDX-License-Identifier: Apache-2.0
// Merges the items of chunks whose times overlap. In a file t0 never decreases from chunk to chunk, so once a chunk
// with t0 = T was met, all items up to T have been seen and can be given out in order.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "rcrec/impl/items.hpp"
#include "rcrec/reader.hpp"

namespace rescue::rcrec {
namespace {
/// Payload bytes of chunks held for merging; beyond, items are given out although earlier ones could follow.
constexpr std::size_t kMaxHeldPayload = kMaxPayloadBytes + (std::size_t{16} << 20);

bool is_video(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(ChunkType::video) || type == static_cast<std::uint8_t>(ChunkType::ckpt);
}

/// A chunk whose items are being given out.
struct Running {
  explicit Running(Chunk c) : chunk(std::move(c)), walker(chunk.payload, chunk.header.t0) {}
  Running(Chunk c, Time t) : chunk(std::move(c)), walker({}, t), item(Item{t, chunk.payload}) {}  // one item, all of it
  Chunk chunk;
  ItemWalker walker;  // reads chunk.payload, so a Running does not move: it lives behind a pointer
  std::optional<Item> item;
  bool first = true;
};
}  // namespace

struct Timeline::State {
  explicit State(ChunkReader r) : reader(std::move(r)) {}

  ChunkReader reader;
  std::vector<std::unique_ptr<Running>> running;  // in file order
  std::size_t held = 0;
  std::deque<TimelineItem> ready;
  std::optional<DamagedPlace> gap;  // to be given out when everything before it is
  Time watermark{};
  Time last_t{};
  bool withhold_video = true;
  bool at_end = false;
  std::optional<Outline> outline;

  [[nodiscard]] base::Result<> read_chunk();
  void take_chunk(Chunk chunk);
  void advance(Running& r);
  void give(Running& r);
  void give_item(const Running& r, const Item& item);
  void bad_content(const Chunk& chunk, std::string what);
  void give_gap(DamagedPlace place);
  [[nodiscard]] Running* earliest();
  [[nodiscard]] base::Result<> cursor_up_to(std::uint64_t target, Time t);
  [[nodiscard]] base::Result<std::optional<IndexEntry>> checkpoint_for(Time t);
  template <typename T>
  void put(const Chunk& chunk, Time t, T value) {
    last_t = std::max(last_t, t);
    ready.push_back({last_t, chunk.offset, std::move(value)});
  }
};

void Timeline::State::give_gap(DamagedPlace place) {
  if (place.chunk_type == 0 || is_video(place.chunk_type)) withhold_video = true;
  const std::uint64_t offset = place.offset;
  ready.push_back({last_t, offset, GapItem{std::move(place)}});
}

void Timeline::State::bad_content(const Chunk& chunk, std::string what) {
  give_gap({DamageKind::bad_content, chunk.offset, 0, chunk.header.type,
            fmt::format("{} chunk {}: {}", chunk_type_name(chunk.header.type), chunk.header.sequence, what)});
}

/// Steps to the next item of a chunk; without one the chunk is done.
void Timeline::State::advance(Running& r) {
  auto next = r.walker.next();
  if (!next) bad_content(r.chunk, next.error().context);
  r.item = next ? *next : std::nullopt;
}

void Timeline::State::take_chunk(Chunk chunk) {
  watermark = std::max(watermark, chunk.header.t0);
  const bool clock = chunk.header.type == static_cast<std::uint8_t>(ChunkType::clock);
  if (!clock && !has_items(chunk.header.type)) return;
  held += chunk.payload.size();
  if (clock) {
    const Time t = chunk.header.t0;
    running.push_back(std::make_unique<Running>(std::move(chunk), t));
    return;
  }
  running.push_back(std::make_unique<Running>(std::move(chunk)));
  advance(*running.back());
}

base::Result<> Timeline::State::read_chunk() {
  RESCUE_TRY(auto next, reader.next());
  if (!next) {
    at_end = true;
  } else if (auto* place = std::get_if<DamagedPlace>(&*next)) {
    gap = std::move(*place);
  } else {
    take_chunk(std::get<Chunk>(std::move(*next)));
  }
  return {};
}

void Timeline::State::give_item(const Running& r, const Item& item) {
  const Chunk& chunk = r.chunk;
  switch (static_cast<ChunkType>(chunk.header.type)) {
    case ChunkType::video:
    case ChunkType::ckpt: {
      const bool checkpoint = r.first && chunk.header.type == static_cast<std::uint8_t>(ChunkType::ckpt);
      if (checkpoint) withhold_video = false;
      if (!withhold_video) put(chunk, item.t, VideoItem{base::to_bytes(item.bytes), checkpoint});
      return;
    }
    case ChunkType::cursor: {
      auto c = decode_cursor(item.bytes);
      if (!c) return bad_content(chunk, "cursor");
      if (auto* shape = std::get_if<CursorShape>(&*c)) put(chunk, item.t, std::move(*shape));
      if (auto* move = std::get_if<CursorMove>(&*c)) put(chunk, item.t, *move);
      return;
    }
    case ChunkType::clock: {
      const auto utc = decode_clock(item.bytes);
      if (!utc) return bad_content(chunk, "time");
      return put(chunk, item.t, ClockItem{*utc});
    }
    default: {
      auto o = decode_object(item.bytes);
      if (!o) return bad_content(chunk, "JSON");
      // Anybody can write this chunk into an encrypted recording: it must not pass for an event of the session.
      if (chunk.header.type == static_cast<std::uint8_t>(ChunkType::repair)) (*o)["type"] = "repaired";
      if (chunk.header.type == static_cast<std::uint8_t>(ChunkType::chat)) {
        put(chunk, item.t, ChatItem{string_member(*o, "from"), string_member(*o, "text"), std::move(*o)});
      } else {
        put(chunk, item.t, EventItem{string_member(*o, "type"), std::move(*o)});
      }
    }
  }
}

void Timeline::State::give(Running& r) {
  give_item(r, *r.item);
  r.first = false;
  advance(r);
}

Running* Timeline::State::earliest() {
  std::erase_if(running, [this](const auto& r) {
    if (r->item) return false;
    held -= r->chunk.payload.size();
    return true;
  });
  const auto it = std::min_element(running.begin(), running.end(),
                                   [](const auto& a, const auto& b) { return a->item->t < b->item->t; });
  return it == running.end() ? nullptr : it->get();
}

Timeline::Timeline(std::unique_ptr<State> s) : state_(std::move(s)) {}
Timeline::Timeline(Timeline&&) noexcept = default;
Timeline& Timeline::operator=(Timeline&&) noexcept = default;
Timeline::~Timeline() = default;

base::Result<Timeline> Timeline::open(const std::string& path, const KeyRing& keys) {
  RESCUE_TRY(auto reader, ChunkReader::open(path, keys));
  if ((reader.header().flags & kFileFlagEncrypted) != 0 && !reader.unlocked())
    return base::fail(Errc::key_needed,
                      fmt::format("'{}' (recipients: {})", path, recipients_text(reader.recipients())));
  return Timeline(std::make_unique<State>(std::move(reader)));
}

const FileHeader& Timeline::header() const { return state_->reader.header(); }

base::Result<std::optional<TimelineItem>> Timeline::next() {
  State& s = *state_;
  while (s.ready.empty()) {
    Running* r = s.earliest();
    const bool nothing_earlier_follows =
        s.at_end || s.gap || s.running.size() >= kMaxOverlap || s.held > kMaxHeldPayload;
    if (r != nullptr && (nothing_earlier_follows || r->item->t <= s.watermark)) {
      s.give(*r);
    } else if (s.gap) {
      s.give_gap(std::move(*std::exchange(s.gap, std::nullopt)));
    } else if (s.at_end) {
      return std::nullopt;
    } else {
      RESCUE_CHECK(s.read_chunk());
    }
  }
  TimelineItem item = std::move(s.ready.front());
  s.ready.pop_front();
  return item;
}

/// Shapes and the last position from before the target: the cursor must be whole where playing begins.
base::Result<> Timeline::State::cursor_up_to(std::uint64_t target, Time t) {
  std::map<std::uint32_t, CursorShape> shapes;
  std::optional<CursorMove> position;
  for (;;) {
    RESCUE_TRY(const auto peek, reader.peek_next());
    if (!peek || peek->offset >= target) break;
    if (peek->header.type != static_cast<std::uint8_t>(ChunkType::cursor)) continue;
    reader.seek(peek->offset);
    RESCUE_TRY(const auto item, reader.next());
    const auto* chunk = item ? std::get_if<Chunk>(&*item) : nullptr;
    if (chunk == nullptr) continue;
    ItemWalker walker(chunk->payload, chunk->header.t0);
    for (auto i = walker.next(); i && *i && (*i)->t <= t; i = walker.next()) {
      auto c = decode_cursor((*i)->bytes);
      if (!c) break;
      auto* shape = std::get_if<CursorShape>(&*c);
      if (shape != nullptr && (shapes.size() < kMaxCursorShapes || shapes.contains(shape->id)))
        shapes[shape->id] = std::move(*shape);
      if (auto* move = std::get_if<CursorMove>(&*c)) position = *move;
    }
  }
  for (auto& [id, shape] : shapes) ready.push_back({t, target, std::move(shape)});
  if (position) ready.push_back({t, target, *position});
  return {};
}

base::Result<const Outline*> Timeline::outline() {
  State& s = *state_;
  if (!s.outline) {
    RESCUE_TRY(s.outline, s.reader.outline());
  }
  return &*s.outline;
}
std::uint64_t Timeline::bytes_read() const { return state_->reader.bytes_read(); }

/// The last checkpoint at or before `t`, else the first; nullopt when there is none. An INDEX that names what is not
/// there is not believed in anything.
base::Result<std::optional<IndexEntry>> Timeline::State::checkpoint_for(Time t) {
  for (;;) {
    std::optional<IndexEntry> best;
    for (const IndexEntry& e : outline->entries) {
      if (e.type != static_cast<std::uint8_t>(ChunkType::ckpt)) continue;
      if (best && e.t > t) break;
      best = e;
      if (e.t > t) break;  // the first one, when there is none before t
    }
    if (!outline->from_index) return best;
    if (best) {
      RESCUE_TRY(const auto h, reader.peek_at(best->offset));
      if (h && h->type == best->type && h->t0 == best->t) return best;
    }
    RESCUE_TRY(outline, reader.outline(false));
  }
}

base::Result<> Timeline::seek(Time t) {
  RESCUE_TRY(const auto* known, outline());
  static_cast<void>(known);
  State& s = *state_;
  RESCUE_TRY(const auto target, s.checkpoint_for(t));
  s.running.clear();
  s.ready.clear();
  s.gap.reset();
  s.held = 0;
  s.watermark = s.last_t = Time(0);
  s.withhold_video = true;
  s.at_end = false;
  s.reader.seek(0);
  if (!target) return {};
  // From version 1.1 on all that is needed of the cursor follows the checkpoint.
  if (s.reader.header().minor == 0) RESCUE_CHECK(s.cursor_up_to(target->offset, target->t));
  s.reader.seek(target->offset);
  s.last_t = target->t;
  return {};
}

}  // namespace rescue::rcrec
