// SPDX-License-Identifier: Apache-2.0
// CSV as spreadsheets write it (RFC 4180).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rescue::program {

struct CsvRow {
  std::size_t line = 0;  // on which it begins, from 1
  std::vector<std::string> fields;
};

/// Rows of a text, empty lines left out. Lines end with LF or CRLF, a byte order mark is dropped. Fields in quotes may
/// hold commas, line ends and doubled quotes. bad_format ("line 3: …"): not UTF-8, a quote that does not end, or text
/// beside a quoted field.
[[nodiscard]] base::Result<std::vector<CsvRow>> parse_csv(std::string_view text);

}  // namespace rescue::program
