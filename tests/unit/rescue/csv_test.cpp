// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/csv.hpp"

#include <gtest/gtest.h>

namespace rescue::program {
namespace {

std::vector<std::vector<std::string>> fields(std::string_view text) {
  std::vector<std::vector<std::string>> out;
  const auto rows = parse_csv(text);
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message());
  if (!rows) return out;
  for (const auto& row : *rows) out.push_back(row.fields);
  return out;
}
using Table = std::vector<std::vector<std::string>>;

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
  EXPECT_EQ(fields("a,b\r\nc,d\r\n"), (Table{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(fields("\xef\xbb\xbf"
                   "a,\n,b"),
            (Table{{"a", ""}, {"", "b"}}));
  EXPECT_EQ(fields("\"a, \"\"b\"\"\",\"c\nd\"\ne,f\n"), (Table{{"a, \"b\"", "c\nd"}, {"e", "f"}}));
  EXPECT_EQ(fields("\"\",x\n"), (Table{{"", "x"}}));
  EXPECT_EQ(fields("a\rb,c\n"), (Table{{"a\rb", "c"}})) << "a lone return is text";
}

TEST(Csv, LeavesEmptyLinesOutAndCountsThem) {
  const auto rows = parse_csv("\n\na\n\n\"b\nc\"\nd\n");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0].line, 3U);
  EXPECT_EQ((*rows)[1].line, 5U);
  EXPECT_EQ((*rows)[2].line, 7U) << "lines inside quotes count";
  EXPECT_TRUE(parse_csv("")->empty());
}

TEST(Csv, NamesTheLineOfAFault) {
  for (const auto& [text, place] : {std::pair{"a\n\"b\nc", "line 2: a quote that does not end"},
                                    {"a\n\"b\"c\n", "line 2: text behind"},
                                    {"a\nb\"c\n", "line 2: a quote inside"},
                                    {"a\nb\nc\xff,d\n", "line 3: not UTF-8"}}) {
    const auto rows = parse_csv(text);
    ASSERT_FALSE(rows) << text;
    EXPECT_EQ(rows.error().code, base::Errc::bad_format);
    EXPECT_TRUE(rows.error().context.starts_with(place)) << rows.error().context;
  }
}

}  // namespace
}  // namespace rescue::program
