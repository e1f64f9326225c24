// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/convert_run.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace rescue::program {
namespace {
namespace json = boost::json;
constexpr std::size_t kMaxGapsTold = 10;
}  // namespace

std::uint64_t number_of(const json::object& said, std::string_view key) {
  const auto* v = said.if_contains(key);
  if (v == nullptr) return 0;
  if (v->is_uint64()) return v->as_uint64();
  return v->is_int64() && v->as_int64() > 0 ? static_cast<std::uint64_t>(v->as_int64()) : 0;
}

cli::Record record_of_video(const json::object& o) {
  const auto us = number_of(o, "duration_us");
  return {{cell_of(o, "path"), cell_of(o, "codec"), fmt::format("{}x{}", cell_of(o, "width"), cell_of(o, "height")),
           cell_of(o, "fps"), cell_of(o, "frames"), fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000),
           cell_of(o, "bytes"), cell_of(o, "partial"), cell_of(o, "sha256")},
          json::serialize(o),
          cell_of(o, "path")};
}

void tell_gaps(Invocation& in, const json::object& said) {
  const auto* gaps = said.if_contains("gaps");
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

std::vector<std::string> key_arguments(const Invocation& in) {
  std::vector<std::string> out;
  for (const auto& file : in.parsed.all("key"))
    out.insert(out.end(), {std::string("--key"), in.env.absolute(file).string()});
  return out;
}

std::vector<std::string> convert_arguments(const Invocation& in, const std::vector<std::string>& inputs,
                                           const std::string& output, std::size_t jobs) {
  const auto& parsed = in.parsed;
  std::vector<std::string> out{
      "convert", "-o", output, "--fps", parsed.text("fps"), "--progress", "json", "--jobs", fmt::format("{}", jobs)};
  for (const char* name : {"codec", "from", "to", "size", "overlay", "subtitles"}) {
    if (parsed.given(name)) out.insert(out.end(), {fmt::format("--{}", name), parsed.text(name)});
  }
  const auto keys = key_arguments(in);
  out.insert(out.end(), keys.begin(), keys.end());
  if (parsed.on("no-cursor")) out.emplace_back("--no-cursor");
  if (parsed.on("sidecars")) out.emplace_back("--sidecars");
  if (parsed.on("force")) out.emplace_back("--overwrite");
  out.emplace_back("--");
  out.insert(out.end(), inputs.begin(), inputs.end());
  return out;
}

cli::Progress::Options progress_options(const Invocation& in, cli::Progress::Unit unit) {
  return {.quiet = in.parsed.on("quiet"), .verbose = in.parsed.on("verbose"), .unit = unit};
}

}  // namespace rescue::program
