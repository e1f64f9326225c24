// SPDX-License-Identifier: Apache-2.0
// recording convert, import: flags to runs of rescue-media, results to records. One video, or one for each recording of
// folders, several at a time.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "cli/exit.hpp"
#include "cli/progress.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/media_helper.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxGapsTold = 10;
constexpr cli::Column kColumns[] = {{"FILE"},     {"CODEC"},       {"SIZE"},    {"FPS", true}, {"FRAMES", true},
                                    {"DURATION"}, {"BYTES", true}, {"PARTIAL"}, {"SHA256"}};
constexpr cli::Column kBulkColumns[] = {{"FILE"},     {"CODEC"},       {"SIZE"},    {"FPS", true}, {"FRAMES", true},
                                        {"DURATION"}, {"BYTES", true}, {"PARTIAL"}, {"SHA256"},    {"ERROR"}};

cli::Record record_of_video(const json::object& o) {
  const auto us = o.contains("duration_us") && o.at("duration_us").is_int64() ? o.at("duration_us").as_int64() : 0;
  return {{cell_of(o, "path"), cell_of(o, "codec"), fmt::format("{}x{}", cell_of(o, "width"), cell_of(o, "height")),
           cell_of(o, "fps"), cell_of(o, "frames"), fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000),
           cell_of(o, "bytes"), cell_of(o, "partial"), cell_of(o, "sha256")},
          json::serialize(o),
          cell_of(o, "path")};
}

cli::Record record_of_failure(const std::string& input, const std::string& output, const base::Error& e) {
  const json::object o{{"path", output},
                       {"input", input},
                       {"error", e.code.name()},
                       {"code", cli::exit_code(e.exit())},
                       {"message", e.message()}};
  return {{output, "", "", "", "", "", "", "", "", e.message()}, json::serialize(o), output};
}

cli::Progress::Options progress_options(const Invocation& in) {
  return {.quiet = in.parsed.on("quiet"), .verbose = in.parsed.on("verbose"), .unit = cli::Progress::Unit::items};
}

/// The files of --key by whole paths: the helper reads them, so that no key passes through its arguments.
std::vector<std::string> key_files(const Invocation& in) {
  std::vector<std::string> out;
  for (const auto& file : in.parsed.all("key")) out.push_back(in.env.absolute(file).string());
  return out;
}

std::vector<std::string> helper_arguments(const cli::Parsed& parsed, const std::vector<std::string>& inputs,
                                          const std::string& output, const std::vector<std::string>& keys) {
  std::vector<std::string> out{"convert", "-o", output, "--fps", parsed.text("fps"), "--progress", "json"};
  for (const char* name : {"codec", "from", "to", "size"}) {
    if (auto value = parsed.maybe(name)) out.insert(out.end(), {fmt::format("--{}", name), *value});
  }
  for (const auto& file : keys) out.insert(out.end(), {"--key", file});
  if (parsed.on("no-cursor")) out.emplace_back("--no-cursor");
  if (parsed.on("sidecars")) out.emplace_back("--sidecars");
  if (parsed.on("force")) out.emplace_back("--overwrite");
  out.emplace_back("--");
  out.insert(out.end(), inputs.begin(), inputs.end());
  return out;
}

/// What is missing in a video, for people.
void tell_gaps(Invocation& in, const json::object& video) {
  const auto* gaps = video.if_contains("gaps");
  if (gaps == nullptr || !gaps->is_array()) return;
  std::size_t told = 0;
  for (const auto& gap : gaps->as_array()) {
    if (!gap.is_object()) continue;
    if (++told > kMaxGapsTold) {
      in.hint(fmt::format("and {} more places", gaps->as_array().size() - kMaxGapsTold));
      return;
    }
    const auto& g = gap.as_object();
    in.hint(
        fmt::format("missing: '{}' at offset {}: {}", cell_of(g, "path"), cell_of(g, "offset"), cell_of(g, "what")));
  }
}

base::Result<int> convert_one(Invocation& in, const fs::path& program, const std::vector<std::string>& inputs,
                              const std::string& output) {
  cli::Progress progress(in.env, fs::path(output).filename().string(), progress_options(in));
  auto done = run_media(in.env, program, helper_arguments(in.parsed, inputs, output, key_files(in)),
                        [&](std::uint64_t n, std::uint64_t total) { progress.update(n, total); });
  progress.finish();
  if (!done) return base::fail(std::move(done).error());
  tell_gaps(in, done->said);
  cli::write_object(in.env, in.format, in.color, kColumns, record_of_video(done->said));
  return done->code;
}

struct Task {
  std::string input;
  std::string output;
};

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

