// SPDX-License-Identifier: Apache-2.0
// codec_bench [--json] [CLIP.xcp.zst …]: bytes per minute and CPU of the screen codec. Every frame is decoded again and
// compared. Without clips it measures one it makes: a terminal that types and scrolls beside a photo that stands still.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
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

struct Meter {
  screen::Encoder encoder;
  screen::Decoder decoder;
  std::vector<double> encode_ms;
  std::vector<std::size_t> sizes;
  double decode_ms = 0;
  std::size_t bytes = 0;
  std::size_t first_bytes = 0;

  [[nodiscard]] base::Result<> frame(const screen::Frame& f) {
    const double before = cpu_ms();
    RESCUE_TRY(const auto packet, encoder.encode(f));
    const double after = cpu_ms();
    if (!packet) return {};
    encode_ms.push_back(after - before);
    sizes.push_back(packet->bytes.size());
    bytes += packet->bytes.size();
    if (first_bytes == 0) first_bytes = packet->bytes.size();
    RESCUE_CHECK(decoder.decode(packet->bytes));
    decode_ms += cpu_ms() - after;
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

void print(const std::string& name, const Meter& m, double seconds, screen::Size size, bool json) {
  const double kb_min = static_cast<double>(m.bytes) / 1024 * 60 / seconds;
  const double total = std::accumulate(m.encode_ms.begin(), m.encode_ms.end(), 0.0);
  const auto frames = static_cast<double>(std::max<std::size_t>(m.encode_ms.size(), 1));
  if (json) {
    fmt::print(
        "{{\"clip\":\"{}\",\"width\":{},\"height\":{},\"seconds\":{:.2f},\"frames\":{},\"kb_per_min\":{:.0f},\"first_"
        "kb\":{:.1f},"
        "\"encode_ms_mean\":{:.2f},\"encode_ms_p99\":{:.2f},\"decode_ms_mean\":{:.2f},\"encode_fps\":{:.0f}}}\n",
        name, size.width, size.height, seconds, m.encode_ms.size(), kb_min, static_cast<double>(m.first_bytes) / 1024,
        total / frames, percentile(m.encode_ms, 0.99), m.decode_ms / frames, 1000 * frames / total);
    return;
  }
  fmt::print(
      "{:<16} {:>9} {:>6.1f} s {:>5} frames {:>8.0f} KB/min (first {:>6.1f} KB in {:.1f} ms, median {:>6} B)  encode {:>6.2f} ms "
      "mean {:>6.2f} p99 "
      "= {:>4.0f} fps  decode {:>5.2f} ms\n",
      name, fmt::format("{}x{}", size.width, size.height), seconds, m.encode_ms.size(), kb_min,
      static_cast<double>(m.first_bytes) / 1024, m.encode_ms.empty() ? 0 : m.encode_ms.front(), percentile(m.sizes, 0.5), total / frames,
      percentile(m.encode_ms, 0.99), 1000 * frames / total, m.decode_ms / frames);
}

base::Result<> clip(const std::string& path, bool json) {
  RESCUE_TRY(auto reader, XcpReader::open(path));
  Meter m;
  for (;;) {
    RESCUE_TRY(const auto record, reader.next());
    if (record.kind == XcpReader::Kind::frame) RESCUE_CHECK(m.frame(reader.frame()));
    if (record.kind != XcpReader::Kind::end) continue;
    const auto slash = path.find_last_of('/');
    std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    print(name.substr(0, name.find('.')), m, std::chrono::duration<double>(record.t).count(), reader.frame().size(),
          json);
    return {};
  }
}

/// Letters of 8x16 random but fixed dots, 80 columns; a line is typed, then the text scrolls.
base::Result<> generated(bool json) {
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
  std::int32_t column = 0;
  for (int i = 0; i < kFrames; ++i) {
    for (int key = 0; key < 2; ++key) {
      screen::blit(frame, {column * 8, 16 * (kLines - 1)}, letters[random.below(letters.size())]);
      if (++column < kColumns) continue;
      column = 0;
      for (std::int32_t y = 0; y < 16 * (kLines - 1); ++y) std::copy_n(frame.row(y + 16), kColumns * 8, frame.row(y));
      frame.fill({0, 16 * (kLines - 1), kColumns * 8, 16}, 0);
    }
    RESCUE_CHECK(m.frame(frame));
  }
  print("generated", m, kFrames / 15.0, frame.size(), json);
  return {};
}

int run(int argc, char** argv) {
  bool json = false;
  std::vector<std::string> clips;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else {
      clips.emplace_back(argv[i]);
    }
  }
  bool ok = true;
  const auto check = [&ok](const base::Result<>& r) {
    if (!r) fmt::print(stderr, "codec_bench: {}\n", r.error().message());
    ok = ok && r.has_value();
  };
  if (clips.empty()) check(generated(json));
  for (const auto& path : clips) check(clip(path, json));
  return ok ? 0 : 1;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }
