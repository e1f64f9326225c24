// SPDX-License-Identifier: Apache-2.0
#include "media/convert.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.hpp"
#include "media/impl/part_file.hpp"
#include "media/impl/player.hpp"
#include "media/impl/scaler.hpp"
#include "media/impl/sidecars.hpp"
#include "media/impl/video_writer.hpp"

namespace rescue::media {
namespace {
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

/// Ticks to cover a duration, at least one: a recording of a single picture is a video of a single frame.
std::int64_t ticks(rcrec::Time duration, int fps) {
  return std::max<std::int64_t>(1, (duration.count() * fps + 999'999) / 1'000'000);
}
rcrec::Time tick_time(std::int64_t tick, int fps) { return rcrec::Time(tick * 1'000'000 / fps); }

class Conversion {
 public:
  Conversion(const std::string& out, const ConvertOptions& options) : out_(out), options_(options) {}

  base::Result<Summary> run(const std::vector<std::string>& inputs) {
    RESCUE_CHECK(check_options(inputs));
    RESCUE_CHECK(scan_all(inputs));
    const VideoFormat format{options_.container, summary_.codec, summary_.size, fps_, options_.variable, total_};
    PartFile part(out_);
    RESCUE_TRY(auto writer, VideoWriter::create(part.path(), format));
    if (options_.sidecars) {
      RESCUE_TRY(auto sidecars, Sidecars::create(out_));
      sidecars_.emplace(std::move(sidecars));
    }
    RESCUE_CHECK(play_all(writer));
    RESCUE_CHECK(writer.finish());
    summary_.frames = writer.pictures();
    RESCUE_CHECK(check_output(part.path(), format));
    RESCUE_CHECK(part.rename_to(out_, options_.overwrite));
    if (sidecars_) {
      RESCUE_TRY(summary_.sidecar_paths, sidecars_->commit());
    }
    summary_.path = out_;
    return std::move(summary_);
  }

 private:
  base::Result<> check_options(const std::vector<std::string>& inputs) {
    if (inputs.empty()) return base::fail(base::Errc::invalid_argument, "no recording to convert");
    if (fps_ < kMinFps || fps_ > kMaxFps)
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("{} frames per second; {} to {} are possible", fps_, kMinFps, kMaxFps));
    if (options_.variable && options_.container == Container::avi)
      return base::fail(base::Errc::invalid_argument, "an AVI file has one frame rate; use .mkv or .mp4");
    if (options_.from.count() < 0 || (options_.to && *options_.to <= options_.from))
      return base::fail(base::Errc::invalid_argument, "the part to convert ends before it begins");
    summary_.codec = options_.codec.value_or(default_codec(options_.container));
    summary_.fps = options_.variable ? 0 : fps_;
    if (!fits(summary_.codec, options_.container))
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("codec {} does not go into this kind of file", codec_name(summary_.codec)));
    if (!options_.overwrite && ::access(out_.c_str(), F_OK) == 0)
      return base::fail(base::Errc::conflict, "'" + out_ + "' exists");
    return {};
  }

  base::Result<> scan_all(const std::vector<std::string>& inputs) {
    rcrec::Time duration{};
    screen::Size largest;
    for (const std::string& path : inputs) {
      RESCUE_TRY(Scan s, scan(path, options_.canceled));
      largest.width = std::max(largest.width, s.largest.width);
      largest.height = std::max(largest.height, s.largest.height);
      summary_.unfinished = summary_.unfinished || !s.finished;
      if (!is_part()) {
        for (const auto& place : s.damage) add_gap(path, place);
      }
      starts_.push_back(duration);
      duration += s.duration;
      scans_.push_back(std::move(s));
      if (duration > tick_time(kMaxFrames, fps_))
        return base::fail(base::Errc::too_large, fmt::format("convert '{}': {} s at {} frames per second", path,
                                                             duration.count() / 1'000'000, fps_));
    }
    if (options_.from > rcrec::Time{} && options_.from >= duration)
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("the part to convert begins at {} s; '{}' ends at {} s",
                                    options_.from.count() / 1'000'000, inputs.back(), duration.count() / 1'000'000));
    total_ = ticks(std::min(options_.to.value_or(duration), duration) - options_.from, fps_);
    return choose_size(largest);
  }

