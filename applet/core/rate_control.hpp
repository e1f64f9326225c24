// SPDX-License-Identifier: Apache-2.0
// How good, how often and in what portions pictures are made, for what the way to the console carries now and what
// making them costs here. Decides only; no clock, no input or output. ScreenFlow (session/screen_flow.hpp) decides how
// much may be on its way.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "screen/codec.hpp"
#include "session/screen_flow.hpp"

namespace rescue::applet {

/// How the next packet is to be made.
struct PicturePlan {
  screen::Fidelity fidelity = screen::Fidelity::visual;
  std::uint32_t work = 0;     // EncodeRequest::work
  unsigned video_kbit = 0;    // EncodeRequest::video_kbit
  base::Duration interval{};  // from one look at the desktop to the next
  base::Duration rest{};      // without change before inexact parts are made exact
};

/// One packet takes about this much of a processor's time at most: so long is a key press behind it at most.
inline constexpr std::uint32_t kWorkMost = 160'000;
inline constexpr std::uint32_t kWorkLeast = 3'000;
/// While a picture is all new it goes in smaller packets: the other end decodes one while the next is made.
inline constexpr std::uint32_t kWorkAllNew = 40'000;
/// On a thin path one packet fills it for about this long.
inline constexpr base::Duration kPacketTime = std::chrono::milliseconds(50);
inline constexpr std::size_t kPacketBytesLeast = 2048;
/// Below the first photos become coarse, above the second they are visually lossless again; bytes a second.
inline constexpr double kThinPath = 80'000, kWidePath = 120'000;
/// A picture shows what happened at most this long ago, however much each one costs.
inline constexpr base::Duration kLongestInterval = std::chrono::milliseconds(500);
/// Looking and encoding take at most one part in so many of a processor's time in the long run …
inline constexpr int kProcessorShare = 5;
/// … and may be so far ahead of that: a first picture or a page that is all new is not held back.
inline constexpr base::Duration kProcessorBurst = std::chrono::seconds(1);
inline constexpr unsigned kVideoKbitMost = 500, kVideoKbitLeast = 100;

class RateControl {
 public:
  /// `exact`: every pixel exact from the first moment on, whatever it costs.
  RateControl(unsigned max_frames_per_s, bool exact);

  void on_link(const session::ScreenLink& link);
  /// A packet was made with `work`, begun at a time and done after what it took of a processor, the look at the desktop
  /// included; `rest_follows`: it had to leave parts out. 0 bytes: there was nothing to say after all.
  void on_packet(std::size_t bytes, std::uint32_t work, base::SteadyTime begun, base::SteadyTime done,
                 bool rest_follows);
  [[nodiscard]] PicturePlan plan(bool all_new = false) const;
  /// The processor has other things to do until then.
  [[nodiscard]] base::SteadyTime not_before() const { return paid_until_ - kProcessorBurst; }

 private:
  base::Duration shortest_interval_;
  bool exact_;
  bool thin_ = false;
  double bytes_per_s_ = 0;         // 0: not known
  double bytes_per_work_ = 0.3;    // learnt from packets that used all of it
  double picture_bytes_ = 0;       // of late, all parts of one together
  std::size_t part_bytes_ = 0;     // of the picture that is under way in parts
  base::SteadyTime paid_until_{};  // when what was spent is within the share
};

}  // namespace rescue::applet
