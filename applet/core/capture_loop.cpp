// SPDX-License-Identifier: Apache-2.0
#include "applet/core/capture_loop.hpp"

#include <algorithm>
#include <ctime>

#include "applet/core/rate_control.hpp"
#include "base/log.hpp"
#include "screen/codec.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
using base::SteadyTime;
using session::AppletSession;
using session::Now;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Nothing to do until something changes or wake(); the number only bounds the damage of a lost wake-up.
constexpr base::Duration kIdle = seconds(10);
// The pointer is followed at least so often while pictures wait for their turn.
constexpr base::Duration kNap = milliseconds(20);
// After a call for refinement or for the rest that brought nothing: it may have come too early.
constexpr base::Duration kAgain = milliseconds(50);
// The newest comes first, but no longer than this at the cost of a picture that is not whole yet.
constexpr base::Duration kLongestInParts = seconds(2);
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
  Run(CaptureLoop& loop, desktop::Capture& capture, screen::Encoder& encoder, Orders orders)
      : loop_(loop),
        capture_(capture),
        orders_(std::move(orders)),
        rate_(orders_.max_frames_per_s, orders_.exact),
        encoder_(encoder) {}

  // Until the orders change. An error means that this view cannot go on.
  base::Result<> operator()() {
    RESCUE_CHECK(capture_.start(orders_.display));
    while (take_orders()) {
      if (has_news()) nap();
      const bool at_once = has_rest() && patience() == base::Duration::zero();
      if (!at_once || now() >= next_visit_) {
        RESCUE_CHECK(visit());
      }
      // The permission may have come while we waited.
      if (!take_orders()) return {};
      if (may_send_) RESCUE_CHECK(send_what_is_due());
    }
    return {};
  }

 private:
  static SteadyTime now() { return std::chrono::steady_clock::now(); }
  // Of this thread: what other programs take meanwhile is not held against the picture.
  static std::chrono::nanoseconds processor_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  }
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
    rate_.on_link(loop_.orders_.link);
    return true;
  }

  // Hears what happened on the desktop. A busy desktop answers slowly, so between the parts of a picture it is asked
  // only when its answer would be used, or to follow the pointer.
  base::Result<> visit() {
    RESCUE_TRY(auto change, capture_.wait(has_news() ? base::Duration::zero() : patience()));
    next_visit_ = std::min(std::max(next_look_, now()), now() + kNap);
    if (!still_wanted()) return {};
    if (change.layout) loop_.deliver_displays();
    if (change.cursor_shape) RESCUE_CHECK(send_cursor_shape());
    if (change.cursor_moved) RESCUE_CHECK(send_cursor_position());
    if (!change.damage.empty()) news_ = now();
    damage_.add(change.damage);
    return {};
  }
  // While a change waits for its turn, more of them need not wake anybody: they are gathered at once when it has come.
  void nap() {
    const auto limit = std::min<base::Duration>(patience(), kNap);
    std::unique_lock lock(loop_.mutex_);
    const bool could = may_send_;
    loop_.changed_.wait_for(lock, limit,
                            [&] { return !current() || loop_.orders_.keyframe || (loop_.orders_.may_send && !could); });
  }

  // ---- what there is to send, and from when on
  [[nodiscard]] bool has_news() const { return keyframe_ || !damage_.empty(); }
  [[nodiscard]] bool has_rest() const { return encoder_.pending(); }
  // Where all changes all the time the newest would keep any picture from becoming whole: then one is ended first.
  [[nodiscard]] bool overdue(SteadyTime at) const { return has_rest() && !keyframe_ && at - whole_ > kLongestInParts; }
  [[nodiscard]] SteadyTime refine_at() const { return std::max(news_ + rate_.plan().rest, again_); }
  [[nodiscard]] base::Duration patience() const {
    if (!may_send_) return kIdle;
    auto due = now() + kIdle;
    if (has_news() && !overdue(now())) due = std::min(due, next_look_);
    if (has_rest())
      due = std::min(due, again_);
    else if (encoder_.inexact() && !has_news())
      due = std::min(due, refine_at());
    due = std::max(due, std::chrono::time_point_cast<SteadyTime::duration>(rate_.not_before()));
    return std::max(std::chrono::ceil<base::Duration>(due - now()), base::Duration::zero());
  }

  base::Result<> send_what_is_due() {
    const auto at = now();
    if (at < rate_.not_before()) return {};
    spent_before_ = processor_time();
    if (has_news() && at >= next_look_ && !overdue(at)) {
      RESCUE_CHECK(look());
      if (!looked_) return {};
      return send(true, false, at);
    }
    if (has_rest() && at >= again_) return send(false, false, at);
    if (!has_news() && !has_rest() && encoder_.inexact() && at >= refine_at()) return send(false, true, at);
    return {};
  }

  base::Result<> look() {
    looked_ = false;
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
    looked_ = grabbed.has_value();
    return grabbed;
  }

  // One packet: of the frame just taken, of the rest of one before, or one that makes exact what is not.
  base::Result<> send(bool fresh, bool refine, SteadyTime begun) {
    all_new_ = (fresh && keyframe_) || (all_new_ && has_rest());
    const auto plan = rate_.plan(all_new_);
    const screen::Damage nothing;
    screen::EncodeRequest request;
    request.damage = fresh ? &damage_ : &nothing;
    request.keyframe = fresh && keyframe_;
    request.work = plan.work;
    request.focus = cursor_;
    request.fidelity = plan.fidelity;
    request.refine = refine;
    request.video_kbit = plan.video_kbit;
    request.time = std::chrono::duration_cast<base::Duration>(begun.time_since_epoch());
    RESCUE_TRY(auto packet, encoder_.encode(frame_, request));
    if (fresh) {
      damage_.clear();
      keyframe_ = false;
    }
    rate_.on_packet(packet ? packet->bytes.size() : 0, plan.work, begun, begun + (processor_time() - spent_before_),
                    has_rest());
    if (fresh) next_look_ = begun + rate_.plan().interval;
    if (!has_rest()) whole_ = now();
    if (!packet) {  // damage without difference
      again_ = now() + kAgain;
      return {};
    }
    {
      std::lock_guard lock(loop_.mutex_);
      if (!current()) return {};
      loop_.orders_.may_send = false;
    }
    loop_.deliver([&loop = loop_, display = orders_.display, packet = std::move(*packet)](AppletSession& s, Now now) {
      // A refused packet leaves a gap in the decoder's state: begin anew.
      if (!s.screen_packet(display, packet.info.keyframe, packet.bytes, now)) loop.keyframe();
      if (s.can_send_screen(now)) loop.may_send(s.screen_link());
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
    cursor_ = state.position;
    loop_.deliver([state, display = orders_.display](AppletSession& s, Now now) {
      s.cursor_position(display, state.position.x, state.position.y, state.visible, now);
    });
    return {};
  }

  CaptureLoop& loop_;
  desktop::Capture& capture_;
  Orders orders_;  // of the beginning
  RateControl rate_;
  screen::Encoder& encoder_;
  screen::Frame frame_;
  screen::Damage damage_;  // since frame_ was taken
  screen::Point cursor_;
  bool keyframe_ = true;
  bool all_new_ = false;  // a keyframe is under way
  bool may_send_ = false;
  bool looked_ = false;
  SteadyTime news_{};        // the last change
  SteadyTime whole_ = now();  // when the last picture had all its parts
  std::chrono::nanoseconds spent_before_{};
  SteadyTime next_look_{};  // not before
  SteadyTime next_visit_{};
  SteadyTime again_{};  // nor refinement or the rest before this
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

void CaptureLoop::prepare() {
  change([](Orders& o) { o.prepare = true; });
}

void CaptureLoop::unprepare() {
  change([](Orders& o) { o.prepare = false; });
}

void CaptureLoop::start(std::uint32_t display, unsigned max_frames_per_s, bool exact) {
  change([&](Orders& o) {
    o.running = true;
    o.display = display;
    o.max_frames_per_s = max_frames_per_s;
    o.exact = exact;
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

void CaptureLoop::may_send(const session::ScreenLink& link) {
  change([&](Orders& o) {
    o.may_send = o.running;
    o.link = link;
  });
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

// The first picture of an encoder takes twice as long as others for the memory that it touches first: a black one is
// thrown away instead.
void CaptureLoop::get_ready(std::unique_ptr<screen::Encoder>& encoder) const {
  encoder = std::make_unique<screen::Encoder>();
  const auto all = displays();
  if (all.empty()) return;
  const auto black = screen::Frame::create({all.front().area.width, all.front().area.height});
  if (black) static_cast<void>(encoder->encode(*black));
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
  std::unique_ptr<screen::Encoder> encoder;
  while (!orders_.quit) {
    if (!orders_.running || orders_.generation == failed_generation) {
      if (orders_.prepare && !encoder) {
        lock.unlock();
        get_ready(encoder);
        lock.lock();
        continue;
      }
      if (!orders_.prepare) encoder.reset();
      changed_.wait(lock);
      continue;
    }
    auto orders = orders_;
    lock.unlock();
    base::Result<> done = base::fail(base::Errc::unsupported, "no desktop");
    if (made) {
      if (!encoder) encoder = std::make_unique<screen::Encoder>();
      done = Run(*this, **made, *encoder, orders)();
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