  /// 4:2:0 halves both sides; one black row or column makes them even.
  base::Result<> choose_size(screen::Size largest) {
    const auto even = [](screen::Size s) { return screen::Size{s.width + s.width % 2, s.height + s.height % 2}; };
    native_ = even(largest);
    if (!native_.valid()) return base::fail(base::Errc::too_large, "pictures of these recordings have no common size");
    summary_.size = even(options_.size.value_or(native_));
    if (summary_.size.valid()) return {};
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("no video of {}x{} pixels", summary_.size.width, summary_.size.height));
  }

  /// Of a part, only the damage that comes up while it plays is told; of all, what the scan found.
  [[nodiscard]] bool is_part() const { return options_.from > rcrec::Time{} || options_.to; }
  /// The time in the joined recordings that a tick shows.
  [[nodiscard]] rcrec::Time joined_time(std::int64_t tick) const { return options_.from + tick_time(tick, fps_); }

  /// The player of one input, at the place that the video begins with when that is inside.
  base::Result<Player> open_player(std::size_t index) {
    RESCUE_TRY(const auto reader, rcrec::ChunkReader::open(scans_[index].path));
    const base::WallTime wall = reader.header().start;
    const rcrec::Time begin = options_.from - starts_[index];
    RESCUE_TRY(auto player, Player::open(scans_[index].path, options_.draw_cursor,
                                         [this, index, wall, begin](const rcrec::TimelineItem& item) {
                                           if (item.t >= begin) note(index, item, wall + item.t);
                                         }));
    if (begin > rcrec::Time{}) RESCUE_CHECK(player.seek(begin));
    return player;
  }

  void note(std::size_t index, const rcrec::TimelineItem& item, base::WallTime wall) {
    const auto* gap = std::get_if<rcrec::GapItem>(&item.item);
    if (gap != nullptr && is_part()) add_gap(scans_[index].path, gap->place);
    if (sidecars_) sidecars_->add(item, starts_[index] + item.t - options_.from, wall);
  }

  base::Result<> play_all(VideoWriter& writer) {
    RESCUE_TRY(auto picture, screen::Frame::create(native_));
    std::optional<Scaler> scaler;
    if (summary_.size != native_) {
      RESCUE_TRY(scaler, Scaler::create(native_, summary_.size));
    }
    std::size_t index = 0;
    while (index + 1 < starts_.size() && joined_time(0) >= starts_[index + 1]) ++index;
    RESCUE_TRY(auto player, open_player(index));
    for (std::int64_t tick = 0; tick < total_; ++tick) {
      if (options_.canceled && options_.canceled())
        return base::fail(base::Errc::canceled, "convert to '" + out_ + "'");
      const rcrec::Time t = joined_time(tick);
      while (index + 1 < starts_.size() && t >= starts_[index + 1]) {
        RESCUE_CHECK(leave(player, index, rcrec::kMaxTime));
        ++index;
        RESCUE_TRY(player, open_player(index));
      }
      RESCUE_CHECK(player.advance(t - starts_[index]));
      RESCUE_CHECK(show(writer, player.paint(picture), picture, scaler));
      RESCUE_CHECK(writer.hold());
      report(tick + 1);
    }
    return leave(player, index, options_.to ? *options_.to - starts_[index] : rcrec::kMaxTime);
  }

  static base::Result<> show(VideoWriter& writer, const screen::Damage& changed, const screen::Frame& picture,
                             std::optional<Scaler>& scaler) {
    if (changed.empty()) return {};
    if (!scaler) return writer.show(picture, changed);
    RESCUE_TRY(const auto* scaled, scaler->scale(picture));
    return writer.show(*scaled, screen::Damage(screen::whole(scaled->size())));
  }

