// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <gtest/gtest.h>

#include "cli/exit.hpp"
#include "cli/progress.hpp"
#include "sample_program.hpp"
#include "support/cli_env.hpp"

namespace rescue::cli {
namespace {

using test::TestEnv;
using test::words;
constexpr Column kColumns[] = {{"NAME"}, {"SIZE", true}, {"NOTE"}};
const Record kRows[] = {
    {{"a", "5", "one\ttwo\nthree"}, R"({"name":"a","size":5})", "a"},
    {{"bee", "1234", "say \"hi\", you"}, R"({"name":"bee","size":1234})", "bee"},
};

std::string listed(Format format, bool color = false, bool tty = false, int columns = 80) {
  TestEnv t;
  t.env.out_is_tty = tty;
  t.env.columns = columns;
  RecordWriter writer(t.env, format, color, kColumns);
  for (const auto& r : kRows) writer.add(r);
  writer.finish();
  return t.out();
}

TEST(RecordWriter, WritesEachFormat) {
  EXPECT_EQ(listed(Format::tsv), "a\t5\tone\\ttwo\\nthree\nbee\t1234\tsay \"hi\", you\n");
  EXPECT_EQ(listed(Format::csv), "NAME,SIZE,NOTE\r\na,5,\"one\ttwo\nthree\"\r\nbee,1234,\"say \"\"hi\"\", you\"\r\n");
  EXPECT_EQ(listed(Format::json), "[\n {\"name\":\"a\",\"size\":5},\n {\"name\":\"bee\",\"size\":1234}\n]\n");
  EXPECT_EQ(listed(Format::jsonl), "{\"name\":\"a\",\"size\":5}\n{\"name\":\"bee\",\"size\":1234}\n");
  EXPECT_EQ(listed(Format::name), "a\nbee\n");
  EXPECT_EQ(listed(Format::table),
            "NAME  SIZE  NOTE\na        5  one\uFFFDtwo\uFFFDthree\nbee   1234  say \"hi\", you\n");
}

TEST(RecordWriter, WritesAnEmptyJsonArray) {
  TestEnv t;
  RecordWriter(t.env, Format::json, false, kColumns).finish();
  EXPECT_EQ(t.out(), "[]\n");
}

TEST(RecordWriter, LetsNoEscapeSequenceReachATerminal) {
  TestEnv t;
  t.env.out_is_tty = true;
  RecordWriter writer(t.env, Format::table, false, kColumns);
  writer.add({{"\x1b]0;owned\x07", "1",
               "\xe2\x80\xae"
               "exe.gpj"},
              "{}",
              ""});
  writer.finish();
  EXPECT_EQ(t.out().find('\x1b'), std::string::npos);
  EXPECT_EQ(t.out().find("\xe2\x80\xae"), std::string::npos);
}

/// A stranger's name, e-mail address or chat line, in all that a terminal may be made to do.
constexpr std::string_view kHostile =
    "\x1b]0;owned\x07\x7f\xc2\x9b"
    "2J\xe2\x80\xae"
    "x\\";

std::string hostile(Format format, bool tty, bool object) {
  TestEnv t;
  t.env.out_is_tty = tty;
  const std::string text(kHostile);
  const Record row{{text, "1", text}, "", text};
  if (object) {
    write_object(t.env, format, false, kColumns, row);
  } else {
    RecordWriter writer(t.env, format, false, kColumns);
    writer.add(row);
    writer.finish();
  }
  return t.out();
}

bool is_harmless(std::string_view out) {
  for (const std::string_view bad : {"\x1b", "\x07", "\x7f", "\xc2\x9b", "\xe2\x80\xae"})
    if (out.find(bad) != std::string_view::npos) return false;
  return true;
}

TEST(RecordWriter, NoFormatLetsControlCharactersReachATerminal) {
  for (const auto format : {Format::table, Format::tsv, Format::csv, Format::json, Format::jsonl, Format::name})
    for (const bool object : {false, true})
      EXPECT_TRUE(is_harmless(hostile(format, true, object))) << static_cast<int>(format) << object;
}

TEST(RecordWriter, APipeGetsTheWholeTextAndOnlyCsvAsItIs) {
  EXPECT_NE(hostile(Format::csv, false, false).find(kHostile), std::string::npos);
  for (const auto format : {Format::table, Format::tsv, Format::name})
    EXPECT_TRUE(is_harmless(hostile(format, false, false))) << static_cast<int>(format);
  EXPECT_EQ(hostile(Format::name, false, false), "\\u001b]0;owned\\u0007\\u007f\\u009b2J\\u202ex\\\\\n");
  // What JSON that was made elsewhere holds stays in a pipe and is escaped on a terminal; both mean the same.
  TestEnv t;
  const Record row{{"a", "1", "b"},
                   "{\"note\":\"\xc2\x9b"
                   "\xe2\x80\xae\"}",
                   "a"};
  write_object(t.env, Format::json, false, kColumns, row);
  EXPECT_EQ(t.out(), row.json + "\n");
  t.clear();
  t.env.out_is_tty = true;
  write_object(t.env, Format::json, false, kColumns, row);
  EXPECT_EQ(t.out(), "{\"note\":\"\\u009b\\u202e\"}\n");
}

TEST(RecordWriter, ASpreadsheetTakesNothingInCsvForAFormula) {
  TestEnv t;
  RecordWriter writer(t.env, Format::csv, false, kColumns);
  for (const auto* text :
       {"=cmd|' /C calc'!A0", "+1-2", "-2+3", "@SUM(A1)", "\t=1", "-5", "+4930123", "-0.5", "-", "a=b"})
    writer.add({{text, "-7", "x"}, "", ""});
  writer.finish();
  EXPECT_EQ(t.out(),
            "NAME,SIZE,NOTE\r\n'=cmd|' /C calc'!A0,-7,x\r\n'+1-2,-7,x\r\n'-2+3,-7,x\r\n'@SUM(A1),-7,x\r\n'\t=1,-7,x\r\n"
            "-5,-7,x\r\n+4930123,-7,x\r\n-0.5,-7,x\r\n-,-7,x\r\na=b,-7,x\r\n");
  TestEnv pipe;
  RecordWriter tsv(pipe.env, Format::tsv, false, kColumns);
  tsv.add({{"=1", "-7", "x"}, "", ""});
  tsv.finish();
  EXPECT_EQ(pipe.out(), "=1\t-7\tx\n") << "TSV is for programs";
}

TEST(RecordWriter, CutsOnlyTheLastColumnToTheTerminal) {
  EXPECT_NE(listed(Format::table, false, true, 22).find("bee   1234  say \"hi\",…\n"), std::string::npos)
      << listed(Format::table, false, true, 22);
  EXPECT_EQ(listed(Format::table, true, true, 80).substr(0, 4), "\x1b[1m");
}

TEST(RecordWriter, CountsWideCharactersTwice) {
  EXPECT_EQ(display_width("世界"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("🙂a"), 3U);
}

TEST(WriteObject, IsKeyValueForPeopleAndOneObjectForPrograms) {
  TestEnv t;
  write_object(t.env, Format::table, false, kColumns, kRows[1]);
  EXPECT_EQ(t.out(), "NAME:  bee\nSIZE:  1234\nNOTE:  say \"hi\", you\n");
  t.clear();
  write_object(t.env, Format::json, false, kColumns, kRows[1]);
  EXPECT_EQ(t.out(), "{\"name\":\"bee\",\"size\":1234}\n");
  t.clear();
  write_object(t.env, Format::tsv, false, kColumns, kRows[0]);
  EXPECT_EQ(t.out(), "NAME\ta\nSIZE\t5\nNOTE\tone\\ttwo\\nthree\n");
}

TEST(OutputFormat, IsTableOnATerminalAndTsvInAPipe) {
  TestEnv t;
  const auto format = [&](std::string_view line) {
    const auto args = words(line);
    return output_format(parse(sample::kDemo, args, t.env).value(), t.env);
  };
  EXPECT_EQ(format("item list"), Format::tsv);
  EXPECT_EQ(format("item list -o table"), Format::table);
  t.env.out_is_tty = true;
  EXPECT_EQ(format("item list"), Format::table);
  EXPECT_EQ(format("item list -o name"), Format::name);
}

TEST(UseColor, ObeysNoColorAndPipes) {
  TestEnv t;
  t.env.environment["TERM"] = "xterm";
  const auto color = [&](std::string_view line) {
    const auto args = words(line);
    return use_color(parse(sample::kDemo, args, t.env).value(), t.env);
  };
  EXPECT_FALSE(color("item list"));
  t.env.out_is_tty = true;
  EXPECT_TRUE(color("item list"));
  EXPECT_FALSE(color("item list --no-color"));
  t.env.environment["NO_COLOR"] = "1";
  EXPECT_FALSE(color("item list"));
}

TEST(PrintError, NamesTheErrorForProgramsAndPeople) {
  TestEnv t;
  const base::Error e(base::Errc::not_found, "session '1'");
  EXPECT_EQ(print_error(t.env, "demo", e, true), 6);
  EXPECT_NE(t.err().find("\"code\":6,\"message\":\"session '1': not found\",\"retryable\":false}"), std::string::npos)
      << t.err();
  EXPECT_NE(t.err().find("\"error\":\"NOT_FOUND\""), std::string::npos);
  t.clear();
  EXPECT_EQ(
      print_failure(t.env, "demo",
                    {.error = "X", .code = base::Exit::denied, .message = "no\x1b[2J", .request_id = "r1"}, false),
      5);
  EXPECT_EQ(t.err(), "demo: no\uFFFD[2J [request r1]\n");
}

TEST(Progress, SaysRateAndTimeLeftOnATerminalOnly) {
  TestEnv t;
  t.env.err_is_tty = true;
  {
    Progress p(t.env, "convert", {});
    p.update(0, 10'000'000);
    t.clock.advance(std::chrono::seconds(2));
    p.update(2'000'000, 10'000'000);
    EXPECT_EQ(p.eta(), std::chrono::seconds(8));
    EXPECT_NE(t.err().find("2.0 MB of 10.0 MB (20%)  1.0 MB/s  0:08 left"), std::string::npos) << t.err();
    t.clear();
    p.update(2'000'001, 10'000'000);
    EXPECT_EQ(t.err(), "");  // within the same tenth of a second
  }
  EXPECT_TRUE(t.err().ends_with("in 0:02\n")) << t.err();
  TestEnv pipe;
  {
    Progress p(pipe.env, "convert", {});
    pipe.clock.advance(std::chrono::seconds(60));
    p.update(1, 2);
  }
  EXPECT_EQ(pipe.err(), "");
}

}  // namespace
}  // namespace rescue::cli
