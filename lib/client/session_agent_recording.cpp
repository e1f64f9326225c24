// SPDX-License-Identifier: Apache-2.0
// Recording: started on request or by policy; a disk that fails is told at once, and where policy forces the recording
// nothing is viewed or controlled that is not recorded.
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/log.hpp"
#include "client/session_agent.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
constexpr int kNameAttempts = 100;

std::string file_name(const std::string& session, base::WallTime start, int n) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(start).time_since_epoch().count();
  const auto utc = fmt::gmtime(static_cast<std::time_t>(seconds));
  return fmt::format("{}-{:%Y%m%dT%H%M%SZ}{}.rcrec", session, utc, n > 1 ? fmt::format("-{}", n) : "");
}
}  // namespace

base::Result<json::object> SessionAgent::start_recording(const std::filesystem::path& dir) {
  if (recorder_)
    return base::fail(base::Errc::conflict, fmt::format("'{}' is being recorded already", recorder_->path()));
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", dir.string()), error);
  RESCUE_TRY(const auto session, base::Guid::parse(info_.session));
  RecorderOptions options;
  options.clock = &clock_;
  options.on_change = hooks_.wake;
  options.open = hooks_.open_recording;
  options.start.session = session;
  options.start.start = clock_.wall();
  options.start.recipients = info_.record_to;
  auto& head = options.start.head = info_.parties;
  if (!head.contains("technician")) head["technician"] = {{"email", info_.technician}};
  head["codec"] = {{"id", std::string(screen::codec_name(screen::kDefaultCodec))},
                   {"version", screen::kDefaultVersion}};
  head["software"] = info_.software;
  head["organisation"] = info_.organisation;
  for (int n = 1; n <= kNameAttempts && !recorder_; ++n) {
    options.path = (dir / file_name(info_.session, options.start.start, n)).string();
    auto started = Recorder::start(options);
    if (started)
      recorder_ = std::move(*started);
    else if (started.error().code != base::Errc::conflict)
      return base::fail(started.error());
  }
  if (!recorder_)
    return base::fail(base::Errc::conflict, fmt::format("no free name for a recording in '{}'", dir.string()));
  if (auto told = core_.recording(true, now()); !told) {
    const auto path = recorder_->path();
    recorder_.reset();
    std::filesystem::remove(path, error);
    return base::fail(told.error());
  }
  if (auto shape = screen_.cursor_shape()) recorder_->cursor_shape(*std::move(shape));
  if (auto move = screen_.cursor_move()) recorder_->cursor_move(*move);
  tip_told_.reset();
  recorded_ = {};
  record_state();
  record_displays();
  begin_picture();
  log_event("recording.started", {{"name", recorder_->path()}});
  broadcast("recording", {{"state", "started"}, {"path", recorder_->path()}});
  json::object started{{"path", recorder_->path()}};
  if (!info_.record_to.empty()) {
    json::array recipients;
    for (const auto& key : info_.record_to) recipients.emplace_back(base::to_hex(key.id()));
    started["recipients"] = std::move(recipients);
  }
  return started;
}

/// What is in force as the recording begins; what changes later comes as the events of the session's log.
void SessionAgent::record_state() {
  json::array granted;
  for (auto p : wire::all_permissions()) {
    const auto name = wire::name(p);
    if (core_.state(p) == wire::session::ConsentState::granted)
      granted.emplace_back(json::string_view(name.data(), name.size()));
  }
  recorder_->event("recording.started", {{"granted", std::move(granted)},
                                         {"viewing", core_.viewing()},
                                         {"controlling", core_.controlling()},
                                         {"transport", path_.empty() ? json::value(nullptr) : json::value(path_)},
                                         {"applet", peer_software_}});
}

void SessionAgent::begin_picture() {
  if (!core_.viewing() || !screen_.under_way()) return;
  recorded_.begin_in_the_middle();
  if (!screen_.current()) return;  // asked for when the first one is whole: it would begin anew
  if (screen_.complete()) record(recorded_.seen(screen_.canvas()));
  keyframe_asked_ = clock_.steady();
  core_.screen_broken(now());
}

void SessionAgent::record(std::vector<RecordedPacket> packets) {
  for (const auto& p : packets) recorder_->video(p.bytes, p.keyframe);
}

/// Which display is seen, and which there are.
void SessionAgent::record_displays() {
  if (!recorder_ || !core_.viewing()) return;
  json::array all;
  for (const auto& d : core_.displays())
    all.push_back({{"id", d.id},
                   {"name", d.name},
                   {"x", d.x},
                   {"y", d.y},
                   {"width", d.width},
                   {"height", d.height},
                   {"primary", d.primary}});
  recorder_->event("display", {{"id", shown_display_}, {"displays", std::move(all)}});
}

base::Result<json::object> SessionAgent::stop_recording() {
  if (!recorder_) return base::fail(base::Errc::conflict, "nothing is being recorded");
  paused_.reset();  // nothing waits for it any more
  if (info_.recording_forced && !ended_) {
    core_.stop_view(now());
    core_.stop_control(now());
  }
  static_cast<void>(core_.recording(false, now()));
  if (gap_since_) gap_ended();
  const auto path = recorder_->path();
  record(recorded_.overdue(std::nullopt));
  auto finished = recorder_->finish();
  recorder_.reset();
  if (!finished) {
    log_event(
        "recording.gap",
        {{"name", path}, {"from", base::to_rfc3339(clock_.wall())}, {"to", ""}, {"why", finished.error().message()}});
    broadcast("recording", {{"state", "failed"}, {"path", path}, {"message", finished.error().message()}});
    return base::fail(Errc::recording_failed,
                      fmt::format("'{}' was not finished: {}; 'rescue recording repair' makes it whole", path,
                                  finished.error().message()));
  }
  json::object fields{{"path", path},
                      {"size", finished->bytes},
                      {"sha256", finished->sha256_hex},
                      {"duration_us", finished->duration.count()}};
  if (hooks_.make_video) {
    // The log tells of what is delivered: later, or of the recording when no video comes of it.
    auto event = fields;
    event["state"] = "converting";
    broadcast("recording", std::move(event));
    hooks_.make_video(path, [this, path, recording = *finished](base::Result<DeliveredVideo> video) {
      recording_delivered(recording, path, std::move(video));
    });
    return fields;
  }
  log_event("recording.ended", {{"name", path}, {"size", finished->bytes}, {"sha256", finished->sha256_hex}});
  auto event = fields;
  event["state"] = "ended";
  broadcast("recording", std::move(event));
  return fields;
}

void SessionAgent::recording_delivered(const rcrec::Finished& recording, const std::string& path,
                                       base::Result<DeliveredVideo> video) {
  if (!video) {
    log_event("recording.ended", {{"name", path}, {"size", recording.bytes}, {"sha256", recording.sha256_hex}});
    broadcast("recording", {{"state", "ended"},
                            {"path", path},
                            {"size", recording.bytes},
                            {"sha256", recording.sha256_hex},
                            {"duration_us", recording.duration.count()},
                            {"message", fmt::format("no video came of it, so it stays: {}", video.error().message())}});
    return;
  }
  log_event("recording.ended", {{"name", video->path}, {"size", video->bytes}, {"sha256", video->sha256_hex}});
  json::object event{{"state", "ended"},
                     {"path", video->path},
                     {"size", video->bytes},
                     {"sha256", video->sha256_hex},
                     {"duration_us", recording.duration.count()}};
  if (video->recording_kept) event["recording"] = path;
  broadcast("recording", std::move(event));
}

void SessionAgent::watch_recorder() {
  if (!recorder_) return;
  record(recorded_.overdue(clock_.steady()));
  const auto state = recorder_->state();
  if (state.failing && !gap_since_) gap_began(state.why);
  if (!state.failing && gap_since_) gap_ended();
  tell_tip(state);
  // One that comes in parts is not asked for again while its parts come: it would begin anew each time.
  const bool wanted = (state.wants_keyframe && !recorded_.keyframe_under_way()) || recorded_.wants_keyframe();
  if (wanted && core_.viewing() && screen_.current()) {
    const auto at = clock_.steady();
    if (!keyframe_asked_ || at - *keyframe_asked_ > std::chrono::seconds(2)) {
      keyframe_asked_ = at;
      core_.screen_broken(now());
    }
  }
}

void SessionAgent::gap_began(const std::string& why) {
  gap_since_ = clock_.wall();
  gap_why_ = why;
  log_event("recording.gap",
            {{"name", recorder_->path()}, {"from", base::to_rfc3339(*gap_since_)}, {"to", ""}, {"why", why}});
  broadcast("recording",
            {{"state", "failing"}, {"path", recorder_->path()}, {"message", why}, {"forced", info_.recording_forced}});
  if (info_.recording_forced) pause();
}

void SessionAgent::gap_ended() {
  log_event("recording.gap", {{"name", recorder_->path()},
                              {"from", base::to_rfc3339(*gap_since_)},
                              {"to", base::to_rfc3339(clock_.wall())},
                              {"why", gap_why_}});
  broadcast("recording", {{"state", "recovered"}, {"path", recorder_->path()}});
  gap_since_.reset();
  resume();
}

}  // namespace rescue::client
