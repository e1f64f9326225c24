// SPDX-License-Identifier: Apache-2.0
#include "media/import.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "media/impl/part_file.hpp"
#include "media/impl/video_reader.hpp"
#include "rcrec/writer.hpp"
#include "screen/codec.hpp"

namespace rescue::media {
namespace {
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

class Import {
 public:
  Import(const std::string& out, const ImportOptions& options) : out_(out), options_(options) {}

  base::Result<ImportSummary> run(const std::string& in, base::RandomSource& random) {
    RESCUE_TRY(auto reader, VideoReader::open(in));
    if (::access(out_.c_str(), F_OK) == 0) return base::fail(base::Errc::conflict, "'" + out_ + "' exists");
    PartFile part(out_);
    RESCUE_TRY(auto sink, rcrec::create_file_sink(part.path()));
    RESCUE_TRY(auto writer, rcrec::Writer::create(std::move(sink), start_of(in, reader, random), random));
    RESCUE_CHECK(copy(reader, writer));
    if (summary_.frames == 0)
      return base::fail(base::Errc::bad_format,
                        "no frame of '" + in + "' decodes" + (reader.damage() ? ": " + *reader.damage() : ""));
    RESCUE_TRY(const auto done, writer.finish(reader.end()));
    RESCUE_CHECK(part.rename_to(out_, false));
    summary_.path = out_;
    summary_.duration = done.duration;
    summary_.codec = reader.codec();
    summary_.bytes = done.bytes;
    summary_.sha256_hex = done.sha256_hex;
    summary_.damage = reader.damage();
    return std::move(summary_);
  }

 private:
  static rcrec::RecordingStart start_of(const std::string& in, const VideoReader& reader, base::RandomSource& random) {
    rcrec::RecordingStart start;
    start.session = base::Guid::random(random);
    start.start = reader.created().value_or(base::system_clock().wall());
    start.head = {
        {"codec",
         {{"id", std::string(screen::codec_name(screen::kDefaultCodec))}, {"version", screen::kDefaultVersion}}},
        {"software", "rescue-media"},
        {"imported", {{"file", std::filesystem::path(in).filename().string()}, {"codec", reader.codec()}}}};
    return start;
  }

  base::Result<> copy(VideoReader& reader, rcrec::Writer& writer) {
    screen::Encoder encoder;
    for (;;) {
      if (options_.canceled && options_.canceled()) return base::fail(base::Errc::canceled, "import to '" + out_ + "'");
      RESCUE_TRY(const auto* frame, reader.next());
      if (frame == nullptr) return {};
      if (summary_.frames++ == 0) summary_.size = frame->size();
      const rcrec::Time t = reader.time();
      RESCUE_TRY(const auto packet, encoder.encode(frame->view(), nullptr, writer.checkpoint_due(t)));
      if (packet) {
        ++summary_.changed;
        RESCUE_CHECK(writer.video(packet->bytes, packet->info.keyframe, t));
      }
      RESCUE_CHECK(writer.flush_due(t));
      report(t, reader.expected());
    }
  }

  void report(rcrec::Time done, rcrec::Time total) {
    if (!options_.on_progress) return;
    const auto now = base::system_clock().steady();
    if (now < next_report_) return;
    next_report_ = now + kProgressEvery;
    options_.on_progress({done.count() / 1000, std::max(done, total).count() / 1000, 1000});
  }

  const std::string& out_;
  const ImportOptions& options_;
  ImportSummary summary_;
  base::SteadyTime next_report_{};
};
}  // namespace

base::Result<ImportSummary> import_video(const std::string& in, const std::string& out, const ImportOptions& options,
                                         base::RandomSource& random) {
  capture_ffmpeg_log();
  return Import(out, options).run(in, random);
}

}  // namespace rescue::media
