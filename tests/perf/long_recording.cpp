// SPDX-License-Identifier: Apache-2.0
// long_recording FILE.rcrec [--hours 24] [--megabytes 1000] [--unfinished] [--encrypted]: makes FILE unless it is
// there, then opens it and seeks in it, and prints what that takes as one JSON object. The pictures decode: a cycle of
// some minutes is encoded once and told again and again.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "rcrec/reader.hpp"
#include "rcrec/writer.hpp"
#include "screen/codec.hpp"

namespace {
using namespace rescue;
using std::chrono::seconds;

constexpr int kSeeks = 40;
constexpr int kCycle = 150;  // seconds between checkpoints

/// A keyframe and a packet for each second behind it, about `bytes` each: noise of the right area.
std::vector<base::Bytes> cycle(std::size_t bytes) {
  base::SeededRandom random(1);
  screen::Encoder encoder;
  auto frame = screen::Frame::create({1280, 800}).value();
  frame.fill({0, 0, 1280, 800}, 0x3a6ea5);
  std::vector<base::Bytes> out;
  for (int i = 0; i < kCycle; ++i) {
    const auto rows = static_cast<std::int32_t>(std::max<std::size_t>(1, bytes / (3 * 64)));
    for (std::int32_t y = 0; y < std::min(rows, 800); ++y) {
      for (std::int32_t x = 0; x < 64; ++x)
        frame.fill({x + 64 * (i % 20), y, 1, 1}, static_cast<screen::Pixel>(random.below(0x1000000)));
    }
    out.push_back(encoder.encode(frame, nullptr, i == 0).value().value().bytes);
  }
  return out;
}

crypto::X25519Private key() {
  base::SeededRandom random(2);  // of a file that holds nothing
  return crypto::X25519Private::generate(random).value();
}

base::Result<> make(const std::string& path, int hours, std::size_t bytes, bool encrypted, bool finished) {
  const auto packets = cycle(bytes / static_cast<std::size_t>(hours * 3600));
  RESCUE_TRY(auto sink, rcrec::create_file_sink(path));
  rcrec::RecordingStart start;
  start.session = base::Guid::random(base::system_random());
  start.start = base::system_clock().wall();
  start.head = {{"software", "long_recording"}};
  if (encrypted) start.recipients = {key().public_key()};
  RESCUE_TRY(auto w, rcrec::Writer::create(std::move(sink), start, base::system_random()));
  RESCUE_CHECK(w.cursor_shape({1, 8, 8, 0, 0, std::vector<std::uint32_t>(64, 0xff000000)}, {}));
  for (int s = 0; s < hours * 3600; ++s) {
    const rcrec::Time t = seconds(s);
    if (w.clock_due(t)) RESCUE_CHECK(w.clock(start.start + t, t));
    RESCUE_CHECK(w.video(packets[static_cast<std::size_t>(s % kCycle)], s % kCycle == 0, t));
    RESCUE_CHECK(w.cursor_move({s % 1280, s % 800, 1, true}, t));
    if (s % 600 == 300) RESCUE_CHECK(w.event("control.started", {{"technician", "Ada"}}, t));
    if (s % 97 == 50) RESCUE_CHECK(w.chat("customer", "It works again.", t));
  }
  if (!finished) return {};
  RESCUE_TRY(const auto done, w.finish(seconds(hours * 3600)));
  static_cast<void>(done);
  return {};
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

base::Result<std::string> measure(const std::string& path) {
  rcrec::KeyRing ring;
  ring.add(key());
  const auto begin = std::chrono::steady_clock::now();
  RESCUE_TRY(auto timeline, rcrec::Timeline::open(path, ring));
  RESCUE_TRY(const auto* outline, timeline.outline());
  const rcrec::Time duration = outline->duration;
  const std::size_t entries = outline->entries.size();
  const double open_ms = milliseconds_since(begin);
  const auto open_bytes = timeline.bytes_read();
  double worst = 0, worst_shown = 0;
  std::uint64_t worst_bytes = 0;
  base::SeededRandom random(3);
  for (int i = 0; i < kSeeks; ++i) {
    const rcrec::Time t(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(duration.count()))));
    const auto from = std::chrono::steady_clock::now();
    const auto bytes = timeline.bytes_read();
    RESCUE_CHECK(timeline.seek(t));
    RESCUE_TRY(auto item, timeline.next());
    worst = std::max(worst, milliseconds_since(from));
    worst_bytes = std::max(worst_bytes, timeline.bytes_read() - bytes);
    screen::Decoder decoder;
    while (item && item->t <= t) {
      if (const auto* video = std::get_if<rcrec::VideoItem>(&item->item)) {
        const auto decoded = decoder.decode(video->packet);
        if (!decoded) return base::fail(decoded.error());
      }
      RESCUE_TRY(item, timeline.next());
    }
    worst_shown = std::max(worst_shown, milliseconds_since(from));
  }
  return fmt::format(
      R"({{"bytes":{},"duration_s":{},"entries":{},"open_ms":{:.2f},"open_bytes":{},"seek_ms":{:.2f},"seek_bytes":{},"picture_ms":{:.1f}}})",
      std::filesystem::file_size(path), duration.count() / 1'000'000, entries, open_ms, open_bytes, worst, worst_bytes,
      worst_shown);
}
}  // namespace

int main(int argc, char** argv) {
  std::string path;
  int hours = 24;
  std::size_t megabytes = 1000;
  bool unfinished = false, encrypted = false;
  CLI::App app{"a long recording, opened and sought in"};
  app.add_option("file", path)->required();
  app.add_option("--hours", hours)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--megabytes", megabytes)->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_flag("--unfinished", unfinished, "without END, as a killed recorder leaves it");
  app.add_flag("--encrypted", encrypted);
  CLI11_PARSE(app, argc, argv);
  auto done = std::filesystem::exists(path) ? base::Result<>{}
                                            : make(path, hours, megabytes * 1'000'000, encrypted, !unfinished);
  const auto said = done ? measure(path) : base::Result<std::string>(base::fail(done.error()));
  if (!said) {
    fmt::print(stderr, "long_recording: {}\n", said.error().message());
    return 1;
  }
  fmt::print("{}\n", *said);
  return 0;
}
