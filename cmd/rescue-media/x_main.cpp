// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue-media/x_main.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <ostream>

#include "base/clock.hpp"
#include "cmd/rescue-media/sandbox.hpp"
#include "media/convert.hpp"
#include "media/import.hpp"
#include "media/overlay.hpp"

namespace rescue::media_program {
namespace {

struct ConvertFlags {
  std::vector<std::string> inputs;
  std::string output;
  std::string codec;
  std::string fps = fmt::format("{}", media::kDefaultFps);
  std::string from;
  std::string to;
  std::string size;
  std::vector<std::string> overlay;
  std::vector<std::filesystem::path> keys;
  std::string subtitles = "none";
  std::string progress;
  int progress_fd = 2;
  media::ConvertOptions options;
  bool no_cursor = false;
};

int show_error(Env& env, const base::Error& e) {
  env.err << boost::json::serialize(boost::json::object{{"error", e.code.name()},
                                                        {"code", static_cast<int>(e.exit())},
                                                        {"message", e.message()},
                                                        {"retryable", e.retryable()}})
          << std::endl;
  return static_cast<int>(e.exit());
}

struct ImportFlags {
  std::string input;
  std::string output;
  std::string progress;
  int progress_fd = 2;
};

void add_progress(CLI::App& command, std::string& progress, int& fd) {
  command.add_option("--progress", progress, "json: a line of progress ten times a second")
      ->check(CLI::IsMember({"json"}));
  command.add_option("--progress-fd", fd, "descriptor for progress")->check(CLI::Range(1, 1023))->capture_default_str();
}

void add_convert(CLI::App& app, ConvertFlags& f) {
  CLI::App* convert = app.add_subcommand("convert", "Converts recordings to a video file; several follow one another");
  convert->add_option("input", f.inputs, "recordings (*.rcrec)")->required();
  convert->add_option("-o,--output", f.output, "video file: .avi, .mkv, .mp4 or .webm; - is Matroska to stdout")
      ->required();
  convert->add_option("--fps", f.fps, "frames per second, or vfr: one where something changes (not AVI)")
      ->capture_default_str();
  convert->add_option("--codec", f.codec, "h264, mpeg4, zmbv or ffv1 (exact), mjpeg, vp9")
      ->check(CLI::IsMember({"h264", "mpeg4", "zmbv", "vp9", "ffv1", "mjpeg"}));
  convert->add_option("--from", f.from, "begin at this time: 90s, 15m");
  convert->add_option("--to", f.to, "end at this time");
  convert->add_option("--size", f.size, "WIDTHxHEIGHT of the video; without it that of the recording");
  convert->add_option("--overlay", f.overlay, "draw into the picture: chat, events, clock (one or several)")
      ->delimiter(',')
      ->check(CLI::IsMember({"chat", "events", "clock"}));
  convert->add_option("--subtitles", f.subtitles, "chat and events: beside (OUT.srt), inside (not AVI) or none")
      ->check(CLI::IsMember({"none", "beside", "inside"}))
      ->capture_default_str();
  convert->add_option("--jobs", f.options.jobs, "parts of the recording to convert at a time; the output is the same")
      ->check(CLI::Range(media::kMinJobs, media::kMaxJobs))
      ->capture_default_str();
  convert->add_option("--key", f.keys, "private key (PEM) that opens encrypted recordings (one or several)");
  convert->add_flag("--no-cursor", f.no_cursor, "leave the mouse cursor out");
  convert->add_flag("--sidecars", f.options.sidecars, "also write OUT.srt and OUT.events.jsonl (chat, events)");
  convert->add_flag("--overwrite", f.options.overwrite, "replace an existing output");
  add_progress(*convert, f.progress, f.progress_fd);
}

CLI::App* add_import(CLI::App& app, ImportFlags& f) {
  CLI::App* import = app.add_subcommand("import", "Makes a recording from any video");
  import->add_option("video", f.input, "a video that FFmpeg reads")->required();
  import->add_option("-o,--output", f.output, "the recording (*.rcrec)")->required();
  add_progress(*import, f.progress, f.progress_fd);
  return import;
}

/// Progress lines; a reader that went away is not our failure.
class ProgressPrinter {
 public:
  ProgressPrinter(Env& env, int fd) : env_(env), fd_(fd), start_(base::system_clock().steady()) {}
  void operator()(const media::Progress& p) const {
    const double fraction = static_cast<double>(p.frames_done) / static_cast<double>(p.frames_total);
    const double elapsed = std::chrono::duration<double>(base::system_clock().steady() - start_).count();
    const std::string line =
        boost::json::serialize(boost::json::object{{"event", "progress"},
                                                   {"frames", p.frames_done},
                                                   {"total", p.frames_total},
                                                   {"fps", p.fps},
                                                   {"fraction", fraction},
                                                   {"eta_s", elapsed / fraction * (1 - fraction)}}) +
        "\n";
    if (fd_ == STDERR_FILENO) {
      env_.err << line << std::flush;
    } else if (::write(fd_, line.data(), line.size()) < 0) {
      return;
    }
  }

 private:
  Env& env_;
  int fd_;
  base::SteadyTime start_;
};

boost::json::object describe(const media::Summary& s, const std::vector<std::string>& confinement) {
  boost::json::array gaps;
  for (const auto& g : s.gaps) {
    gaps.push_back(boost::json::object{{"path", g.path},
                                       {"kind", rcrec::damage_kind_name(g.place.kind)},
                                       {"offset", g.place.offset},
                                       {"length", g.place.length},
                                       {"what", g.place.what}});
  }
  boost::json::array sidecars(s.sidecar_paths.begin(), s.sidecar_paths.end());
  boost::json::array layers(confinement.begin(), confinement.end());
  return {{"path", s.path},
          {"frames", s.frames},
          {"duration_us", s.duration.count()},
          {"fps", s.fps},
          {"width", s.size.width},
          {"height", s.size.height},
          {"codec", media::codec_name(s.codec)},
          {"bytes", s.bytes},
          {"sha256", s.sha256_hex},
          {"partial", s.partial()},
          {"unfinished", s.unfinished},
          {"gaps", std::move(gaps)},
          {"sidecars", std::move(sidecars)},
          {"confined_by", std::move(layers)}};
}

std::optional<int> number(std::string_view text) {
  int v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional<int>(v) : std::nullopt;
}

base::Result<> read_fps(const std::string& text, media::ConvertOptions& options) {
  options.variable = text == "vfr";
  if (options.variable) return {};
  const auto fps = number(text);
  if (!fps || *fps < media::kMinFps || *fps > media::kMaxFps)
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("--fps {}: {} to {} or vfr are possible", text, media::kMinFps, media::kMaxFps));
  options.fps = *fps;
  return {};
}

base::Result<screen::Size> read_size(const std::string& text) {
  const auto x = text.find('x');
  const auto width = number(std::string_view(text).substr(0, x));
  const auto height = x == text.npos ? std::nullopt : number(std::string_view(text).substr(x + 1));
  if (!width || !height || !screen::Size{*width, *height}.valid())
    return base::fail(base::Errc::invalid_argument, "--size " + text + ": WIDTHxHEIGHT, such as 1280x800");
  return screen::Size{*width, *height};
}

base::Result<base::Duration> read_time(std::string_view flag, const std::string& text) {
  const auto t = base::parse_duration(text);
  if (!t) return base::fail(base::Errc::invalid_argument, fmt::format("{}: {}", flag, t.error().context));
  return *t;
}

bool is_piped(const ConvertFlags& f) { return f.output == "-"; }

/// What the flags say beyond their text.
base::Result<> read_flags(ConvertFlags& f) {
  RESCUE_CHECK(read_fps(f.fps, f.options));
  const auto draws = [&](const char* part) { return std::ranges::find(f.overlay, part) != f.overlay.end(); };
  f.options.overlay = {draws("chat"), draws("events"), draws("clock")};
  f.options.subtitles = f.subtitles == "beside"   ? media::Subtitles::beside
                        : f.subtitles == "inside" ? media::Subtitles::inside
                                                  : media::Subtitles::none;
  RESCUE_TRY(f.options.keys, rcrec::KeyRing::load(f.keys));
  if (!f.from.empty()) {
    RESCUE_TRY(f.options.from, read_time("--from", f.from));
  }
  if (!f.to.empty()) {
    RESCUE_TRY(f.options.to, read_time("--to", f.to));
  }
  if (!f.size.empty()) {
    RESCUE_TRY(f.options.size, read_size(f.size));
  }
  return {};
}

/// All that converting reads; fonts are looked for while that is possible.
base::Result<std::vector<std::string>> places_read(const ConvertFlags& f) {
  std::vector<std::string> out = f.inputs;
  if (!f.options.overlay.any()) return out;
  RESCUE_TRY(const auto fonts, media::font_places());
  out.insert(out.end(), fonts.begin(), fonts.end());
  return out;
}

base::Result<int> convert(ConvertFlags& f, Env& env) {
  const auto container = is_piped(f) ? std::optional(media::Container::mkv) : media::container_from_path(f.output);
  if (!container)
    return base::fail(base::Errc::invalid_argument,
                      "output '" + f.output + "' does not end in .avi, .mkv, .mp4 or .webm");
  RESCUE_CHECK(read_flags(f));
  f.options.container = *container;
  f.options.codec = f.codec.empty() ? std::nullopt : media::codec_from_name(f.codec);
  f.options.draw_cursor = !f.no_cursor;
  f.options.canceled = env.canceled;
  if (f.progress == "json") f.options.on_progress = ProgressPrinter(env, f.progress_fd);
  RESCUE_TRY(const auto read, places_read(f));
  std::vector<std::string> confinement;
  if (env.confine) {
    const auto folder = std::filesystem::path(f.output).parent_path();
    RESCUE_TRY(confinement, confine(read, is_piped(f) ? "" : folder.empty() ? "." : folder.string()));
  }
  RESCUE_TRY(const auto summary, media::convert(f.inputs, f.output, f.options));
  (is_piped(f) ? env.err : env.out) << boost::json::serialize(describe(summary, confinement)) << std::endl;
  return static_cast<int>(summary.partial() ? base::Exit::partial : base::Exit::ok);
}

base::Result<int> import_video(const ImportFlags& f, Env& env) {
  media::ImportOptions options;
  options.canceled = env.canceled;
  if (f.progress == "json") options.on_progress = ProgressPrinter(env, f.progress_fd);
  std::vector<std::string> confinement;
  if (env.confine) {
    const auto folder = std::filesystem::path(f.output).parent_path();
    RESCUE_TRY(confinement, confine({f.input}, folder.empty() ? "." : folder.string()));
  }
  RESCUE_TRY(const auto s, media::import_video(f.input, f.output, options, base::system_random()));
  boost::json::object out{{"path", s.path},
                          {"frames", s.frames},
                          {"changed", s.changed},
                          {"duration_us", s.duration.count()},
                          {"width", s.size.width},
                          {"height", s.size.height},
                          {"codec", s.codec},
                          {"bytes", s.bytes},
                          {"sha256", s.sha256_hex},
                          {"partial", s.damage.has_value()},
                          {"confined_by", boost::json::array(confinement.begin(), confinement.end())}};
  if (s.damage) out["damage"] = *s.damage;
  env.out << boost::json::serialize(out) << std::endl;
  return static_cast<int>(s.damage ? base::Exit::partial : base::Exit::ok);
}
}  // namespace

int x_main(const std::vector<std::string>& args, Env& env) {
  CLI::App app("Converts RCREC recordings to video, and video to recordings", "rescue-media");
  app.require_subcommand(1);
  ConvertFlags flags;
  ImportFlags import_flags;
  add_convert(app, flags);
  const CLI::App* import = add_import(app, import_flags);
  std::vector<std::string> reversed(args.rbegin(),
                                    args.empty() ? args.rend() : args.rend() - 1);  // as CLI11 takes them
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    env.out << app.help();
    return static_cast<int>(base::Exit::ok);
  } catch (const CLI::ParseError& e) {
    return show_error(env, {base::Errc::invalid_argument, e.what()});
  }
  const auto code = import->parsed() ? import_video(import_flags, env) : convert(flags, env);
  return code ? *code : show_error(env, code.error());
}

}  // namespace rescue::media_program
