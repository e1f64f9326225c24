// SPDX-License-Identifier: Apache-2.0
#include "applet/core/capture_loop.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "screen/codec.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using session::AppletSession;
using session::Now;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A change right after a frame waits at most this long even where the console allows more frames than screens show.
constexpr base::Duration kShortestFrameInterval = milliseconds(16);
// Nothing to do until something changes or wake(); the number only bounds the damage of a lost wake-up.
constexpr base::Duration kIdle = seconds(1);
static_assert(screen::kMaxPacketBytes == wire::kScreenPictureMax, "what the codec makes is what the session carries");

session::DisplayInfo to_info(const desktop::Display& d) {
  session::DisplayInfo out;
  out.id = d.id;
  out.x = d.area.x;
  out.y = d.area.y;
  out.width = static_cast<std::uint32_t>(d.area.width);
  out.height = static_cast<std::uint32_t>(d.area.height);
  out.primary = d.primary;
  out.name = d.name;
  return out;
}
}  // namespace

base::Bytes to_straight_rgba(const screen::CursorImage& image) {
  base::Bytes out;
  out.reserve(image.argb.size() * 4);
  for (auto p : image.argb) {
    const std::uint32_t a = p >> 24;
    auto straight = [&](std::uint32_t c) {
      return static_cast<std::uint8_t>(a == 0 ? 0 : std::min<std::uint32_t>(255, ((c & 0xff) * 255 + a / 2) / a));
    };
    out.push_back(straight(p >> 16));
    out.push_back(straight(p >> 8));
    out.push_back(straight(p));
    out.push_back(static_cast<std::uint8_t>(a));
  }
  return out;
}

// One view, from start() to stop(): what only the thread touches.
class CaptureLoop::Run {
 public:
  Run(CaptureLoop& loop, desktop::Capture& capture, Orders orders)
      : loop_(loop), capture_(capture), orders_(std::move(orders)) {}

  // Until the orders change. An error means that this view cannot go on.
  base::Result<> operator()() {
    RESCUE_CHECK(capture_.start(orders_.display));
    while (take_orders()) {
      RESCUE_TRY(auto change, capture_.wait(patience()));
      if (!still_wanted()) return {};
      if (change.layout) loop_.deliver_displays();
      if (change.cursor_shape) RESCUE_CHECK(send_cursor_shape());
      if (change.cursor_moved) RESCUE_CHECK(send_cursor_position());
      pending_.add(change.damage);
      if (frame_due()) RESCUE_CHECK(send_frame());
    }
    return {};
  }

 private:
  [[nodiscard]] bool current() const { return !loop_.orders_.quit && loop_.orders_.generation == orders_.generation; }
  bool still_wanted() {
    std::lock_guard lock(loop_.mutex_);
    return current();
  }
  // Reads what may have changed; false when this view is over.
  bool take_orders() {
    std::lock_guard lock(loop_.mutex_);
    if (!current()) return false;
    if (std::exchange(loop_.orders_.keyframe, false)) keyframe_ = true;
    may_send_ = loop_.orders_.may_send;
    return true;
  }
  [[nodiscard]] bool has_news() const { return keyframe_ || !pending_.empty(); }
  [[nodiscard]] base::Duration patience() const {
    if (!has_news() || !may_send_) return kIdle;
    auto left = std::chrono::ceil<base::Duration>(next_frame_ - std::chrono::steady_clock::now());
    return std::clamp<base::Duration>(left, base::Duration::zero(), kIdle);
  }
  // The permission may have come while we waited.
  bool frame_due() {
    return take_orders() && has_news() && may_send_ && std::chrono::steady_clock::now() >= next_frame_;
  }

  base::Result<> send_frame() {
    {
      std::lock_guard lock(loop_.mutex_);
      if (!current()) return {};
      loop_.grabbing_ = true;
    }
    auto grabbed = capture_.grab(frame_);
    {
      std::lock_guard lock(loop_.mutex_);
      loop_.grabbing_ = false;
    }
    loop_.changed_.notify_all();
    if (!grabbed) return grabbed;
    next_frame_ = std::chrono::steady_clock::now() + orders_.frame_interval;
    RESCUE_TRY(auto packet, encoder_.encode(frame_, &pending_, keyframe_));
    pending_.clear();
    keyframe_ = false;
    if (!packet) return {};  // damage without difference
    {
      std::lock_guard lock(loop_.mutex_);
      if (!current()) return {};
      loop_.orders_.may_send = false;
    }
    loop_.deliver([&loop = loop_, display = orders_.display, packet = std::move(*packet)](AppletSession& s, Now now) {
      // A refused packet leaves a gap in the decoder's state: begin anew.
      if (!s.screen_packet(display, packet.info.keyframe, packet.bytes, now)) loop.keyframe();
      if (s.can_send_screen(now)) loop.may_send();
    });
    return {};
  }

