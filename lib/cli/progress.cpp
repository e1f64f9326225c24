// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <ostream>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "cli/output.hpp"

namespace rescue::cli {
namespace {
using namespace std::chrono_literals;
constexpr base::Duration kRedraw = 100ms;
constexpr base::Duration kPlainLine = 10s;
constexpr base::Duration kRateNeeds = 500ms;  // before that a rate is noise
}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(base::Duration d) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

Progress::Progress(Env& env, std::string label, Options options)
    : env_(env), label_(std::move(label)), options_(options), started_(env.clock->steady()) {}

Progress::~Progress() { finish(); }

std::optional<base::Duration> Progress::eta() const {
  const auto elapsed = std::chrono::duration_cast<base::Duration>(env_.clock->steady() - started_);
  if (total_ == 0 || done_ == 0 || elapsed < kRateNeeds) return std::nullopt;
  if (done_ >= total_) return base::Duration(0);
  const double left = static_cast<double>(total_ - done_) / static_cast<double>(done_);
  return base::Duration(static_cast<std::int64_t>(static_cast<double>(elapsed.count()) * left));
}

std::string Progress::text() const {
  const auto elapsed = std::chrono::duration_cast<base::Duration>(env_.clock->steady() - started_);
  const auto amount = [&](std::uint64_t v) {
    if (options_.unit == Unit::bytes) return human_bytes(v);
    if (options_.unit == Unit::seconds) return human_duration(std::chrono::seconds(v));
    return fmt::format("{}", v);
  };
  std::string out = base::to_display_text(label_) + "  " + amount(done_);
  if (total_ > 0)
    out += fmt::format(" of {} ({}%)", amount(total_), std::min<std::uint64_t>(100, done_ * 100 / total_));
  if (elapsed >= kRateNeeds && options_.unit == Unit::bytes)
    out += fmt::format("  {}/s", human_bytes(done_ * 1'000'000 / static_cast<std::uint64_t>(elapsed.count())));
  if (elapsed >= kRateNeeds && options_.unit == Unit::seconds)
    out += fmt::format("  {:.1f}x", static_cast<double>(done_) * 1e6 / static_cast<double>(elapsed.count()));
  if (finished_)
    out += "  in " + human_duration(elapsed);
  else if (const auto left = eta())
    out += "  " + human_duration(*left) + " left";
  return out;
}

void Progress::draw() {
  if (env_.err_is_tty)
    *env_.err << "\r\x1b[K" << text();
  else
    *env_.err << text() << '\n';
  env_.err->flush();
  shown_ = true;
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  done_ = done;
  total_ = total;
  if (options_.quiet || finished_ || (!env_.err_is_tty && !options_.verbose)) return;
  const auto now = env_.clock->steady();
  const auto since = now - (shown_ ? drawn_ : started_);
  if ((shown_ || !env_.err_is_tty) && since < (env_.err_is_tty ? kRedraw : kPlainLine)) return;
  drawn_ = now;
  draw();
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (!shown_ || options_.quiet) return;
  draw();
  if (env_.err_is_tty) *env_.err << '\n';
  env_.err->flush();
}

}  // namespace rescue::cli
