// SPDX-License-Identifier: Apache-2.0
// recording info, verify, repair, frames, events. convert: commands_convert.cpp.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/exit.hpp"
#include "cli/progress.hpp"
#include "cmd/rescue/recording_keys.hpp"
#include "rcrec/inspect.hpp"
#include "rcrec/writer.hpp"
#include "screen/codec.hpp"
#include "screen/compose.hpp"
#include "screen/png.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::size_t kMaxDisplays = 100;  // sizes that info lists
constexpr cli::Column kInfoColumns[] = {{"FILE"},         {"SESSION"},       {"START"},        {"DURATION"},
                                        {"FINISHED"},     {"SIZE", true},    {"FRAMES", true}, {"CHAT", true},
                                        {"EVENTS", true}, {"DAMAGED", true}, {"CONTENT"}};

std::string seconds(rcrec::Time t) { return fmt::format("{}.{:06}", t.count() / 1'000'000, t.count() % 1'000'000); }

json::object damage_json(const rcrec::DamagedPlace& d) {
  return {{"kind", rcrec::damage_kind_name(d.kind)}, {"offset", d.offset}, {"length", d.length}, {"what", d.what}};
}

/// Chunks and bytes of each kind that the file has, and how many bytes a minute of it takes.
json::object kinds_json(const rcrec::RecordingInfo& i) {
  json::object out;
  for (std::size_t type = 0; type < std::size(i.by_type); ++type) {
    const auto& count = i.by_type[type];
    if (count.chunks == 0) continue;
    std::string name(rcrec::chunk_type_name(static_cast<std::uint8_t>(type)));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto minutes = static_cast<double>(i.duration.count()) / 60e6;
    const auto per_minute = minutes > 0 ? std::llround(static_cast<double>(count.bytes) / minutes) : 0;
    out[name] = {{"chunks", count.chunks}, {"bytes", count.bytes}, {"bytes_per_minute", per_minute}};
  }
  return out;
}

json::object info_json(const rcrec::RecordingInfo& i) {
  json::array damage;
  for (const auto& d : i.damage) damage.push_back(damage_json(d));
  return {{"path", i.path},
          {"session", i.header.session.text()},
          {"start", base::to_rfc3339(i.header.start)},
          {"duration_us", i.duration.count()},
          {"finished", i.finished},
          {"bytes", i.file_bytes},
          {"chunks", i.chunks},
          {"frames", i.video_packets},
          {"checkpoints", i.checkpoints},
          {"chat_lines", i.chat_lines},
          {"events", i.events},
          {"chain_tip", base::to_hex(i.chain_tip)},
          {"damaged_places", i.damaged_places},
          {"damage", std::move(damage)},
          {"kinds", kinds_json(i)},
          {"head", i.head}};
}

json::object info_json_with_keys(const rcrec::RecordingInfo& i) {
  auto o = info_json(i);
  add_encryption(o, i);
  return o;
}

/// What the screen packets say of themselves.
struct Pictures {
  std::uint64_t packets = 0;
  std::uint64_t exact = 0;
  rcrec::Time shown{};                 // since the first picture
  rcrec::Time exact_shown{};           // of this, with an exact picture
  std::vector<screen::Size> displays;  // sizes in the order they came up
};

base::Result<Pictures> pictures_of(const std::string& path, const rcrec::KeyRing& keys, rcrec::Time end) {
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path, keys));
  Pictures out;
  std::optional<rcrec::Time> since;  // when the picture of now came up
  bool exact = false;
  const auto pass = [&](rcrec::Time t) {
    if (since) out.shown += t - *since;
    if (since && exact) out.exact_shown += t - *since;
    since = t;
  };
  for (;;) {
    RESCUE_TRY(const auto item, timeline.next());
    if (!item) {
      if (since) pass(std::max(end, *since));
      return out;
    }
    const auto* video = std::get_if<rcrec::VideoItem>(&item->item);
    if (video == nullptr) continue;
    ++out.packets;
    const auto packet = screen::inspect_packet(video->packet);
    if (!packet) continue;
    pass(item->t);
    exact = packet->exact;
    if (exact) ++out.exact;
    if (packet->size.width == 0 || out.displays.size() >= kMaxDisplays) continue;  // only keyframes tell it
    if (std::ranges::find(out.displays, packet->size) == out.displays.end()) out.displays.push_back(packet->size);
  }
}

