// SPDX-License-Identifier: Apache-2.0
// Many recordings to a video each: several at a time, one that fails stops no other, and a summary at the end.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/exit.hpp"
#include "cmd/rescue/convert_run.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kLook = 100ms;  // how often progress is looked at
constexpr std::uint64_t kPerMille = 1000;

cli::Record record_of_failure(const ConvertTask& task, const base::Error& e) {
  const json::object o{{"path", task.output},
                       {"input", task.input},
                       {"error", e.code.name()},
                       {"code", cli::exit_code(e.exit())},
                       {"message", e.message()}};
  return {{task.output, "", "", "", "", "", "", "", "", e.message()}, json::serialize(o), task.output};
}

std::uint64_t bytes_of(const std::string& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

struct Totals {
  std::size_t done = 0;     // whole
  std::size_t partial = 0;  // parts are missing
  std::size_t failed = 0;
  std::size_t skipped = 0;  // was there before
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t duration_us = 0;
};

class Bulk {
 public:
  Bulk(Invocation& in, const fs::path& program, std::vector<ConvertTask> tasks, std::size_t jobs)
      : in_(in),
        program_(program),
        tasks_(std::move(tasks)),
        workers_wanted_(std::min(jobs, tasks_.size())),
        parts_at_a_time_(std::max<std::size_t>(1, jobs / tasks_.size())),
        started_(in.env.clock->steady()),
        per_mille_(tasks_.size()),
        outcomes_(tasks_.size()) {
    for (const auto& t : tasks_) total_bytes_ += sizes_.emplace_back(bytes_of(t.input));
  }

  base::Result<int> run() {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < workers_wanted_; ++i) workers.emplace_back([this] { work(); });
    cli::Progress progress(in_.env, fmt::format("{} recordings", tasks_.size()),
                           progress_options(in_, cli::Progress::Unit::bytes));
    cli::RecordWriter writer(in_.env, in_.format, in_.color, kVideoColumns);
    for (std::size_t i = 0; i < tasks_.size(); ++i) report(wait_for(i, progress), i, writer);
    progress.finish();
    tell_summary(writer);
    writer.finish();
    if (totals_.done + totals_.partial + totals_.skipped == 0) return base::fail(std::move(*first_error_));
    return cli::exit_code(totals_.partial + totals_.failed > 0 ? base::Exit::partial : base::Exit::ok);
  }

 private:
  struct Skipped {};
  using Outcome = std::variant<MediaResult, Skipped, base::Error>;

  void work() {
    for (;;) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= tasks_.size()) return;
      Outcome done =
          stop_ ? Outcome(base::Error{base::Errc::canceled, "convert '" + tasks_[i].input + "'"}) : convert(i);
      // Somebody pressed Ctrl-C: that is meant for all of them.
      const auto* error = std::get_if<base::Error>(&done);
      if (error != nullptr && error->code == base::Errc::canceled) stop_ = true;
      const std::lock_guard lock(mutex_);
      per_mille_[i] = kPerMille;
      outcomes_[i] = std::move(done);
      changed_.notify_all();
    }
  }

  Outcome convert(std::size_t i) {
    const ConvertTask& t = tasks_[i];
    std::error_code error;
    if (in_.parsed.on("skip-existing") && fs::exists(t.output, error)) return Skipped{};
    const auto folder = fs::path(t.output).parent_path();
    fs::create_directories(folder, error);
    if (error)
      return base::Error{base::Errc::io, fmt::format("create folder '{}': {}", folder.string(), error.message())};
    auto done = run_media(in_.env, program_, convert_arguments(in_, {t.input}, t.output, parts_at_a_time_),
                          [this, i](std::uint64_t n, std::uint64_t total) {
                            per_mille_[i] = total == 0 ? 0 : std::min(kPerMille, n * kPerMille / total);
                          });
    if (!done) return std::move(done).error();
    return *std::move(done);
  }

  Outcome wait_for(std::size_t i, cli::Progress& progress) {
    std::unique_lock lock(mutex_);
    while (!outcomes_[i]) {
      changed_.wait_for(lock, kLook);
      show(progress);
    }
    show(progress);
    Outcome out = std::move(*outcomes_[i]);
    outcomes_[i].reset();
    return out;
  }

  /// By the bytes of the recordings, as their lengths are not known before.
  void show(cli::Progress& progress) const {
    std::uint64_t done = 0;
    for (std::size_t i = 0; i < tasks_.size(); ++i) done += sizes_[i] * per_mille_[i] / kPerMille;
    progress.update(done, total_bytes_);
  }

  void report(Outcome outcome, std::size_t i, cli::RecordWriter& writer) {
    if (std::holds_alternative<Skipped>(outcome)) {
      ++totals_.skipped;
      return;
    }
    if (auto* error = std::get_if<base::Error>(&outcome)) {
      ++totals_.failed;
      writer.add(record_of_failure(tasks_[i], *error));
      if (!first_error_) first_error_ = std::move(*error);
      return;
    }
    const auto& result = std::get<MediaResult>(outcome);
    ++(result.code == 0 ? totals_.done : totals_.partial);
    totals_.bytes_in += sizes_[i];
    totals_.bytes_out += number_of(result.said, "bytes");
    totals_.duration_us += number_of(result.said, "duration_us");
    tell_gaps(in_, result.said);
    auto record = record_of_video(result.said);
    record.cells.emplace_back();
    writer.add(record);
  }

  void tell_summary(cli::RecordWriter& writer) {
    const auto took = std::chrono::duration<double>(in_.env.clock->steady() - started_).count();
    const double recorded = static_cast<double>(totals_.duration_us) / 1e6;
    const double speed = took > 0 ? recorded / took : 0;
    if (in_.json()) {
      const json::object summary{{"done", totals_.done},
                                 {"partial", totals_.partial},
                                 {"failed", totals_.failed},
                                 {"skipped", totals_.skipped},
                                 {"bytes_in", totals_.bytes_in},
                                 {"bytes_out", totals_.bytes_out},
                                 {"duration_us", totals_.duration_us},
                                 {"elapsed_s", took},
                                 {"times_real_time", speed}};
      writer.add({std::vector<std::string>(std::size(kVideoColumns)),
                  json::serialize(json::object{{"summary", summary}}), ""});
      return;
    }
    const auto skipped = totals_.skipped > 0 ? fmt::format(", {} there before", totals_.skipped) : "";
    in_.hint(fmt::format("{} done, {} partial, {} failed{}; {} -> {}; {} of recordings in {} ({:.1f} x real time)",
                         totals_.done, totals_.partial, totals_.failed, skipped, cli::human_bytes(totals_.bytes_in),
                         cli::human_bytes(totals_.bytes_out),
                         cli::human_duration(base::Duration(static_cast<std::int64_t>(totals_.duration_us))),
                         cli::human_duration(base::Duration(static_cast<std::int64_t>(took * 1e6))), speed));
  }

  Invocation& in_;
  const fs::path& program_;
  const std::vector<ConvertTask> tasks_;
  const std::size_t workers_wanted_;
  const std::size_t parts_at_a_time_;
  const base::SteadyTime started_;
  std::vector<std::uint64_t> sizes_;
  std::uint64_t total_bytes_ = 0;
  std::vector<std::atomic<std::uint64_t>> per_mille_;  // of each task
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // of outcomes_
  std::condition_variable changed_;
  std::vector<std::optional<Outcome>> outcomes_;
  Totals totals_;
  std::optional<base::Error> first_error_;
};
}  // namespace

base::Result<int> convert_in_bulk(Invocation& in, const fs::path& program, std::vector<ConvertTask> tasks,
                                  std::size_t jobs) {
  return Bulk(in, program, std::move(tasks), jobs).run();
}

}  // namespace rescue::program
