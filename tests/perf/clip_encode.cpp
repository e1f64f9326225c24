// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_encode.hpp"

#include <time.h>

#include <cmath>
#include <thread>

namespace rescue::perf {
namespace {

using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

/// A picture that has not changed for this long is at rest, and worth refining: as the applet does it.
constexpr microseconds kRest = std::chrono::milliseconds(200);
/// While nothing changes but something is left to do, the encoder is called this often.
constexpr microseconds kIdleTick = microseconds(1'000'000 / 15);

double cpu_ms(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

class Presenter {
 public:
  Presenter(ClipSource source, const RunSettings& settings, RunResult& result)
      : source_(std::move(source)), settings_(settings), result_(result) {}

  [[nodiscard]] base::Result<std::vector<Sent>> run() {
    const double process_before = process_cpu_ms();
    const double own_before = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
    RESCUE_CHECK(settings_.fps > 0 ? in_real_time() : at_own_times());
    // What other threads of the encoder spent between the calls counts too.
    const double others =
        process_cpu_ms() - process_before - (cpu_ms(CLOCK_THREAD_CPUTIME_ID) - own_before) - others_in_calls_;
    result_.encode_total_ms += std::max(0.0, others);
    result_.seconds = std::chrono::duration<double>(source_.now()).count();
    result_.size = source_.frame().size();
    return std::move(sent_);
  }

 private:
  [[nodiscard]] base::Result<> at_own_times();
  [[nodiscard]] base::Result<> in_real_time();
  [[nodiscard]] base::Result<> picture(microseconds t, const std::function<bool()>& in_time);
  [[nodiscard]] base::Result<> idle(microseconds t);
  void note_delay();
  /// One call. True when it gave a packet.
  [[nodiscard]] base::Result<bool> call(const screen::Damage* damage, microseconds t, bool rest);
  [[nodiscard]] bool busy_at_rest() const {
    return encoder_.pending() || ((settings_.refine || settings_.video_kbit > 0) && encoder_.inexact());
  }

  ClipSource source_;
  const RunSettings& settings_;
  RunResult& result_;
  screen::Encoder encoder_;
  std::vector<Sent> sent_;
  microseconds changed_at_{};
  std::optional<Steady::time_point> due_;  // of the picture that is not complete yet, in real time
  double others_in_calls_ = 0;
};

base::Result<bool> Presenter::call(const screen::Damage* damage, microseconds t, bool rest) {
  const screen::EncodeRequest request{.damage = damage,
                                      .work = settings_.work,
                                      .focus = source_.cursor(),
                                      .fidelity = settings_.fidelity,
                                      .refine = settings_.refine && rest && t - changed_at_ >= kRest,
                                      .video_kbit = settings_.video_kbit,
                                      .time = t};
  const double own_before = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
  const double before = process_cpu_ms();
  RESCUE_TRY(auto packet, encoder_.encode(source_.frame(), request));
  const double spent = process_cpu_ms() - before;
  others_in_calls_ += spent - (cpu_ms(CLOCK_THREAD_CPUTIME_ID) - own_before);
  result_.encode_total_ms += spent;
  if (!rest) result_.frame_ms.back() += spent;
  if (!packet) return false;
  result_.call_ms.push_back(spent);
  result_.bytes += packet->bytes.size();
  if (rest) result_.refine_bytes += packet->bytes.size();
  if (!rest) result_.sizes.push_back(packet->bytes.size());
  if (!rest && result_.frame_ms.size() == 1) result_.first_bytes += packet->bytes.size();
  sent_.push_back({source_.pictures(), t, rest, std::move(packet->bytes)});
  return true;
}

base::Result<> Presenter::picture(microseconds t, const std::function<bool()>& in_time) {
  const screen::Damage damage = source_.take_damage();
  const screen::Damage nothing;
  const screen::Damage* what = settings_.compare ? nullptr : &damage;
  changed_at_ = t;
  bool any = false;
  result_.frame_ms.push_back(0);
  do {
    RESCUE_TRY(const bool packet, call(what, t, false));
    what = &nothing;
    any = any || packet;
    if (!packet) break;
  } while (encoder_.pending() && in_time());
  if (any)
    ++result_.frames;
  else
    result_.frame_ms.pop_back();
  note_delay();
  return {};
}

base::Result<> Presenter::idle(microseconds t) {
  const screen::Damage nothing;
  const bool rest = !encoder_.pending();  // else parts of the last picture are still to come
  RESCUE_CHECK(call(&nothing, t, rest));
  if (!rest) note_delay();
  return {};
}

void Presenter::note_delay() {
  if (!due_ || encoder_.pending()) return;
  result_.delay_ms.push_back(std::chrono::duration<double, std::milli>(Steady::now() - *due_).count());
  due_.reset();
}

base::Result<> Presenter::at_own_times() {
  for (;;) {
    RESCUE_TRY(const bool more, source_.next_picture());
    if (!more) return {};
    const microseconds t = source_.now();
    RESCUE_CHECK(picture(t, [] { return true; }));
    RESCUE_TRY(const microseconds next, source_.upcoming());
    for (microseconds idle_at = t + kIdleTick; idle_at < next && busy_at_rest(); idle_at += kIdleTick)
      RESCUE_CHECK(idle(idle_at));
  }
}

base::Result<> Presenter::in_real_time() {
  const auto began = Steady::now();
  const auto offset = [this](std::int64_t tick) {
    return std::chrono::nanoseconds(std::llround(1e9 / settings_.fps * static_cast<double>(tick)));
  };
  Steady::duration reading{};  // the capture's own unpacking is nobody's delay: the clock stands meanwhile
  std::size_t shown = 0;
  bool waiting = false;  // a picture was dropped, and nothing has been shown since
  for (std::int64_t tick = 0;; ++tick) {
    const auto t = std::chrono::duration_cast<microseconds>(offset(tick));
    const auto before = Steady::now();
    RESCUE_TRY(const bool more, source_.advance_to(t));
    const auto read = Steady::now();
    if (read > began + reading + offset(tick)) reading += read - std::max(before, began + reading + offset(tick));
    const auto due = began + reading + offset(tick);
    const auto next_due = began + reading + offset(tick + 1);
    const bool changed = std::exchange(shown, source_.pictures()) != source_.pictures();
    if (changed && more && read >= next_due) {  // the next one is there already
      ++result_.dropped;
      waiting = true;
      continue;
    }
    std::this_thread::sleep_until(due);
    if (changed || std::exchange(waiting, false)) {
      due_ = due;
      RESCUE_CHECK(picture(t, [next_due] { return Steady::now() < next_due; }));
    } else if (busy_at_rest() && read < next_due) {
      RESCUE_CHECK(idle(t));
    }
    if (!more) return {};
  }
}
}  // namespace

double process_cpu_ms() { return cpu_ms(CLOCK_PROCESS_CPUTIME_ID); }

base::Result<std::vector<Sent>> encode_clip(const std::string& path, const RunSettings& settings, RunResult& result) {
  RESCUE_TRY(auto source, ClipSource::open(path, settings.until));
  return Presenter(std::move(source), settings, result).run();
}

}  // namespace rescue::perf
