// SPDX-License-Identifier: Apache-2.0
// Data on stdout in the format that was asked for. Tables on a terminal and TSV in a pipe come from one call; text from
// people and peers is made safe before it reaches a terminal, in every format: tables, CSV and names show U+FFFD for a
// control character, TSV and JSON its escape.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/env.hpp"
#include "cli/parse.hpp"

namespace rescue::cli {

enum class Format : std::uint8_t { table, tsv, json, jsonl, csv, name };

/// Values of -o/--output.
inline constexpr std::string_view kFormatChoices[] = {"table", "json", "jsonl", "csv", "name"};

/// -o if given (or RESCUE_OUTPUT); else table on a terminal, tsv in a pipe. `table` in a pipe is a table.
[[nodiscard]] Format output_format(const Parsed& parsed, const Env& env);

/// Colour on stdout: a terminal, no --no-color, NO_COLOR unset or empty, TERM not "dumb".
[[nodiscard]] bool use_color(const Parsed& parsed, const Env& env);

struct Column {
  std::string_view title;  // "EMAIL"
  bool right = false;      // numbers align right
};

/// One line of a list, or one object.
struct Record {
  std::vector<std::string> cells;  // one per column
  std::string json;                // the whole object as JSON text, for json and jsonl
  std::string name;                // for -o name: the id alone
};

/// A list. json is one array, jsonl one object a line, csv RFC 4180 with a header (text that a spreadsheet would take
/// for a formula gets a leading apostrophe), tsv without header (backslash, tab, newline and return are escaped as
/// \\ \t \n \r, other control characters as \uXXXX), table with header and aligned columns (buffers all rows; the last
/// column is cut to the terminal's width with "…", nothing else is). finish() must be called; not thread-safe.
class RecordWriter {
 public:
  RecordWriter(Env& env, Format format, bool color, std::span<const Column> columns);
  void add(const Record& record);
  void finish();
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  void line(const std::vector<std::string>& cells);
  void table();
  Env& env_;
  Format format_;
  bool color_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t count_ = 0;
};

/// One object: table is "Title:  value" a line, tsv "title<TAB>value" a line, csv header and line.
void write_object(Env& env, Format format, bool color, std::span<const Column> columns, const Record& record);

/// Columns a string takes on a terminal: wide East Asian and emoji count 2, combining marks 0.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

/// "2026-11-24T05:28:46Z": RFC 3339 UTC cut to seconds, for tables; "" stays "".
[[nodiscard]] std::string short_time(std::string_view rfc3339);

}  // namespace rescue::cli
