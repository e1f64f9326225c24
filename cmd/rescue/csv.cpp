// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/csv.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::program {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  base::Result<std::vector<CsvRow>> rows() {
    std::vector<CsvRow> out;
    while (at_ < text_.size()) {
      RESCUE_TRY(auto row, read_row());
      if (row.fields.size() > 1 || !row.fields.front().empty()) out.push_back(std::move(row));
    }
    return out;
  }

 private:
  base::Result<CsvRow> read_row() {
    CsvRow row{line_, {}};
    for (;;) {
      const bool quoted = at_ < text_.size() && text_[at_] == '"';
      if (quoted) {
        RESCUE_TRY(auto field, read_quoted());
        row.fields.push_back(std::move(field));
      } else {
        RESCUE_TRY(auto field, read_plain());
        row.fields.push_back(std::move(field));
      }
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ == text_.size()) return row;
      if (text_[at_] != '\n') return fault("text behind a quoted field");
      ++at_;
      ++line_;
      return row;
    }
  }

  base::Result<std::string> read_plain() {
    const auto begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && !ends_line()) {
      if (text_[at_] == '"') return fault("a quote inside a field that does not begin with one");
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  base::Result<std::string> read_quoted() {
    const auto began = line_;
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        out += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        out += text_[++at_];
      } else {
        ++at_;
        return out;
      }
    }
    line_ = began;
    return fault("a quote that does not end");
  }

  [[nodiscard]] bool ends_line() const {
    return text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
  }
  [[nodiscard]] std::unexpected<base::Error> fault(std::string_view what) const {
    return base::fail(base::Errc::bad_format, fmt::format("line {}: {}", line_, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

std::size_t line_of(std::string_view text, std::size_t at) {
  std::size_t line = 1;
  for (const char c : text.substr(0, at)) line += c == '\n' ? 1 : 0;
  return line;
}

}  // namespace

base::Result<std::vector<CsvRow>> parse_csv(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  if (!base::is_valid_utf8(text)) {
    std::size_t good = 0;
    for (std::size_t at = 0; at < text.size();) {
      good = at;
      static_cast<void>(base::next_code_point(text, at));
      if (!base::is_valid_utf8(text.substr(good, at - good))) break;
    }
    return base::fail(base::Errc::bad_format, fmt::format("line {}: not UTF-8", line_of(text, good)));
  }
  return Reader(text).rows();
}

}  // namespace rescue::program
