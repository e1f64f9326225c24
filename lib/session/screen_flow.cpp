// SPDX-License-Identifier: Apache-2.0
#include "session/screen_flow.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rescue::session {
namespace {
using base::Duration;
using base::SteadyTime;
using std::chrono::duration_cast;

// What is smaller tells of the machines at both ends, not of the path.
constexpr std::size_t kSampleBytesMin = 1024;
constexpr Duration kSampleTimeMin = std::chrono::microseconds(100);
// The shortest round trip counts for one to two of these.
constexpr Duration kRoundTripPeriod = std::chrono::seconds(5);
// A packet that took so much longer than the shortest round trip waited for the one before it.
constexpr Duration kWaited = std::chrono::milliseconds(25);
// One that was alone on its way was held up by the path itself when it took so much longer.
constexpr Duration kSlowAlone = std::chrono::milliseconds(50);
// Without a packet that waited, the path is taken for twice as wide after each such time: nothing else would show that
// it has become so while little is sent.
constexpr Duration kDoubling = std::chrono::seconds(10);

Duration between(SteadyTime from, SteadyTime to) { return duration_cast<Duration>(to - from); }
double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
}  // namespace

void ScreenFlow::forget() { *this = {}; }

void ScreenFlow::sent(std::uint32_t sequence, std::size_t bytes, SteadyTime now) {
  now_ = now;
  was_empty_ |= flights_.empty();
  flights_.push_back({sequence, bytes, now, !flights_.empty()});
}

void ScreenFlow::acked(std::uint32_t sequence, SteadyTime now) {
  now_ = now;
  if (flights_.empty() || flights_.front().sequence > sequence) return;
  const Flight first = flights_.front();
  Flight last;
  Sample sample;
  while (!flights_.empty() && flights_.front().sequence <= sequence) {
    last = flights_.front();
    flights_.pop_front();
    sample.bytes += last.bytes;
  }
  const auto took = between(last.sent, now);
  learn_round_trip(took, now);
  const auto known = report();
  // What a packet took once its turn had come is the rate of the path, if it had to wait for that. Where none waited
  // the path may do any amount more; that only shows when it did more than was thought.
  const bool waited = took > (first.pressed ? known.round_trip + kWaited : 2 * known.round_trip + kSlowAlone);
  const auto turn = std::max(last_acked_, waited ? first.sent + known.round_trip : first.sent);
  sample.time = std::max(between(turn, now), kSampleTimeMin);
  const bool more = known.bytes_per_s && static_cast<double>(sample.bytes) / seconds(sample.time) > *known.bytes_per_s;
  if (waited || more) learn_rate(sample, now);
  if (!first.pressed) draining_ = false;
  last_acked_ = now;
}

void ScreenFlow::learn_rate(Sample s, SteadyTime now) {
  if (s.bytes < kSampleBytesMin) return;
  samples_[next_sample_++ % kSamples] = s;
  rate_learnt_ = now;
}

void ScreenFlow::learn_round_trip(Duration took, SteadyTime now) {
  if (now - period_ > kRoundTripPeriod) {
    round_trip_before_ = now - period_ > 2 * kRoundTripPeriod ? Duration{} : round_trip_;
    round_trip_ = {};
    period_ = now;
    // A path that never runs empty shows no shortest round trip, only one with what waits.
    draining_ = !std::exchange(was_empty_, false);
  }
  took = std::max(took, Duration(1));
  if (round_trip_ == Duration{} || took < round_trip_) round_trip_ = took;
}

std::optional<double> ScreenFlow::rate() const {
  Sample sum;
  for (const auto& s : samples_) {
    sum.bytes += s.bytes;
    sum.time += s.time;
  }
  if (sum.bytes == 0) return std::nullopt;
  const double doublings = std::floor(seconds(between(rate_learnt_, now_)) / seconds(kDoubling));
  return static_cast<double>(sum.bytes) / seconds(sum.time) * std::exp2(std::min(doublings, 20.0));
}

bool ScreenFlow::room() const {
  if (flights_.empty()) return true;
  if (draining_) return false;
  const auto r = report();
  return r.under_way < r.window && flights_.size() < kScreenPacketsInFlight;
}

ScreenLink ScreenFlow::report() const {
  ScreenLink out;
  out.bytes_per_s = rate();
  out.round_trip = round_trip_;
  if (round_trip_before_ != Duration{} && (out.round_trip == Duration{} || round_trip_before_ < out.round_trip))
    out.round_trip = round_trip_before_;
  for (const auto& f : flights_) out.under_way += f.bytes;
  out.window = kScreenWindowFirst;
  if (out.bytes_per_s) {
    const double bytes = *out.bytes_per_s * seconds(out.round_trip + kScreenQueueTime);
    out.window = static_cast<std::size_t>(
        std::clamp(bytes, static_cast<double>(kScreenWindowMin), static_cast<double>(kScreenWindowMax)));
  }
  return out;
}

}  // namespace rescue::session