json::value share(double part, double whole) { return whole > 0 ? json::value(part / whole) : json::value(nullptr); }

void add_pictures(json::object& o, const Pictures& p) {
  json::array displays;
  for (const auto& size : p.displays) displays.push_back({{"width", size.width}, {"height", size.height}});
  o["displays"] = std::move(displays);
  o["exact_share"] = share(static_cast<double>(p.exact), static_cast<double>(p.packets));
  o["exact_time_share"] = share(static_cast<double>(p.exact_shown.count()), static_cast<double>(p.shown.count()));
}

cli::Record info_record(const rcrec::RecordingInfo& i) {
  return {{i.path, i.header.session.text(), cli::short_time(base::to_rfc3339(i.header.start)), seconds(i.duration),
           i.finished ? "yes" : "no", fmt::format("{}", i.file_bytes), fmt::format("{}", i.video_packets),
           fmt::format("{}", i.chat_lines), fmt::format("{}", i.events), fmt::format("{}", i.damaged_places),
           std::string(content_text(i))},
          json::serialize(info_json_with_keys(i)),
          i.path};
}

/// One recording is an object, several are a list.
void write_records(Invocation& in, std::span<const cli::Column> columns, const std::vector<cli::Record>& records,
                   bool single) {
  if (single && records.size() == 1) {
    cli::write_object(in.env, in.format, in.color, columns, records.front());
    return;
  }
  cli::RecordWriter writer(in.env, in.format, in.color, columns);
  for (const auto& r : records) writer.add(r);
  writer.finish();
}

/// Takes pictures from a recording: the canvas with the cursor as it was.
class Player {
 public:
  void apply(const rcrec::TimelineItem& item) {
    if (const auto* video = std::get_if<rcrec::VideoItem>(&item.item)) {
      if (video->checkpoint || !decoder_.needs_keyframe()) static_cast<void>(decoder_.decode(video->packet));
    } else if (const auto* shape = std::get_if<rcrec::CursorShape>(&item.item)) {
      shapes_[shape->id] = {{shape->width, shape->height}, {shape->hotspot_x, shape->hotspot_y}, shape->argb};
      if (shapes_.size() > rcrec::kMaxCursorShapes) shapes_.erase(shapes_.begin());
    } else if (const auto* move = std::get_if<rcrec::CursorMove>(&item.item)) {
      cursor_ = *move;
    }
  }
  [[nodiscard]] bool has_picture() const { return !decoder_.canvas().empty(); }
  [[nodiscard]] base::Result<> save(const std::string& path) const {
    auto frame = decoder_.canvas();
    if (const auto it = shapes_.find(cursor_.shape); it != shapes_.end())
      screen::draw_cursor(frame, it->second, {{cursor_.x, cursor_.y}, cursor_.visible});
    return screen::write_png(path, frame.view());
  }

 private:
  screen::Decoder decoder_;
  std::map<std::uint32_t, screen::CursorImage> shapes_;
  rcrec::CursorMove cursor_;
};

/// Times at which a picture is wanted, in order; with --every they go on for ever.
class Moments {
 public:
  explicit Moments(const cli::Parsed& parsed) {
    for (const auto& text : parsed.all("at")) times_.push_back(base::parse_duration(text).value_or(base::Duration(0)));
    std::ranges::sort(times_);
    if (parsed.given("every")) every_ = parsed.duration("every");
  }
  [[nodiscard]] bool valid() const { return !times_.empty() || every_.count() > 0; }
  [[nodiscard]] std::optional<rcrec::Time> next() const {
    if (every_.count() > 0) return every_ * static_cast<std::int64_t>(index_);
    return index_ < times_.size() ? std::optional<rcrec::Time>(times_[index_]) : std::nullopt;
  }
  void advance() { ++index_; }