  /// Items behind the last tick still belong to the chat file and to the account of damage.
  base::Result<> leave(Player& player, std::size_t index, rcrec::Time until) {
    RESCUE_CHECK(player.advance(until));
    if (is_part()) return {};
    for (const auto& place : player.undecodable()) add_gap(scans_[index].path, place);
    return {};
  }

  void add_gap(const std::string& path, const rcrec::DamagedPlace& place) {
    if (summary_.gaps.size() < rcrec::kMaxReportedDamage) summary_.gaps.push_back({path, place});
  }

  void report(std::int64_t done) {
    if (!options_.on_progress) return;
    const auto now = base::system_clock().steady();
    if (now < next_report_ && done < total_) return;
    next_report_ = now + kProgressEvery;
    options_.on_progress({done, total_});
  }

  base::Result<> check_output(const std::string& path, const VideoFormat& format) {
    RESCUE_TRY(const VideoFacts facts, read_back(path, format));
    summary_.duration = tick_time(total_, fps_);
    summary_.bytes = facts.bytes;
    summary_.sha256_hex = facts.sha256_hex;
    const auto one_frame = tick_time(1, fps_) + std::chrono::milliseconds(1);  // Matroska counts milliseconds
    const bool same_duration =
        facts.duration >= summary_.duration - one_frame && facts.duration <= summary_.duration + one_frame;
    if (facts.frames == summary_.frames && (options_.variable || facts.frames == total_) &&
        facts.size == summary_.size && same_duration)
      return {};
    return base::fail(
        base::Errc::verification_failed,
        fmt::format("'{}' reads back as {} frames of {}x{} in {} us instead of {} of {}x{} in {} us", path,
                    facts.frames, facts.size.width, facts.size.height, facts.duration.count(), summary_.frames,
                    summary_.size.width, summary_.size.height, summary_.duration.count()));
  }

  const std::string& out_;
  const ConvertOptions& options_;
  const int fps_ = options_.variable ? kVariableFps : options_.fps;
  Summary summary_;
  screen::Size native_;  // holds every picture of the recordings
  std::vector<Scan> scans_;
  std::vector<rcrec::Time> starts_;  // of each input in the video
  std::int64_t total_ = 0;
  std::optional<Sidecars> sidecars_;
  base::SteadyTime next_report_{};
};
}  // namespace

std::string_view codec_name(VideoCodec c) {
  switch (c) {
    case VideoCodec::h264:
      return "h264";
    case VideoCodec::mpeg4:
      return "mpeg4";
    case VideoCodec::zmbv:
      return "zmbv";
    case VideoCodec::vp9:
      return "vp9";
    case VideoCodec::ffv1:
      return "ffv1";
    case VideoCodec::mjpeg:
      return "mjpeg";
  }
  return "";
}

std::optional<VideoCodec> codec_from_name(std::string_view name) {
  for (const auto c : kCodecs) {
    if (codec_name(c) == name) return c;
  }
  return std::nullopt;
}

std::optional<Container> container_from_path(std::string_view path) {
  const auto dot = path.find_last_of('.');
  std::string suffix(dot == std::string_view::npos ? "" : path.substr(dot + 1));
  std::ranges::transform(suffix, suffix.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (suffix == "avi") return Container::avi;
  if (suffix == "mp4") return Container::mp4;
  if (suffix == "mkv") return Container::mkv;
  if (suffix == "webm") return Container::webm;
  return std::nullopt;
}

VideoCodec default_codec(Container c) { return c == Container::webm ? VideoCodec::vp9 : VideoCodec::h264; }

base::Result<Summary> convert(const std::vector<std::string>& inputs, const std::string& out,
                              const ConvertOptions& options) {
  capture_ffmpeg_log();
  return Conversion(out, options).run(inputs);
}

}  // namespace rescue::media
