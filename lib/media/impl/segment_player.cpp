// SPDX-License-Identifier: Apache-2.0
#include "media/impl/segment_player.hpp"

#include "media/impl/overlay.hpp"
#include "media/impl/scaler.hpp"

namespace rescue::media {
namespace {
constexpr auto kLeastSegment = std::chrono::seconds(60);

class SegmentPlayer {
 public:
  SegmentPlayer(const Plan& plan, Segment segment, Shared& shared, SegmentQueue& queue)
      : plan_(plan),
        segment_(segment),
        shared_(shared),
        queue_(queue),
        begin_(segment.first == 0 ? plan.options.from : plan.joined_time(segment.first)),
        end_(segment.end == plan.format.ticks ? plan.options.to.value_or(rcrec::kMaxTime)
                                              : plan.joined_time(segment.end)) {}

  base::Result<> run() {
    RESCUE_TRY(auto encoder, PictureEncoder::create(plan_.format, segment_, [this](Owned<AVPacket> packet) {
                 return queue_.push(std::move(packet));
               }));
    RESCUE_TRY(auto picture, screen::Frame::create(plan_.native));
    if (plan_.format.size != plan_.native) {
      RESCUE_TRY(scaler_, Scaler::create(plan_.native, plan_.format.size));
    }
    if (plan_.options.overlay.any()) {
      RESCUE_TRY(auto overlay, Overlay::create(plan_.format.size, plan_.options.overlay));
      overlay_.emplace(std::move(overlay));
    }
    while (has_next() && begin_ >= plan_.starts[index_ + 1]) ++index_;
    RESCUE_TRY(auto player, open_player());
    for (std::int64_t tick = segment_.first; tick < segment_.end; ++tick) {
      if (shared_.stop) return base::fail(base::Errc::canceled, "convert");
      const rcrec::Time t = plan_.joined_time(tick);
      while (has_next() && t >= plan_.starts[index_ + 1]) {
        RESCUE_CHECK(leave(player, rcrec::kMaxTime));
        ++index_;
        RESCUE_TRY(player, open_player());
      }
      RESCUE_CHECK(player.advance(t - plan_.starts[index_]));
      RESCUE_CHECK(show(encoder, player.paint(picture), picture, t));
      RESCUE_CHECK(encoder.hold());
      ++shared_.ticks_done;
    }
    RESCUE_CHECK(encoder.finish());
    return leave(player, end_ == rcrec::kMaxTime ? end_ : end_ - plan_.starts[index_] - rcrec::Time(1));
  }

 private:
  [[nodiscard]] bool has_next() const { return index_ + 1 < plan_.starts.size(); }
  [[nodiscard]] rcrec::Time joined(rcrec::Time t) const { return plan_.starts[index_] + t; }

  /// The player of the input at index_, at the place that the segment begins with when that is inside.
  base::Result<Player> open_player() {
    const Scan& scan = plan_.scans[index_];
    wall_ = scan.start;
    RESCUE_TRY(auto player, Player::open(scan.path, plan_.options.keys, plan_.options.draw_cursor,
                                         [this](const rcrec::TimelineItem& item) { note(item); }));
    // Lines that came shortly before may still stand in the picture.
    const rcrec::Time begin = begin_ - plan_.starts[index_] - (overlay_ ? kCueTime : rcrec::Time{});
    if (begin > rcrec::Time{}) RESCUE_CHECK(player.seek(begin));
    return player;
  }

  void note(const rcrec::TimelineItem& item) {
    const rcrec::Time t = joined(item.t);
    const auto line = overlay_ ? note_of(item) : std::nullopt;
    if (line) overlay_->add(*line, t);
    if (t < begin_ || t >= end_) return;
    const auto* gap = std::get_if<rcrec::GapItem>(&item.item);
    if (gap != nullptr && plan_.is_part()) tell(Gap{plan_.scans[index_].path, gap->place});
    tell(Happening{item, t - plan_.options.from, wall_ + item.t});
  }
  /// One that is not taken any more is not missed: the conversion is over.
  void tell(Produced p) { static_cast<void>(queue_.push(std::move(p))); }

  base::Result<> show(PictureEncoder& encoder, screen::Damage changed, const screen::Frame& picture, rcrec::Time t) {
    const screen::Frame* shown = &picture;
    if (scaler_) {
      if (!changed.empty()) {
        RESCUE_TRY(scaled_, scaler_->scale(picture));
        changed = screen::Damage(screen::whole(scaled_->size()));
      }
      shown = scaled_;
    }
    if (overlay_) {
      RESCUE_TRY(shown, overlay_->draw(*shown, t, wall_ + (t - plan_.starts[index_]), changed));
    }
    return changed.empty() ? base::Result<>() : encoder.show(*shown, changed);
  }

  /// Items behind the last tick still belong to the chat file and to the account of damage.
  base::Result<> leave(Player& player, rcrec::Time until) {
    RESCUE_CHECK(player.advance(until));
    if (plan_.is_part()) return {};
    for (const auto& [t, place] : player.undecodable()) {
      if (joined(t) >= begin_ && joined(t) < end_) RESCUE_CHECK(queue_.push(Gap{plan_.scans[index_].path, place}));
    }
    return {};
  }

  const Plan& plan_;
  const Segment segment_;
  Shared& shared_;
  SegmentQueue& queue_;
  const rcrec::Time begin_, end_;  // in the joined recordings
  std::size_t index_ = 0;          // of the input
  base::WallTime wall_{};          // when it began
  std::optional<Scaler> scaler_;
  const screen::Frame* scaled_ = nullptr;
  std::optional<Overlay> overlay_;
};
}  // namespace

std::vector<Segment> segments_of(const Plan& plan) {
  const std::int64_t step = keyframe_ticks(plan.format);
  const std::int64_t least = std::chrono::seconds(kLeastSegment).count() * plan.format.fps;
  std::vector<Segment> out{{0, plan.format.ticks}};
  const auto cut_after = [&](rcrec::Time joined) {
    const rcrec::Time at = joined + kCueTime - plan.options.from;
    if (at <= rcrec::Time{}) return;
    const std::int64_t tick = (at.count() * plan.format.fps / 1'000'000 / step + 1) * step;
    if (tick - out.back().first < least || plan.format.ticks - tick < least) return;
    out.back().end = tick;
    out.push_back({tick, plan.format.ticks});
  };
  for (std::size_t i = 0; i < plan.scans.size(); ++i) {
    cut_after(plan.starts[i]);
    for (const rcrec::Time t : plan.scans[i].checkpoints) cut_after(plan.starts[i] + t);
  }
  return out;
}

void play_segment(const Plan& plan, Segment segment, Shared& shared, SegmentQueue& queue) {
  queue.close(SegmentPlayer(plan, segment, shared, queue).run());
}

}  // namespace rescue::media