 private:
  std::vector<base::Duration> times_;
  base::Duration every_{0};
  std::size_t index_ = 0;
};

}  // namespace

base::Result<int> recording_info(Invocation& in) {
  std::vector<cli::Record> records;
  RESCUE_TRY(const auto keys, keys_of(in));
  const auto files = in.parsed.positionals("FILE");
  for (const auto& file : files) {
    const auto path = in.env.absolute(file).string();
    RESCUE_TRY(const auto info, rcrec::info(path, keys));
    records.push_back(info_record(info));
    if (!in.json() || !info.content_read) continue;
    RESCUE_TRY(const auto pictures, pictures_of(path, keys, info.duration));
    auto o = info_json_with_keys(info);
    add_pictures(o, pictures);
    records.back().json = json::serialize(o);
  }
  write_records(in, kInfoColumns, records, files.size() == 1);
  return 0;
}

base::Result<int> recording_verify(Invocation& in) {
  constexpr cli::Column kColumns[] = {{"FILE"},         {"VERDICT"}, {"SHA256"},   {"DURATION"},
                                      {"CHUNKS", true}, {"CONTENT"}, {"FIRST BAD"}};
  std::vector<cli::Record> records;
  RESCUE_TRY(const auto keys, keys_of(in));
  bool damaged = false, unfinished = false;
  const auto files = in.parsed.positionals("FILE");
  for (const auto& file : files) {
    RESCUE_TRY(const auto v, rcrec::verify(in.env.absolute(file).string(), keys));
    damaged |= v.verdict == rcrec::Verdict::damaged;
    unfinished |= v.verdict == rcrec::Verdict::unfinished;
    auto o = info_json_with_keys(v.info);
    o["verdict"] = rcrec::verdict_name(v.verdict);
    o["sha256"] = v.sha256_hex;
    o["first_bad"] = v.first_bad ? json::value(damage_json(*v.first_bad)) : json::value(nullptr);
    const auto bad = v.first_bad ? fmt::format("offset {}: {}", v.first_bad->offset, v.first_bad->what) : "";
    records.push_back(
        {{v.info.path, std::string(rcrec::verdict_name(v.verdict)), v.sha256_hex, seconds(v.info.duration),
          fmt::format("{}", v.info.chunks), std::string(content_text(v.info)), bad},
         json::serialize(o),
         v.info.path});
  }
  write_records(in, kColumns, records, files.size() == 1);
  if (damaged) return cli::exit_code(base::Exit::verification_failed);
  return cli::exit_code(unfinished ? base::Exit::partial : base::Exit::ok);
}

base::Result<int> recording_repair(Invocation& in) {
  constexpr cli::Column kColumns[] = {{"FILE"}, {"CHUNKS KEPT", true}, {"BYTES DROPPED", true}, {"SHA256"}};
  const auto out = in.env.absolute(in.parsed.text("out")).string();
  RESCUE_TRY(const auto keys, keys_of(in));
  RESCUE_TRY(const auto report, rcrec::repair(in.env.absolute(in.parsed.positional("FILE")).string(), out, keys));
  json::array damage;
  for (const auto& d : report.damage) damage.push_back(damage_json(d));
  json::object o{{"path", out},
                 {"chunks_kept", report.chunks_kept},
                 {"bytes_dropped", report.bytes_dropped},
                 {"original_sha256", report.original_sha256_hex},
                 {"sha256", report.sha256_hex},
                 {"damage", std::move(damage)}};
  cli::write_object(
      in.env, in.format, in.color, kColumns,
      {{out, fmt::format("{}", report.chunks_kept), fmt::format("{}", report.bytes_dropped), report.sha256_hex},
       json::serialize(o),
       out});
  return 0;
}

