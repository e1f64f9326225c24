// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_run.hpp"

#include <algorithm>
#include <numeric>

#include "perf/clip_encode.hpp"

namespace rescue::perf {
namespace {

template <typename T>
T percentile(std::vector<T> v, double p) {
  if (v.empty()) return {};
  const auto at = v.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(v.size() - 1) * p);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

double mean(const std::vector<double>& v) {
  return v.empty() ? 0 : std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

double kb(std::size_t bytes) { return static_cast<double>(bytes) / 1024; }

std::string spread_json(const char* name, const std::vector<double>& v) {
  return fmt::format(R"("{0}_mean":{1:.2f},"{0}_p50":{2:.2f},"{0}_p95":{3:.2f},"{0}_p99":{4:.2f},"{0}_max":{5:.2f})",
                     name, mean(v), percentile(v, 0.5), percentile(v, 0.95), percentile(v, 0.99), percentile(v, 1));
}
}  // namespace

std::string RunSettings::name() const {
  std::string out = fidelity == screen::Fidelity::exact    ? "exact"
                    : fidelity == screen::Fidelity::visual ? "visual"
                                                           : "coarse";
  if (refine) out += "+refine";
  if (video_kbit > 0) out += fmt::format("+video{}", video_kbit);
  if (work != screen::EncodeRequest::kWholePicture) out += fmt::format("+work{}", work);
  if (compare) out += "+compare";
  if (fps > 0) out += fmt::format("+{:.0f}fps", fps);
  return out;
}

double RunResult::kb_per_minute() const { return seconds > 0 ? kb(bytes) * 60 / seconds : 0; }

std::string RunResult::json() const {
  return fmt::format(
      R"({{"clip":"{}","mode":"{}","width":{},"height":{},"seconds":{:.2f},"frames":{},"packets":{},"kb_per_min":{:.1f},)"
      R"("first_kb":{:.1f},"refine_kb":{:.1f},"packet_median":{},{},{},{},"encode_cpu_s":{:.2f},"core_percent":{:.2f},)"
      R"("dropped":{},{},"last_exact":{},{}}})",
      clip, mode, size.width, size.height, seconds, frames, call_ms.size(), kb_per_minute(), kb(first_bytes),
      kb(refine_bytes), percentile(sizes, 0.5), spread_json("call_ms", call_ms), spread_json("frame_ms", frame_ms),
      spread_json("decode_ms", decode_ms), encode_total_ms / 1000, core_percent(), dropped,
      spread_json("delay_ms", delay_ms), last_exact, quality.json());
}

std::string RunResult::text() const {
  std::string out = fmt::format(
      "{:<10} {:<22} {}x{} {:.1f} s, {} frames in {} packets, {:.1f} KB/min (first {:.1f} KB, median {} B)\n"
      "  encode ms: call mean {:.2f} p95 {:.2f} p99 {:.2f} max {:.1f}, frame mean {:.2f} p95 {:.2f} p99 {:.2f} max "
      "{:.1f}; "
      "{:.1f} % of a core; decode mean {:.2f} p99 {:.2f}\n",
      clip, mode, size.width, size.height, seconds, frames, call_ms.size(), kb_per_minute(), kb(first_bytes),
      percentile(sizes, 0.5), mean(call_ms), percentile(call_ms, 0.95), percentile(call_ms, 0.99),
      percentile(call_ms, 1), mean(frame_ms), percentile(frame_ms, 0.95), percentile(frame_ms, 0.99),
      percentile(frame_ms, 1), core_percent(), mean(decode_ms), percentile(decode_ms, 0.99));
  if (!delay_ms.empty()) {
    out +=
        fmt::format("  in real time: {} dropped, {} presented, delay ms p50 {:.1f} p95 {:.1f} p99 {:.1f}\n", dropped,
                    delay_ms.size(), percentile(delay_ms, 0.5), percentile(delay_ms, 0.95), percentile(delay_ms, 0.99));
  }
  if (quality.exact_pictures() < quality.pictures()) {
    out += fmt::format(
        "  exact pictures {} of {}, inexact tiles {:.2f} % with PSNR {:.1f} dB and largest error {}, edges off by more "
        "than {}: {:.2f} %, at the end {}; refining took {:.1f} KB\n",
        quality.exact_pictures(), quality.pictures(), quality.inexact_share() * 100, quality.inexact_psnr(),
        quality.max_error(), PictureQuality::kEdge, quality.smudged_edges() * 100, last_exact ? "exact" : "not exact",
        kb(refine_bytes));
  }
  return out;
}

std::string clip_name(const std::string& path) {
  const auto slash = path.find_last_of('/');
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  return name.substr(0, name.find('.'));
}

base::Result<RunResult> run_clip(const std::string& path, const RunSettings& settings) {
  RunResult result;
  result.clip = clip_name(path);
  result.mode = settings.name();
  RESCUE_TRY(const auto sent, encode_clip(path, settings, result));
  RESCUE_CHECK(check_clip(path, settings, sent, result));
  return result;
}

}  // namespace rescue::perf
