// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::cli {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::size_t kGap = 2;  // spaces between columns

/// One line whatever is in it, and nothing that moves a terminal: what is piped is often looked at all the same.
std::string tsv_cell(std::string_view s) {
  std::string out;
  for (std::size_t at = 0; at < s.size();) {
    const auto c = base::next_code_point(s, at);
    switch (c) {
      case U'\\':
        out += "\\\\";
        break;
      case U'\t':
        out += "\\t";
        break;
      case U'\n':
        out += "\\n";
        break;
      case U'\r':
        out += "\\r";
        break;
      default:
        if (base::is_control(c))
          out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
        else
          base::append_utf8(out, c);
    }
  }
  return out;
}

/// JSON says the same with a control character as with its escape, and only the latter is safe to look at. Those below
/// U+0020 are escaped by whoever wrote the JSON.
std::string json_for_terminal(const std::string& json) {
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    const auto c = base::next_code_point(json, at);
    if (c >= 0x7f && base::is_control(c))
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    else
      base::append_utf8(out, c);
  }
  return out;
}

bool is_number(std::string_view s) {
  const auto digits = s.substr(s.starts_with('-') || s.starts_with('+') ? 1 : 0);
  return !digits.empty() && digits.find_first_not_of("0123456789.") == digits.npos;
}

/// A spreadsheet runs what begins like this (CWE-1236), and what strangers wrote ends up in it.
bool is_formula(std::string_view s) {
  return s.size() > 1 && std::string_view("=+-@\t\r").find(s.front()) != std::string_view::npos && !is_number(s);
}

/// RFC 4180 section 2. The apostrophe makes a spreadsheet take the rest for text.
std::string csv_cell(std::string_view text, bool on_terminal) {
  const auto s = (is_formula(text) ? "'" : "") + (on_terminal ? base::to_display_text(text, true) : std::string(text));
  if (s.find_first_of("\",\r\n") == s.npos) return s;
  std::string out = "\"";
  for (char c : s) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

bool is_zero_width(char32_t c) {
  return (c >= 0x0300 && c <= 0x036f) || c == 0x200b || c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f) ||
         (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x20d0 && c <= 0x20ff);
}

/// East Asian Wide and Fullwidth of Unicode 15, and emoji, in ranges.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
         (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
         (c >= 0x1f680 && c <= 0x1f6ff) || (c >= 0x1f900 && c <= 0x1f9ff) || (c >= 0x20000 && c <= 0x3fffd);
}

std::size_t point_width(char32_t c) { return is_zero_width(c) ? 0 : is_wide(c) ? 2 : 1; }

/// `s` cut to `width` columns with "…" at the end when something was cut.
std::string cut(const std::string& s, std::size_t width) {
  if (display_width(s) <= width) return s;
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < s.size();) {
    const auto c = base::next_code_point(s, at);
    if (used + point_width(c) + 1 > width) break;
    used += point_width(c);
    base::append_utf8(out, c);
  }
  return out + "…";
}

std::string object_json(std::span<const Column> columns, const Record& record) {
  if (!record.json.empty()) return record.json;
  std::string out = "{";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string key(columns[i].title);
    std::ranges::transform(key, key.begin(),
                           [](unsigned char c) { return c == ' ' ? '_' : static_cast<char>(std::tolower(c)); });
    out += (i > 0 ? "," : "") + base::json_quote(key) + ":" + base::json_quote(record.cells[i]);
  }
  return out + "}";
}

std::string json_text(const Env& env, std::span<const Column> columns, const Record& record) {
  auto json = object_json(columns, record);
  return env.out_is_tty ? json_for_terminal(json) : json;
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < utf8.size();) width += point_width(base::next_code_point(utf8, at));
  return width;
}

std::string short_time(std::string_view rfc3339) {
  const auto dot = rfc3339.find('.');
  return dot == rfc3339.npos || !rfc3339.ends_with('Z') ? std::string(rfc3339)
                                                        : std::string(rfc3339.substr(0, dot)) + "Z";
}

Format output_format(const Parsed& parsed, const Env& env) {
  const auto text = parsed.maybe("output");
  if (!text) return env.out_is_tty ? Format::table : Format::tsv;
  if (*text == "json") return Format::json;
  if (*text == "jsonl") return Format::jsonl;
  if (*text == "csv") return Format::csv;
  if (*text == "name") return Format::name;
  return Format::table;
}

