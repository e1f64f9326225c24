// SPDX-License-Identifier: Apache-2.0
#include "media/convert.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.hpp"
#include "media/impl/muxer.hpp"
#include "media/impl/part_file.hpp"
#include "media/impl/parts.hpp"
#include "media/impl/sidecars.hpp"

namespace rescue::media {
namespace {
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

/// Ticks to cover a duration, at least one: a recording of a single picture is a video of a single frame.
std::int64_t ticks(rcrec::Time duration, int fps) {
  return std::max<std::int64_t>(1, (duration.count() * fps + 999'999) / 1'000'000);
}
rcrec::Time tick_time(std::int64_t tick, int fps) { return rcrec::Time(tick * 1'000'000 / fps); }

/// Parts at a time, so that what encoders and decoders hold of pictures this large stays within the memory of
/// rescue-media.
int jobs_for(const ConvertOptions& options, screen::Size size) {
  constexpr std::int64_t kBytesPerPixel = 100;
  constexpr std::int64_t kBytesOfOne = std::int64_t{128} << 20;
  constexpr std::int64_t kBytes = std::int64_t{2} << 30;
  const auto most = static_cast<int>(kBytes / (kBytesOfOne + kBytesPerPixel * size.pixels()));
  return std::clamp(options.jobs, 1, std::max(1, most));
}

class Conversion {
 public:
  Conversion(const std::string& out, const ConvertOptions& options) : out_(out), options_(options) {}

  base::Result<Summary> run(const std::vector<std::string>& inputs) {
    RESCUE_CHECK(check_options(inputs));
    RESCUE_CHECK(scan_all(inputs));
    plan_.format = {options_.container, summary_.codec, summary_.size, fps_, options_.variable, total_};
    summary_.duration = tick_time(total_, fps_);
    summary_.path = out_;
    if (is_piped()) {
      RESCUE_CHECK(write_to(out_));
      return std::move(summary_);
    }
    PartFile part(out_);
    if (options_.sidecars || options_.subtitles == Subtitles::beside) {
      RESCUE_TRY(auto sidecars, Sidecars::create(out_, options_.sidecars));
      sidecars_.emplace(std::move(sidecars));
    }
    RESCUE_CHECK(write_to(part.path()));
    RESCUE_CHECK(check_output(part.path()));
    RESCUE_CHECK(part.rename_to(out_, options_.overwrite));
    if (sidecars_) {
      RESCUE_TRY(summary_.sidecar_paths, sidecars_->commit());
    }
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool is_piped() const { return out_ == kStandardOutput; }

  base::Result<> check_options(const std::vector<std::string>& inputs) {
    const auto refuse = [](std::string why) { return base::fail(base::Errc::invalid_argument, std::move(why)); };
    if (inputs.empty()) return refuse("no recording to convert");
    if (fps_ < kMinFps || fps_ > kMaxFps)
      return refuse(fmt::format("{} frames per second; {} to {} are possible", fps_, kMinFps, kMaxFps));
    if (options_.jobs < kMinJobs || options_.jobs > kMaxJobs)
      return refuse(fmt::format("{} parts at a time; {} to {} are possible", options_.jobs, kMinJobs, kMaxJobs));
    if (options_.container == Container::avi && options_.variable)
      return refuse("an AVI file has one frame rate; use .mkv or .mp4");
    if (options_.container == Container::avi && options_.subtitles == Subtitles::inside)
      return refuse("an AVI file holds no subtitles; put them beside it, or use .mkv or .mp4");
    if (options_.from.count() < 0 || (options_.to && *options_.to <= options_.from))
      return refuse("the part to convert ends before it begins");
    if (is_piped() && (options_.sidecars || options_.subtitles == Subtitles::beside))
      return refuse("nothing can lie beside standard output");
    if (is_piped() && options_.container != Container::mkv) return refuse("to standard output goes Matroska");
    summary_.codec = options_.codec.value_or(default_codec(options_.container));
    summary_.fps = options_.variable ? 0 : fps_;
    if (!fits(summary_.codec, options_.container))
      return refuse(fmt::format("codec {} does not go into this kind of file", codec_name(summary_.codec)));
    if (!is_piped() && !options_.overwrite && ::access(out_.c_str(), F_OK) == 0)
      return base::fail(base::Errc::conflict, "'" + out_ + "' exists");
    return {};
  }

  base::Result<> scan_all(const std::vector<std::string>& inputs) {
    rcrec::Time duration{};
    screen::Size largest;
    for (const std::string& path : inputs) {
      RESCUE_TRY(Scan s, scan(path, options_.keys, options_.canceled));
      largest.width = std::max(largest.width, s.largest.width);
      largest.height = std::max(largest.height, s.largest.height);
      summary_.unfinished = summary_.unfinished || !s.finished;
      if (!plan_.is_part()) {
        for (const auto& place : s.damage) add_gap({path, place});
      }
      plan_.starts.push_back(duration);
      duration += s.duration;
      plan_.scans.push_back(std::move(s));
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
    plan_.native = even(largest);
    if (!plan_.native.valid())
      return base::fail(base::Errc::too_large, "pictures of these recordings have no common size");
    summary_.size = even(options_.size.value_or(plan_.native));
    if (summary_.size.valid()) return {};
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("no video of {}x{} pixels", summary_.size.width, summary_.size.height));
  }

  base::Result<> write_to(const std::string& path) {
    RESCUE_TRY(auto muxer, Muxer::create(path, plan_.format, options_.subtitles == Subtitles::inside));
    Parts parts(plan_, jobs_for(options_, plan_.native));
    for (std::size_t n = 0; n < parts.count(); ++n) {
      for (;;) {
        if (options_.canceled && options_.canceled())
          return base::fail(base::Errc::canceled, "convert to '" + out_ + "'");
        RESCUE_TRY(auto popped, parts.pop(n, kProgressEvery));
        report(parts.ticks_done());
        if (std::holds_alternative<SegmentQueue::Closed>(popped)) break;
        if (auto* produced = std::get_if<Produced>(&popped)) RESCUE_CHECK(take(muxer, *produced));
      }
      parts.next();
    }
    RESCUE_CHECK(muxer.finish());
    summary_.frames = muxer.pictures();
    return {};
  }

  base::Result<> take(Muxer& muxer, Produced& produced) {
    if (auto* packet = std::get_if<Owned<AVPacket>>(&produced)) return muxer.write(**packet);
    if (auto* gap = std::get_if<Gap>(&produced)) {
      add_gap(std::move(*gap));
      return {};
    }
    const auto& happening = std::get<Happening>(produced);
    if (sidecars_) sidecars_->add(happening.item, happening.at, happening.wall);
    if (options_.subtitles != Subtitles::inside) return {};
    const auto line = note_of(happening.item);
    return line ? muxer.cue(happening.at, line->text) : base::Result<>();
  }

  void add_gap(Gap gap) {
    if (summary_.gaps.size() < rcrec::kMaxReportedDamage) summary_.gaps.push_back(std::move(gap));
  }

  void report(std::int64_t done) {
    if (!options_.on_progress || done == reported_) return;
    const auto now = base::system_clock().steady();
    if (now < next_report_ && done < total_) return;
    next_report_ = now + kProgressEvery;
    reported_ = done;
    options_.on_progress({done, total_, fps_});
  }

  base::Result<> check_output(const std::string& path) {
    RESCUE_TRY(const VideoFacts facts, read_back(path, plan_.format, options_.subtitles == Subtitles::inside));
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
  Plan plan_{options_, {}, {}, {}, {}};
  std::int64_t total_ = 0;
  std::optional<Sidecars> sidecars_;
  base::SteadyTime next_report_{};
  std::int64_t reported_ = -1;
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
