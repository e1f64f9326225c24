// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_record.hpp"

#include <boost/json/serialize.hpp>
#include <filesystem>

#include "perf/clip_encode.hpp"
#include "rcrec/writer.hpp"

namespace rescue::perf {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr microseconds kChatEvery = seconds(20);
constexpr std::uint64_t kMoveBytes = 14;       // rcrec(5), CURSOR
constexpr std::uint64_t kShapeHeadBytes = 13;  // the same

/// What a session says at its start.
const struct {
  const char* type;
  boost::json::object data;
} kOpening[] = {
    {"session.started", {{"technician", "Ada"}, {"customer", "Ben"}}},
    {"consent.asked", {{"permission", "view"}, {"by", "technician"}}},
    {"consent.granted", {{"permission", "view"}, {"by", "customer"}}},
    {"consent.asked", {{"permission", "control"}, {"by", "technician"}}},
    {"consent.granted", {{"permission", "control"}, {"by", "customer"}}},
    {"control.started", {{"by", "technician"}}},
};
constexpr const char* kChat[] = {"I am looking at the settings now.", "It says that the printer is offline.",
                                 "Please do not unplug it yet.", "Now it prints. Thank you!"};

class Recording {
 public:
  explicit Recording(rcrec::Writer writer) : writer_(std::move(writer)) {}

  [[nodiscard]] base::Result<> open() {
    for (const auto& [type, data] : kOpening) {
      counts_.event_bytes +=
          boost::json::serialize(data).size() + std::strlen(type) + std::strlen(R"({"type":"",})") - 2;
      RESCUE_CHECK(writer_.event(type, data, {}));
    }
    return {};
  }
  [[nodiscard]] base::Result<> cursor(const XcpReader::Record& r) {
    if (r.kind == XcpReader::Kind::cursor_move) {
      counts_.cursor_bytes += kMoveBytes;
      return writer_.cursor_move({r.position.x, r.position.y, r.shape_id, true}, r.t);
    }
    counts_.cursor_bytes += kShapeHeadBytes + 4 * r.shape.argb.size();
    const auto side = [](std::int32_t v) { return static_cast<std::uint16_t>(v); };
    return writer_.cursor_shape({r.shape_id, side(r.shape.size.width), side(r.shape.size.height),
                                 side(r.shape.hotspot.x), side(r.shape.hotspot.y), r.shape.argb},
                                r.t);
  }
  [[nodiscard]] base::Result<> video(const Sent& s) {
    RESCUE_TRY(const auto info, screen::inspect_packet(s.bytes));
    counts_.video_bytes += s.bytes.size();
    RESCUE_CHECK(writer_.video(s.bytes, info.keyframe, s.t));
    return tick(s.t);
  }
  [[nodiscard]] base::Result<> tick(microseconds t) {
    while (next_chat_ <= t) {
      const char* text = kChat[chats_ % std::size(kChat)];
      const char* from = chats_++ % 2 == 0 ? "technician" : "customer";
      counts_.event_bytes += std::strlen(text) + std::strlen(from) + std::strlen(R"({"from":"","text":""})");
      RESCUE_CHECK(writer_.chat(from, text, t));
      next_chat_ += kChatEvery;
    }
    if (writer_.clock_due(t)) RESCUE_CHECK(writer_.clock(base::system_clock().wall(), t));
    return writer_.flush_due(t);
  }
  [[nodiscard]] base::Result<RecordedClip> finish(microseconds t) {
    RESCUE_CHECK(tick(t));
    RESCUE_TRY(const auto done, writer_.finish(t));
    counts_.bytes = done.bytes;
    counts_.seconds = std::chrono::duration<double>(done.duration).count();
    return counts_;
  }

 private:
  rcrec::Writer writer_;
  RecordedClip counts_;
  microseconds next_chat_ = kChatEvery;
  std::size_t chats_ = 0;
};
}  // namespace

double RecordedClip::overhead() const {
  const std::uint64_t payload = video_bytes + cursor_bytes + event_bytes;
  return payload == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(payload) - 1;
}

std::string RecordedClip::json() const {
  return fmt::format(
      R"({{"bytes":{},"video_bytes":{},"cursor_bytes":{},"event_bytes":{},"overhead":{:.4f},"seconds":{:.2f}}})", bytes,
      video_bytes, cursor_bytes, event_bytes, overhead(), seconds);
}

base::Result<RecordedClip> record_clip(const std::string& clip, const std::string& out, const RunSettings& settings) {
  RunResult measured;
  RESCUE_TRY(const auto sent, encode_clip(clip, settings, measured));
  std::error_code ignored;
  std::filesystem::remove(out, ignored);
  RESCUE_TRY(auto sink, rcrec::create_file_sink(out));
  rcrec::RecordingStart start;
  start.session = base::Guid::random(base::system_random());
  start.start = base::system_clock().wall();
  start.head = {{"software", "xcp_to_rcrec"}};
  RESCUE_TRY(auto writer, rcrec::Writer::create(std::move(sink), std::move(start), base::system_random()));
  Recording recording(std::move(writer));
  RESCUE_CHECK(recording.open());
  RESCUE_TRY(auto source, ClipSource::open(clip, settings.until));
  source.on_cursor = [&recording](const XcpReader::Record& r) { return recording.cursor(r); };
  for (const Sent& s : sent) {
    RESCUE_CHECK(source.advance_to(s.t));
    RESCUE_CHECK(recording.video(s));
  }
  RESCUE_CHECK(source.advance_to(microseconds::max()));
  return recording.finish(source.now());
}

}  // namespace rescue::perf
