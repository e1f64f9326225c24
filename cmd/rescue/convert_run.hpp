// SPDX-License-Identifier: Apache-2.0
// One run of rescue-media convert: its arguments from flags, and its result for people and programs.
#pragma once

#include <boost/json/object.hpp>

#include "cli/progress.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/media_helper.hpp"

namespace rescue::program {

/// Titles of record_of_video; the last is that of failures in bulk.
inline constexpr cli::Column kVideoColumns[] = {{"FILE"},         {"CODEC"},    {"SIZE"},        {"FPS", true},
                                                {"FRAMES", true}, {"DURATION"}, {"BYTES", true}, {"PARTIAL"},
                                                {"SHA256"},       {"ERROR"}};
/// With one cell less than kVideoColumns.
[[nodiscard]] cli::Record record_of_video(const boost::json::object& said);
/// Tells what is missing in a video, for people.
void tell_gaps(Invocation& in, const boost::json::object& said);
/// A whole number of a result; 0 when it has none.
[[nodiscard]] std::uint64_t number_of(const boost::json::object& said, std::string_view key);

/// --key as arguments. The helper reads the files, so that no key passes through its arguments.
[[nodiscard]] std::vector<std::string> key_arguments(const Invocation& in);
/// Of `recording convert`. `jobs`: parts of the recordings at a time.
[[nodiscard]] std::vector<std::string> convert_arguments(const Invocation& in, const std::vector<std::string>& inputs,
                                                         const std::string& output, std::size_t jobs);
[[nodiscard]] cli::Progress::Options progress_options(const Invocation& in, cli::Progress::Unit unit);

struct ConvertTask {
  std::string input;
  std::string output;
};
/// Converts each task, `jobs` at a time, and lists what came out in their order, with a summary. Exit code 3 when
/// something is missing; the first error when nothing was converted.
[[nodiscard]] base::Result<int> convert_in_bulk(Invocation& in, const std::filesystem::path& program,
                                                std::vector<ConvertTask> tasks, std::size_t jobs);

}  // namespace rescue::program