base::Result<std::vector<Task>> list_tasks(Invocation& in, const fs::path& out) {
  std::vector<Task> tasks;
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

/// Runs tasks in threads and hands out their results in order.
class Bulk {
 public:
  Bulk(Invocation& in, const fs::path& program, std::vector<Task> tasks)
      : in_(in), program_(program), tasks_(std::move(tasks)), results_(tasks_.size()) {}

  base::Result<int> run(std::size_t jobs) {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min(jobs, tasks_.size()); ++i) workers.emplace_back([this] { work(); });
    cli::Progress progress(in_.env, "recordings", progress_options(in_));
    cli::RecordWriter writer(in_.env, in_.format, in_.color, kBulkColumns);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      report(wait_for(i), tasks_[i], writer);
      progress.update(i + 1, tasks_.size());
    }
    writer.finish();
    progress.finish();
    in_.hint(fmt::format("{} converted, of these {} with parts missing; {} failed", converted_, partial_,
                         tasks_.size() - converted_));
    if (converted_ == 0) return base::fail(std::move(*first_error_));
    return cli::exit_code(partial_ > 0 || first_error_ ? base::Exit::partial : base::Exit::ok);
  }

 private:
  using Outcome = base::Result<MediaResult>;

  void work() {
    for (;;) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= tasks_.size()) return;
      Outcome done =
          stop_ ? base::fail(base::Errc::canceled, "convert '" + tasks_[i].input + "'") : run_task(tasks_[i]);
      // Somebody pressed Ctrl-C: that is meant for all of them.
      if (!done && done.error().code == base::Errc::canceled) stop_ = true;
      const std::lock_guard lock(mutex_);
      results_[i] = std::move(done);
      changed_.notify_all();
    }
  }

  Outcome run_task(const Task& t) const {
    std::error_code error;
    const auto folder = fs::path(t.output).parent_path();
    fs::create_directories(folder, error);
    if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", folder.string()), error);
    return run_media(in_.env, program_, helper_arguments(in_.parsed, {t.input}, t.output, key_files(in_)),
                     [](std::uint64_t, std::uint64_t) {});
  }

  Outcome wait_for(std::size_t i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return results_[i].has_value(); });
    Outcome out = std::move(*results_[i]);
    results_[i].reset();
    return out;
  }

  void report(Outcome done, const Task& task, cli::RecordWriter& writer) {
    if (!done) {
      writer.add(record_of_failure(task.input, task.output, done.error()));
      if (!first_error_) first_error_ = std::move(done).error();
      return;
    }
    ++converted_;
    if (done->code != 0) ++partial_;
    tell_gaps(in_, done->said);
    auto record = record_of_video(done->said);
    record.cells.emplace_back();
    writer.add(record);
  }

  Invocation& in_;
  const fs::path& program_;
  const std::vector<Task> tasks_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // of results_
  std::condition_variable changed_;
  std::vector<std::optional<Outcome>> results_;
  std::size_t converted_ = 0;
  std::size_t partial_ = 0;
  std::optional<base::Error> first_error_;
};

base::Result<std::size_t> jobs_of(const cli::Parsed& parsed) {
  // A conversion keeps about two processors busy.
  if (!parsed.given("jobs")) return std::max<std::size_t>(1, std::thread::hardware_concurrency() / 2);
  const auto jobs = parsed.integer("jobs");
  if (jobs < 1 || jobs > 64) return base::fail(base::Errc::invalid_argument, "--jobs needs 1 to 64");
  return static_cast<std::size_t>(jobs);
}
}  // namespace

base::Result<int> recording_convert(Invocation& in) {
  RESCUE_TRY(const auto program, find_media_helper(in.env));
  RESCUE_TRY(const auto jobs, jobs_of(in.parsed));
  const auto out = in.env.absolute(in.parsed.text("out"));
  const auto files = in.parsed.positionals("FILE");
  std::error_code error;
  const auto is_folder = [&](const std::string& f) { return fs::is_directory(in.env.absolute(f), error); };
  if (in.parsed.text("out").ends_with('/') || fs::is_directory(out, error) || std::ranges::any_of(files, is_folder)) {
    RESCUE_TRY(auto tasks, list_tasks(in, out));
    return Bulk(in, program, std::move(tasks)).run(jobs);
  }
  std::vector<std::string> inputs;
  for (const auto& f : files) inputs.push_back(in.env.absolute(f).string());
  return convert_one(in, program, inputs, out.string());
}

base::Result<int> recording_import(Invocation& in) {
  constexpr cli::Column kImportColumns[] = {{"FILE"},     {"SIZE"},        {"FRAMES", true}, {"CHANGED", true},
                                            {"DURATION"}, {"BYTES", true}, {"SHA256"}};
  RESCUE_TRY(const auto program, find_media_helper(in.env));
  const auto out = in.env.absolute(in.parsed.text("out")).string();
  cli::Progress progress(in.env, fs::path(out).filename().string(), progress_options(in));
  auto done = run_media(
      in.env, program,
      {"import", "-o", out, "--progress", "json", "--", in.env.absolute(in.parsed.positional("VIDEO")).string()},
      [&](std::uint64_t n, std::uint64_t total) { progress.update(n, total); });
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
