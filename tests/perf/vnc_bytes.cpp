// SPDX-License-Identifier: Apache-2.0
// vnc_bytes tight|zrle CLIP.xcp.zst [--until S] [--rects N]: what libvncserver sends for the pictures of a capture,
// without loss, and its CPU; one JSON object. The server is told in 16-pixel tiles what changed, the client asks for
// the next picture as soon as it has one, and each picture is compared when it has arrived. Bytes are those of the TCP
// connection.
#include <netinet/in.h>
#include <rfb/rfb.h>
extern "C" {  // this header of the library does not say so itself
#include <rfb/rfbregion.h>
}
#undef max
#undef min

#include <CLI/CLI.hpp>
#include <cstdio>

#include "perf/clip_encode.hpp"
#include "perf/vnc_client.hpp"

namespace rescue::perf {
namespace {

constexpr std::int32_t kTileSide = 16;
constexpr long kPumpUs = 500;
constexpr auto kPatience = std::chrono::seconds(20);  // for one picture

double thread_cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

class Server {
 public:
  Server(screen::Frame first, int most_rects) : shown_(std::move(first)) {
    rfbLogEnable(FALSE);
    screen_ = rfbGetScreen(nullptr, nullptr, shown_.size().width, shown_.size().height, 8, 3, 4);
    screen_->frameBuffer = reinterpret_cast<char*>(shown_.row(0));
    screen_->serverFormat.redShift = 16;
    screen_->serverFormat.greenShift = 8;
    screen_->serverFormat.blueShift = 0;
    screen_->listenInterface = htonl(INADDR_LOOPBACK);
    screen_->autoPort = TRUE;
    screen_->ipv6port = -1;
    screen_->cursor = nullptr;
    screen_->deferUpdateTime = 0;
    screen_->maxRectsPerUpdate = most_rects;
    rfbInitServer(screen_);
  }
  ~Server() {
    screen_->frameBuffer = nullptr;
    rfbShutdownServer(screen_, TRUE);
    rfbScreenCleanup(screen_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const { return screen_->port; }
  void pump() {
    const double before = thread_cpu_ms();
    rfbProcessEvents(screen_, kPumpUs);
    cpu_ms_ += thread_cpu_ms() - before;
  }
  [[nodiscard]] double cpu_ms() const { return cpu_ms_; }  // of all pumping
  void show(const screen::Frame& frame) {
    sraRegionPtr region = sraRgnCreate();
    for (std::int32_t y = 0; y < frame.size().height; y += kTileSide)
      for (std::int32_t x = 0; x < frame.size().width; x += kTileSide) add_if_changed(region, frame, x, y);
    shown_ = frame;  // the same size: the pixels stay where they are
    rfbMarkRegionAsModified(screen_, region);
    sraRgnDestroy(region);
  }

 private:
  void add_if_changed(sraRegionPtr region, const screen::Frame& frame, std::int32_t x, std::int32_t y) {
    const screen::Rect r = screen::Rect{x, y, kTileSide, kTileSide}.intersected(screen::whole(frame.size()));
    bool same = true;
    for (std::int32_t row = r.y; row < r.bottom() && same; ++row)
      same = std::equal(frame.row(row) + r.x, frame.row(row) + r.right(), shown_.row(row) + r.x);
    if (same) return;
    sraRegionPtr tile = sraRgnCreateRect(r.x, r.y, r.x + r.width, r.y + r.height);
    sraRgnOr(region, tile);
    sraRgnDestroy(tile);
  }

  screen::Frame shown_;
  double cpu_ms_ = 0;
  rfbScreenInfoPtr screen_ = nullptr;
};

base::Result<> serve_until(Server& server, const VncClient& client, const screen::Frame& frame) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  std::uint64_t looked_at = UINT64_MAX;
  for (;;) {
    server.pump();
    if (client.failed()) return base::fail(base::Errc::internal, "the VNC client gave up");
    // Comparing whole pictures takes time: only when an update has arrived.
    if (const auto updates = client.updates(); updates != looked_at) {
      looked_at = updates;
      if (client.shows(frame)) return {};
    }
    if (std::chrono::steady_clock::now() > give_up)
      return base::fail(base::Errc::timed_out, "the VNC client does not show the picture");
  }
}

base::Result<> measure(const std::string& encoding, const std::string& clip, std::chrono::microseconds until,
                       int most_rects) {
  RESCUE_TRY(auto source, ClipSource::open(clip, until));
  RESCUE_TRY(auto black, screen::Frame::create(source.frame().size()));
  Server server(black, most_rects);
  VncClient client(server.port(), encoding);
  RESCUE_CHECK(serve_until(server, client, black));
  const std::uint64_t before = client.bytes();
  const double cpu_before = server.cpu_ms();
  for (;;) {
    RESCUE_TRY(const bool more, source.next_picture());
    if (!more) break;
    server.show(source.frame());
    RESCUE_CHECK(serve_until(server, client, source.frame()));
  }
  fmt::print(R"({{"bytes":{},"cpu_s":{:.2f},"pictures":{},"seconds":{:.3f},"exact_pictures":{}}})"
             "\n",
             client.bytes() - before, (server.cpu_ms() - cpu_before) / 1000, source.pictures(),
             std::chrono::duration<double>(source.now()).count(), source.pictures());
  return {};
}

int run(int argc, char** argv) {
  std::string encoding;
  std::string clip;
  double until = 0;
  int most_rects = 50;  // the library's own
  CLI::App app{"bytes of a VNC server for a desktop capture"};
  app.add_option("encoding", encoding)->required()->check(CLI::IsMember({"tight", "zrle", "hextile", "zlib"}));
  app.add_option("clip", clip)->required()->check(CLI::ExistingFile);
  app.add_option("--until", until)->check(CLI::PositiveNumber);
  app.add_option("--rects", most_rects, "more rectangles than this in an update: their bounding box instead");
  CLI11_PARSE(app, argc, argv);
  const auto done = measure(
      encoding, clip,
      until > 0 ? std::chrono::microseconds(static_cast<std::int64_t>(until * 1e6)) : std::chrono::microseconds::max(),
      most_rects);
  if (!done) fmt::print(stderr, "vnc_bytes: {}\n", done.error().message());
  return done ? 0 : 1;
}
}  // namespace
}  // namespace rescue::perf

int main(int argc, char** argv) { return rescue::perf::run(argc, argv); }
