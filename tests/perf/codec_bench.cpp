// SPDX-License-Identifier: Apache-2.0
// codec_bench [--json] [--compare] [--work N] [CLIP.xcp.zst …]: bytes per minute and CPU of the screen codec. Every
// frame is decoded again and compared. Without clips it measures one it makes: a terminal that types and scrolls beside
// a photo that stands still. The encoder is told what changed, as a capture tells it; with --compare it finds out for
// itself.
// --work bounds the work of one call: the frame then goes out in parts, and the times are those of a call.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "base/random.hpp"
#include "perf/xcp_reader.hpp"
#include "screen/codec.hpp"
#include "screen/compose.hpp"

namespace rescue::perf {
namespace {

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

struct Settings {
  bool json = false;
  bool compare = false;
  std::uint32_t work = screen::EncodeRequest::kWholePicture;
};

struct Meter {
  Settings settings;
  screen::Encoder encoder;
  screen::Decoder decoder;
  std::vector<double> encode_ms;  // of each call that gave a packet
  std::vector<double> decode_ms;
  std::vector<std::size_t> sizes;
  double encode_total_ms = 0;  // with calls that found no change
  std::size_t bytes = 0;
  std::size_t first_bytes = 0;
  std::size_t frames = 0;
  screen::Point focus;

  [[nodiscard]] base::Result<> frame(const screen::Frame& f, const screen::Damage& damage) {
    const screen::Damage nothing;
    const screen::Damage* what = settings.compare ? nullptr : &damage;
    bool changed = false;
    do {
      const double before = cpu_ms();
      RESCUE_TRY(const auto packet, encoder.encode(f, screen::EncodeRequest{what, false, settings.work, focus}));
      const double after = cpu_ms();
      encode_total_ms += after - before;
      what = &nothing;
      if (!packet) break;
      changed = true;
      encode_ms.push_back(after - before);
      sizes.push_back(packet->bytes.size());
      bytes += packet->bytes.size();
      if (frames == 0) first_bytes += packet->bytes.size();
      RESCUE_CHECK(decoder.decode(packet->bytes));
      decode_ms.push_back(cpu_ms() - after);
    } while (encoder.pending());
    if (changed) ++frames;
    if (decoder.canvas() != f) return base::fail(base::Errc::verification_failed, "decoded picture");
    return {};
  }
};

template <typename T>
T percentile(std::vector<T> v, double p) {
  if (v.empty()) return {};
  const auto at = v.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(v.size() - 1) * p);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

double mean(const std::vector<double>& v) {
  return v.empty() ? 0 : std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

void print(const std::string& name, const Meter& m, double seconds, screen::Size size) {
  const double kb_min = static_cast<double>(m.bytes) / 1024 * 60 / seconds;
  const double first_kb = static_cast<double>(m.first_bytes) / 1024;
  const double p50 = percentile(m.encode_ms, 0.5);
  const double p95 = percentile(m.encode_ms, 0.95);
  const double p99 = percentile(m.encode_ms, 0.99);
  const double most = percentile(m.encode_ms, 1);
  const double core = m.encode_total_ms / seconds / 10;
  if (m.settings.json) {
    fmt::print(
        "{{\"clip\":\"{}\",\"width\":{},\"height\":{},\"seconds\":{:.2f},\"frames\":{},\"packets\":{},\"kb_per_min\":{:"
        ".1f},"
        "\"first_kb\":{:.1f},\"encode_ms_mean\":{:.2f},\"encode_ms_p50\":{:.2f},\"encode_ms_p95\":{:.2f},"
        "\"encode_ms_p99\":{:.2f},\"encode_ms_max\":{:.2f},\"core_percent\":{:.2f},\"decode_ms_mean\":{:.2f},"
        "\"decode_ms_p99\":{:.2f}}}\n",
        name, size.width, size.height, seconds, m.frames, m.encode_ms.size(), kb_min, first_kb, mean(m.encode_ms), p50,
        p95, p99, most, core, mean(m.decode_ms), percentile(m.decode_ms, 0.99));
    return;
  }
  fmt::print(
      "{:<12} {:>9} {:>5.1f} s {:>4} frames {:>4} packets {:>8.1f} KB/min (first {:>6.1f} KB, median {:>4} B)  encode "
      "ms mean "
      "{:.2f} p50 {:.2f} p95 {:.2f} p99 {:.2f} max {:.1f} ({:.1f} % of a core)  decode ms mean {:.2f} p99 {:.2f}\n",
      name, fmt::format("{}x{}", size.width, size.height), seconds, m.frames, m.encode_ms.size(), kb_min, first_kb,
      percentile(m.sizes, 0.5), mean(m.encode_ms), p50, p95, p99, most, core, mean(m.decode_ms),
      percentile(m.decode_ms, 0.99));
}

base::Result<> clip(const std::string& path, const Settings& settings) {
  RESCUE_TRY(auto reader, XcpReader::open(path));
  Meter m;
  m.settings = settings;
  for (;;) {
    RESCUE_TRY(const auto record, reader.next());
    if (record.kind == XcpReader::Kind::frame) RESCUE_CHECK(m.frame(reader.frame(), record.damage));
    if (record.kind == XcpReader::Kind::cursor_move) m.focus = record.position;
    if (record.kind != XcpReader::Kind::end) continue;
    const auto slash = path.find_last_of('/');
    std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    print(name.substr(0, name.find('.')), m, std::chrono::duration<double>(record.t).count(), reader.frame().size());
    return {};
  }
}

/// Letters of 8x16 random but fixed dots, 80 columns; a line is typed, then the text scrolls.
base::Result<> generated(const Settings& settings) {
  constexpr std::int32_t kColumns = 80;
  constexpr std::int32_t kLines = 40;
  constexpr int kFrames = 30 * 15;
  base::SeededRandom random(1);
  std::vector<screen::Frame> letters;
  for (int i = 0; i < 64; ++i) {
    RESCUE_TRY(auto letter, screen::Frame::create({8, 16}));
    for (int dots = 0; dots < 30; ++dots)
      letter.row(static_cast<std::int32_t>(2 + random.below(12)))[random.below(7)] =
          random.below(2) == 0 ? 0xd0d0d0 : 0x707070;
    letters.push_back(std::move(letter));
  }
  RESCUE_TRY(auto frame, screen::Frame::create({1280, 800}));
  for (std::int32_t y = 0; y < 480; ++y) {
    for (std::int32_t x = 0; x < 480; ++x)
      frame.row(y + 100)[x + 720] = static_cast<screen::Pixel>((x * y / 400 + x) % 256 << 16 |
                                                               (y / 2 + random.below(8)) % 256 << 8 | (x / 3) % 256);
  }
  Meter m;
  m.settings = settings;
  std::int32_t column = 0;
  for (int i = 0; i < kFrames; ++i) {
    for (int key = 0; key < 2; ++key) {
      screen::blit(frame, {column * 8, 16 * (kLines - 1)}, letters[random.below(letters.size())]);
      if (++column < kColumns) continue;
      column = 0;
      for (std::int32_t y = 0; y < 16 * (kLines - 1); ++y) std::copy_n(frame.row(y + 16), kColumns * 8, frame.row(y));
      frame.fill({0, 16 * (kLines - 1), kColumns * 8, 16}, 0);
    }
    RESCUE_CHECK(m.frame(
        frame, screen::Damage(i == 0 ? screen::whole(frame.size()) : screen::Rect{0, 0, kColumns * 8, kLines * 16})));
  }
  print("generated", m, kFrames / 15.0, frame.size());
  return {};
}

int run(int argc, char** argv) {
  Settings settings;
  std::vector<std::string> clips;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      settings.json = true;
    } else if (std::strcmp(argv[i], "--compare") == 0) {
      settings.compare = true;
    } else if (std::strcmp(argv[i], "--work") == 0 && i + 1 < argc) {
      settings.work = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    } else {
      clips.emplace_back(argv[i]);
    }
  }
  bool ok = true;
  const auto check = [&ok](const base::Result<>& r) {
    if (!r) fmt::print(stderr, "codec_bench: {}\n", r.error().message());
    ok = ok && r.has_value();
  };
  if (clips.empty()) check(generated(settings));
  for (const auto& path : clips) check(clip(path, settings));
  return ok ? 0 : 1;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }
