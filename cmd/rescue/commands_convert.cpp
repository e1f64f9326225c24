// SPDX-License-Identifier: Apache-2.0
// recording convert, import: flags to runs of rescue-media, results to records. One video, or one for each recording of
// folders, several at a time.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <thread>

#include "cmd/rescue/convert_run.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

base::Result<int> convert_one(Invocation& in, const fs::path& program, const std::vector<std::string>& inputs,
                              const std::string& output, std::size_t jobs) {
  cli::Progress progress(in.env, fs::path(output).filename().string(),
                         progress_options(in, cli::Progress::Unit::seconds));
  auto done = run_media(in.env, program, convert_arguments(in, inputs, output, jobs),
                        [&](std::uint64_t ms, std::uint64_t total) { progress.update(ms / 1000, total / 1000); });
  progress.finish();
  if (!done) return base::fail(std::move(done).error());
  tell_gaps(in, done->said);
  cli::write_object(in.env, in.format, in.color, std::span(kVideoColumns).first(std::size(kVideoColumns) - 1),
                    record_of_video(done->said));
  return done->code;
}

/// Video to our standard output, and nothing else.
base::Result<int> convert_to_stdout(Invocation& in, const fs::path& program, const std::vector<std::string>& inputs,
                                    std::size_t jobs) {
  if (in.env.out_is_tty)
    return base::fail(base::Errc::invalid_argument, "a video on a terminal helps nobody; pipe it to a program");
  client::Descriptor out(in.env.out_fd < 0 ? -1 : ::fcntl(in.env.out_fd, F_DUPFD_CLOEXEC, 3));
  if (!out) return base::fail(base::errno_error("standard output"));
  const auto done = run_media(
      in.env, program, convert_arguments(in, inputs, "-", jobs), [](std::uint64_t, std::uint64_t) {}, std::move(out));
  if (!done) return base::fail(done.error());
  tell_gaps(in, done->said);
  return done->code;
}

/// The suffix of videos whose names nobody gave.
const char* bulk_suffix(const cli::Parsed& parsed) {
  if (parsed.text("codec") == "vp9") return ".webm";
  return parsed.text("fps") == "vfr" ? ".mkv" : ".avi";
}

/// All recordings of a folder, as paths below it, in order.
base::Result<std::vector<fs::path>> recordings_below(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".rcrec" && it->is_regular_file(error))
      out.push_back(it->path().lexically_relative(folder));
  }
  if (error) return base::fail(base::Errc::io, fmt::format("list folder '{}'", folder.string()), error);
  if (out.empty())
    return base::fail(base::Errc::not_found, fmt::format("recordings (*.rcrec) in '{}'", folder.string()));
  std::ranges::sort(out);
  return out;
}

base::Result<std::vector<ConvertTask>> list_tasks(Invocation& in, const fs::path& out) {
  std::vector<ConvertTask> tasks;
  const auto add = [&](const fs::path& input, const fs::path& name) {
    tasks.push_back({input.string(), (out / name).replace_extension(bulk_suffix(in.parsed)).string()});
  };
  for (const auto& text : in.parsed.positionals("FILE")) {
    const auto path = in.env.absolute(text);
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add(path, path.filename());
      continue;
    }
    RESCUE_TRY(const auto names, recordings_below(path));
    for (const auto& name : names) add(path / name, name);
  }
  std::map<std::string, std::string> taken;
  for (const auto& t : tasks) {
    const auto [other, is_new] = taken.emplace(t.output, t.input);
    if (!is_new)
      return base::fail(base::Errc::invalid_argument,
                        fmt::format("'{}' and '{}' would both become '{}'", other->second, t.input, t.output));
  }
  return tasks;
}

/// What --jobs says; 0 without it.
base::Result<std::size_t> jobs_of(const cli::Parsed& parsed) {
  if (!parsed.given("jobs")) return 0;
  const auto jobs = parsed.integer("jobs");
  if (jobs < 1 || jobs > 64) return base::fail(base::Errc::invalid_argument, "--jobs needs 1 to 64");
  return static_cast<std::size_t>(jobs);
}
}  // namespace

base::Result<int> recording_convert(Invocation& in) {
  RESCUE_TRY(const auto program, find_media_helper(in.env));
  RESCUE_TRY(const auto jobs, jobs_of(in.parsed));
  const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  const auto files = in.parsed.positionals("FILE");
  std::vector<std::string> inputs;
  for (const auto& f : files) inputs.push_back(in.env.absolute(f).string());
  if (in.parsed.text("out") == "-") return convert_to_stdout(in, program, inputs, jobs == 0 ? processors : jobs);
  const auto out = in.env.absolute(in.parsed.text("out"));
  std::error_code error;
  const auto is_folder = [&](const std::string& f) { return fs::is_directory(f, error); };
  if (in.parsed.text("out").ends_with('/') || fs::is_directory(out, error) || std::ranges::any_of(inputs, is_folder)) {
    RESCUE_TRY(auto tasks, list_tasks(in, out));
    // A conversion keeps about two processors busy.
    return convert_in_bulk(in, program, std::move(tasks), jobs == 0 ? std::max<std::size_t>(1, processors / 2) : jobs);
  }
  return convert_one(in, program, inputs, out.string(), jobs == 0 ? processors : jobs);
}

base::Result<int> recording_import(Invocation& in) {
  constexpr cli::Column kImportColumns[] = {{"FILE"},     {"SIZE"},        {"FRAMES", true}, {"CHANGED", true},
                                            {"DURATION"}, {"BYTES", true}, {"SHA256"}};
  RESCUE_TRY(const auto program, find_media_helper(in.env));
  const auto out = in.env.absolute(in.parsed.text("out")).string();
  cli::Progress progress(in.env, fs::path(out).filename().string(), progress_options(in, cli::Progress::Unit::seconds));
  auto done = run_media(
      in.env, program,
      {"import", "-o", out, "--progress", "json", "--", in.env.absolute(in.parsed.positional("VIDEO")).string()},
      [&](std::uint64_t ms, std::uint64_t total) { progress.update(ms / 1000, total / 1000); });
  progress.finish();
  if (!done) return base::fail(std::move(done).error());
  const auto& o = done->said;
  if (const auto why = cell_of(o, "damage"); !why.empty()) in.hint("the video is damaged: " + why);
  const auto us = o.contains("duration_us") && o.at("duration_us").is_int64() ? o.at("duration_us").as_int64() : 0;
  cli::write_object(
      in.env, in.format, in.color, kImportColumns,
      {{cell_of(o, "path"), fmt::format("{}x{}", cell_of(o, "width"), cell_of(o, "height")), cell_of(o, "frames"),
        cell_of(o, "changed"), fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000), cell_of(o, "bytes"),
        cell_of(o, "sha256")},
       json::serialize(o),
       cell_of(o, "path")});
  return done->code;
}

}  // namespace rescue::program