bool use_color(const Parsed& parsed, const Env& env) {
  return env.out_is_tty && !parsed.on("no-color") && !env.var("NO_COLOR") && env.var("TERM").value_or("dumb") != "dumb";
}

RecordWriter::RecordWriter(Env& env, Format format, bool color, std::span<const Column> columns)
    : env_(env), format_(format), color_(color), columns_(columns.begin(), columns.end()) {
  if (format_ == Format::json) *env_.out << "[";
  if (format_ != Format::csv) return;
  std::vector<std::string> titles;
  for (const auto& c : columns_) titles.emplace_back(c.title);
  line(titles);
}

void RecordWriter::add(const Record& record) {
  RESCUE_ASSERT(record.cells.size() == columns_.size());
  switch (format_) {
    case Format::table:
      rows_.push_back(record.cells);
      break;
    case Format::json:
      *env_.out << (count_ > 0 ? ",\n " : "\n ") << json_text(env_, columns_, record);
      break;
    case Format::jsonl:
      *env_.out << json_text(env_, columns_, record) << '\n';
      break;
    case Format::name:
      *env_.out << tsv_cell(record.name) << '\n';
      break;
    case Format::tsv:
    case Format::csv:
      line(record.cells);
      break;
  }
  ++count_;
  if (format_ == Format::jsonl) env_.out->flush();  // a reader may follow line by line
}

void RecordWriter::finish() {
  if (format_ == Format::json) *env_.out << (count_ > 0 ? "\n]\n" : "]\n");
  if (format_ == Format::table) table();
  env_.out->flush();
}

void RecordWriter::line(const std::vector<std::string>& cells) {
  const bool csv = format_ == Format::csv;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) *env_.out << (csv ? ',' : '\t');
    *env_.out << (csv ? csv_cell(cells[i], env_.out_is_tty) : tsv_cell(cells[i]));
  }
  *env_.out << (csv ? "\r\n" : "\n");
}

void RecordWriter::table() {
  std::vector<std::size_t> widths;
  for (const auto& c : columns_) widths.push_back(display_width(c.title));
  for (auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = base::to_display_text(row[i]);
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  std::size_t before_last = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) before_last += widths[i] + kGap;
  const auto columns = static_cast<std::size_t>(std::max(env_.columns, 1));
  // Cut only where there is a width to keep to, and never to less than a readable rest.
  const std::size_t last_max = env_.out_is_tty && columns > before_last + 8 ? columns - before_last : SIZE_MAX;
  const auto print = [&](const std::vector<std::string>& row, bool bold) {
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const auto text = last ? cut(row[i], last_max) : row[i];
      const auto width = std::min(widths[i], last ? last_max : SIZE_MAX);
      const std::string pad(width > display_width(text) ? width - display_width(text) : 0, ' ');
      out += columns_[i].right ? pad + text : text + (last ? "" : pad);
      if (!last) out += std::string(kGap, ' ');
    }
    *env_.out << (bold ? kBold : "") << out << (bold ? kPlain : "") << '\n';
  };
  std::vector<std::string> titles;
  for (const auto& c : columns_) titles.emplace_back(c.title);
  print(titles, color_);
  for (const auto& row : rows_) print(row, false);
}

void write_object(Env& env, Format format, bool color, std::span<const Column> columns, const Record& record) {
  RESCUE_ASSERT(record.cells.size() == columns.size());
  if (format == Format::json || format == Format::jsonl) {
    *env.out << json_text(env, columns, record) << '\n';
  } else if (format == Format::csv || format == Format::name) {
    RecordWriter writer(env, format, color, columns);
    writer.add(record);
    writer.finish();
  } else {
    std::size_t width = 0;
    for (const auto& c : columns) width = std::max(width, display_width(c.title));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (format == Format::tsv) {
        *env.out << columns[i].title << '\t' << tsv_cell(record.cells[i]) << '\n';
        continue;
      }
      const std::string pad(width - display_width(columns[i].title) + kGap, ' ');
      *env.out << (color ? kBold : "") << columns[i].title << ':' << (color ? kPlain : "") << pad
               << base::to_display_text(record.cells[i], true) << '\n';
    }
  }
  env.out->flush();
}

}  // namespace rescue::cli