base::Result<int> recording_frames(Invocation& in) {
  Moments moments(in.parsed);
  if (!moments.valid()) return base::fail(base::Errc::invalid_argument, "give --at TIME or --every TIME");
  const auto dir = in.env.absolute(in.parsed.text("out"));
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", dir.string()), error);
  const auto file = in.env.absolute(in.parsed.positional("FILE")).string();
  RESCUE_TRY(const auto keys, keys_of(in));
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(file, keys));
  RESCUE_TRY(const auto* outline, timeline.outline());
  const rcrec::Time duration = outline->duration;
  constexpr cli::Column kColumns[] = {{"TIME"}, {"FILE"}};
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  Player player;
  rcrec::Time end{};
  const auto take = [&](rcrec::Time t) -> base::Result<> {
    const auto path = (dir / fmt::format("frame-{:010}ms.png", t.count() / 1000)).string();
    RESCUE_CHECK(player.save(path));
    writer.add({{seconds(t), path}, json::serialize(json::object{{"time_us", t.count()}, {"path", path}}), path});
    return {};
  };
  std::optional<rcrec::Time> sought;
  for (;;) {
    // A checkpoint stands every few minutes, so what lies far ahead is not played up to.
    if (const auto moment = moments.next(); moment && *moment > end + rcrec::kCheckpointEvery && sought != moment) {
      sought = moment;
      player = Player();  // should the checkpoint be damaged, a picture of another time must not stand for it
      RESCUE_CHECK(timeline.seek(*moment));
    }
    RESCUE_TRY(const auto item, timeline.next());
    // A moment shows the newest picture at or before it; before the first picture there is none.
    while (moments.next() && player.has_picture() && (!item || item->t > *moments.next())) {
      if (!item && *moments.next() > duration) break;
      RESCUE_CHECK(take(*moments.next()));
      moments.advance();
    }
    if (!item || !moments.next()) break;
    while (moments.next() && !player.has_picture() && item->t > *moments.next()) moments.advance();
    player.apply(*item);
    end = item->t;
  }
  writer.finish();
  return writer.count() > 0 ? base::Result<int>(0) : base::fail(base::Errc::not_found, "no picture at these times");
}

base::Result<int> recording_events(Invocation& in) {
  constexpr cli::Column kColumns[] = {{"TIME"}, {"TYPE"}, {"DATA"}};
  RESCUE_TRY(const auto keys, keys_of(in));
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(in.env.absolute(in.parsed.positional("FILE")).string(), keys));
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  bool damaged = false;
  for (;;) {
    RESCUE_TRY(const auto item, timeline.next());
    if (!item) break;
    json::object o{{"time_us", item->t.count()}};
    std::string type, data;
    if (const auto* chat = std::get_if<rcrec::ChatItem>(&item->item)) {
      type = "chat";
      data = chat->from + ": " + chat->text;
      for (const auto& [k, v] : chat->all) o[k] = v;
    } else if (const auto* event = std::get_if<rcrec::EventItem>(&item->item)) {
      type = event->type;
      json::object rest = event->all;
      rest.erase("type");
      data = rest.empty() ? "" : json::serialize(rest);
      for (const auto& [k, v] : rest) o[k] = v;
    } else if (const auto* gap = std::get_if<rcrec::GapItem>(&item->item)) {
      type = "damage";
      data = gap->place.what;
      o["damage"] = damage_json(gap->place);
      damaged = true;
    } else {
      continue;
    }
    o["type"] = type;
    writer.add({{seconds(item->t), type, data}, json::serialize(o), seconds(item->t)});
  }
  writer.finish();
  return cli::exit_code(damaged ? base::Exit::partial : base::Exit::ok);
}

}  // namespace rescue::program