  base::Result<> send_cursor_shape() {
    RESCUE_TRY(auto image, capture_.cursor_image());
    loop_.deliver([image = std::move(image)](AppletSession& s, Now now) {
      auto n = [](std::int32_t v) { return static_cast<std::uint16_t>(v); };
      s.cursor_shape(n(image.size.width), n(image.size.height), n(image.hotspot.x), n(image.hotspot.y),
                     to_straight_rgba(image), now);
    });
    return {};
  }
  base::Result<> send_cursor_position() {
    RESCUE_TRY(auto state, capture_.cursor());
    loop_.deliver([state, display = orders_.display](AppletSession& s, Now now) {
      s.cursor_position(display, state.position.x, state.position.y, state.visible, now);
    });
    return {};
  }

  CaptureLoop& loop_;
  desktop::Capture& capture_;
  Orders orders_;  // of the beginning
  screen::Encoder encoder_;
  screen::Frame frame_;
  screen::Damage pending_;
  bool keyframe_ = true;
  bool may_send_ = false;
  base::SteadyTime next_frame_{};
};

CaptureLoop::CaptureLoop(CaptureFactory factory, PersonId person, Deliver deliver)
    : factory_(std::move(factory)), person_(person), deliver_(std::move(deliver)), thread_([this] { run(); }) {}

CaptureLoop::~CaptureLoop() {
  change([](Orders& o) { o.quit = true; });
  thread_.join();
}

void CaptureLoop::change(const std::function<void(Orders&)>& f) {
  {
    std::lock_guard lock(mutex_);
    f(orders_);
    if (capture_ != nullptr) capture_->wake();
  }
  changed_.notify_all();
}

void CaptureLoop::start(std::uint32_t display, unsigned max_frames_per_s) {
  change([&](Orders& o) {
    o.running = true;
    o.display = display;
    o.frame_interval = std::max(kShortestFrameInterval, base::Duration(seconds(1)) / std::max(1U, max_frames_per_s));
    o.keyframe = true;
    o.may_send = false;
    ++o.generation;
  });
}

void CaptureLoop::stop() {
  change([](Orders& o) {
    o.running = o.may_send = o.keyframe = false;
    ++o.generation;
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !grabbing_; });
}

void CaptureLoop::keyframe() {
  change([](Orders& o) { o.keyframe = o.running; });
}

void CaptureLoop::may_send() {
  change([](Orders& o) { o.may_send = o.running; });
}

std::vector<desktop::Display> CaptureLoop::displays() const {
  std::lock_guard lock(mutex_);
  return displays_;
}

void CaptureLoop::deliver_displays() {
  auto now = capture_->displays();
  if (!now) return;
  std::vector<session::DisplayInfo> infos;
  for (const auto& d : *now) infos.push_back(to_info(d));
  {
    std::lock_guard lock(mutex_);
    displays_ = *now;
  }
  deliver([infos = std::move(infos)](AppletSession& s, Now n) mutable { s.set_displays(std::move(infos), n); });
}

void CaptureLoop::run() {
  auto made = factory_();
  if (!made) base::log(base::LogLevel::error, "capture", "cannot capture", {{"why", made.error().message()}});
  std::unique_lock lock(mutex_);
  if (made) capture_ = made->get();
  lock.unlock();
  if (made) deliver_displays();
  lock.lock();
  std::uint64_t failed_generation = 0;
  while (!orders_.quit) {
    if (!orders_.running || orders_.generation == failed_generation) {
      changed_.wait(lock);
      continue;
    }
    auto orders = orders_;
    lock.unlock();
    base::Result<> done = base::fail(base::Errc::unsupported, "no desktop");
    if (made) {
      done = Run(*this, **made, orders)();
      (*made)->stop();
    }
    if (!done) {
      base::log(base::LogLevel::warn, "capture", "the view broke down", {{"why", done.error().message()}});
      deliver([](AppletSession& s, Now now) { s.capture_failed(now); });
    }
    lock.lock();
    if (!done) failed_generation = orders.generation;
  }
  capture_ = nullptr;
}

}  // namespace rescue::applet
